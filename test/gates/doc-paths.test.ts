/**
 * What pages mention is there: paths, links and their headings, npm scripts, commands and their options, and in
 * docs/architecture.md also functions and types. docs/configuration.md has exactly what the commands declare.
 *
 * It looks at code spans, links, and fences of shell. It does not see what is only meant in words.
 */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { addAgent } from '../../packages/cli/src/commands/agent.ts';
import { addCancel } from '../../packages/cli/src/commands/cancel.ts';
import { addCheck } from '../../packages/cli/src/commands/check.ts';
import { addCp } from '../../packages/cli/src/commands/cp.ts';
import { addExec } from '../../packages/cli/src/commands/exec.ts';
import { addExplain } from '../../packages/cli/src/commands/explain.ts';
import { addHistory } from '../../packages/cli/src/commands/history.ts';
import { addJoin } from '../../packages/cli/src/commands/join.ts';
import { addLabel } from '../../packages/cli/src/commands/label.ts';
import { addList } from '../../packages/cli/src/commands/list.ts';
import { addLogs } from '../../packages/cli/src/commands/logs.ts';
import { addMaster } from '../../packages/cli/src/commands/master.ts';
import { addNodes } from '../../packages/cli/src/commands/nodes.ts';
import { addPower } from '../../packages/cli/src/commands/power.ts';
import { addPs } from '../../packages/cli/src/commands/ps.ts';
import { addRepl } from '../../packages/cli/src/commands/repl.ts';
import { addReport } from '../../packages/cli/src/commands/report.ts';
import { addRerun } from '../../packages/cli/src/commands/rerun.ts';
import { addResume } from '../../packages/cli/src/commands/resume.ts';
import { addRun } from '../../packages/cli/src/commands/run.ts';
import { addRuns } from '../../packages/cli/src/commands/runs.ts';
import { addDrain, addMaintenance, addQuarantine } from '../../packages/cli/src/commands/service.ts';
import { addShell } from '../../packages/cli/src/commands/shell.ts';
import { addSubmit } from '../../packages/cli/src/commands/submit.ts';
import { addWait } from '../../packages/cli/src/commands/wait.ts';
import { EXIT } from '../../packages/protocol/src/index.ts';
import { VERBS } from '../../packages/sdk/src/shell/verbs.ts';
import { anchor } from '../../scripts/docs/markdown.ts';

const root = join(import.meta.dirname, '../..');
const exclude = ['**/node_modules/**', 'test/fixtures/**', '**/tutti-results/**'];
const pages = globSync('**/*.md', { cwd: root, exclude }).toSorted();
const sources = globSync('packages/*/src/**/*.ts', { cwd: root }).map((file) => read(file));

const program = new Command('tutti').option('-V, --version');
for (const add of [addSubmit, addRuns, addWait, addLogs, addReport, addCancel, addRerun, addResume])
  add(program);
for (const add of [addExec, addCp, addShell]) add(program);
for (const add of [addExplain, addHistory, addDrain, addMaintenance, addQuarantine, addLabel, addPower])
  add(program);
for (const add of [addRun, addJoin, addCheck, addList, addPs, addNodes, addRepl, addMaster, addAgent])
  add(program);

/** Command or verb → its options. */
const commands = new Map<string, string[]>([
  ['help', []],
  ...program.commands.map((command): [string, string[]] => [command.name(), longs(command)]),
  ...Object.entries(VERBS).map(([name, { options }]): [string, string[]] => [name, longOptions(options)]),
]);
const everyOption = new Set([...commands.values()].flat().concat('--help', '--version'));
const scripts = new Set(Object.keys((JSON.parse(read('package.json')) as { scripts: object }).scripts));

test.each(pages)('%s mentions nothing that is not there', (page) => {
  expect(problems(page, read(page))).toEqual([]);
});

test('there are pages, and code to hold them against', () => {
  expect(pages).toEqual(expect.arrayContaining(['README.md', 'docs/tutorial.md', 'docs/architecture.md']));
  expect(sources.length).toBeGreaterThan(50);
  expect(commands.get('run')).toContain('--local');
});

describe('what is wrong is found', () => {
  test.each([
    ['a path', 'see `packages/master/src/sync/barier.ts`', 'packages/master/src/sync/barier.ts'],
    ['a pattern that matches nothing', 'see `test/e2e/*.nothing`', 'test/e2e/*.nothing'],
    ['a link', '[here](no-such-page.md)', 'no-such-page.md'],
    ['a link to a heading', '[here](errors.md#no-such-code)', 'errors.md#no-such-code'],
    ['a heading of the page itself', '# One\n\n[here](#two)', '#two'],
    ['an npm script', 'run `npm run deploy`', 'npm run deploy'],
    ['a command', 'run `npx tutti runn x.yaml`', 'tutti runn'],
    ['a verb in a fence', '```sh\n  tutti barier ready\n```', 'tutti barier'],
    [
      'a verb in the quotes of an option',
      "```sh\ntutti run --role a='tutti rendezvous x'\n```",
      'tutti rendezvous',
    ],
    ['an option of another command', '```sh\ntutti nodes --local\n```', 'tutti nodes --local'],
    ['an option on the next line', '```sh\ntutti run \\\n  --locale\n```', 'tutti run --locale'],
    ['an option by itself', 'say `--locale`', '--locale'],
    ['a short path', 'see `master/sync/barier.ts`', 'master/sync/barier.ts'],
    ['a function', 'by `adn()`', 'adn()'],
    ['a method of another class', 'by `Barrier.ask()`', 'Barrier.ask()'],
    ['a type', 'a `Barier`', 'Barier'],
  ])('%s', (_what, markdown, found) => {
    expect(problems('docs/architecture.md', markdown)).toEqual([found]);
  });

  test('and what is right is not', () => {
    const right = [
      '# A page',
      'See `packages/master/src/sync/barrier.ts`, `master/sync/barrier.ts`, `packages/*/src/` and [that](#a-page).',
      '`Barrier.arrive()` and `pass()` of `SyncSpace`, `npm test`, `npm run docs`, `--local`, `tutti`.',
      "```sh\nnpx tutti run --local --role a='tutti barrier x --count 2' # tutti's own\n```",
      '```text\ntutti: nothing to run\n```',
    ].join('\n\n');
    expect(problems('docs/architecture.md', right)).toEqual([]);
  });
});

describe('docs/configuration.md', () => {
  const page = read('docs/configuration.md');

  test.each(program.commands.map((command) => ({ name: command.name(), command })))(
    'has exactly the options of tutti $name, in their order',
    ({ name, command }) => {
      expect(firstColumn(page, `tutti ${name}`)).toEqual(command.options.map(({ flags }) => flags));
    },
  );

  test.each(program.commands.map((command) => ({ name: command.name(), command })))(
    'says the defaults of tutti $name',
    ({ name, command }) => {
      for (const { flags, defaultValue } of command.options) {
        if (typeof defaultValue !== 'string') continue;
        const row = section(page, `tutti ${name}`).find((line) => line.startsWith(`| \`${flags}\``));
        expect(row).toMatch(new RegExp(`\\| \`${RegExp.escape(defaultValue)}\` \\|$`));
      }
    },
  );

  test('has exactly the exit codes', () => {
    const rows = section(page, 'Exit codes').map((line) => /^\| (\d+) \| `(\w+)` \|/.exec(line));
    const listed = rows.flatMap((row) => (row ? [[row[2], Number(row[1])]] : []));
    expect(Object.fromEntries(listed)).toEqual(EXIT);
  });

  test('has exactly the environment variables that commands and daemons read', () => {
    const files = globSync('packages/{cli,client,link,master,agent}/src/**/*.ts', { cwd: root });
    const names = files.flatMap((file) =>
      [...read(file).matchAll(/\benv\['([A-Z_]+)'\]/g)].map(([, name]) => name),
    );
    const rows = section(page, 'Environment variables').filter((line) => line.startsWith('| `'));
    const listed = rows.flatMap((row) =>
      [...(row.split('|')[1] ?? '').matchAll(/`(\w+)`/g)].map(([, name]) => name),
    );
    // Where programs are is every program's business.
    expect(new Set(listed)).toEqual(new Set(names.filter((name) => name !== 'PATH')));
  });
});

/** Everything on the page that is mentioned and is not there. */
function problems(page: string, markdown: string): string[] {
  const fences = [...markdown.matchAll(/^```(\S*)\n(.*?)^```$/gms)];
  const prose = markdown.replaceAll(/^```.*?^```$/gms, '');
  const spans = [...prose.matchAll(/`([^`\n]+)`/g)].map(([, span]) => span ?? '');
  const shell = fences.filter(([, language]) => ['', 'sh', 'ini'].includes(language ?? ''));
  const typed = [...spans, ...shell.map(([, , text]) => text ?? '')];
  const isArchitecture = page === 'docs/architecture.md';
  return [
    ...links(prose).filter((link) => !leadsSomewhere(link, page, markdown)),
    ...spans.filter((span) => isPath(span) && !exists(span)),
    ...typed.flatMap(wrongScripts),
    ...typed.flatMap(wrongCommands),
    ...spans
      .flatMap((span) => /^--[a-z][\w-]*/.exec(span)?.[0] ?? [])
      .filter((option) => !everyOption.has(option)),
    ...(isArchitecture ? spans.filter((span) => isShortPath(span) && !exists(longPath(span))) : []),
    ...(isArchitecture ? spans.filter((span) => isName(span) && !isDeclared(span)) : []),
  ];
}

function links(prose: string): string[] {
  const text = prose.replaceAll(/`[^`\n]*`/g, '');
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, link]) => link ?? '')
    .filter((link) => !/^[a-z]+:/.test(link));
}

function leadsSomewhere(link: string, page: string, markdown: string): boolean {
  const [path = '', place] = link.split('#');
  const file = path === '' ? page : join(dirname(page), path);
  if (path !== '' && !existsSync(join(root, file))) return false;
  if (place === undefined) return true;
  const target = path === '' ? markdown : read(file);
  const headings = target.replaceAll(/^```.*?^```$/gms, '').matchAll(/^#+ (.*)$/gm);
  return [...headings].some(([, heading]) => anchor(heading ?? '') === place);
}

function isPath(span: string): boolean {
  return /^(packages|docs|test|scripts|examples|bench|\.ci)\/[\w./*{},-]*$/.test(span);
}

function exists(path: string): boolean {
  return /[*{]/.test(path) ? globSync(path, { cwd: root }).length > 0 : existsSync(join(root, path));
}

function isShortPath(span: string): boolean {
  return /^(protocol|link|master|agent|client|sdk|cli|testkit)\/[\w./-]+$/.test(span);
}

function longPath(short: string): string {
  return short.replace(/^(\w+)\//, 'packages/$1/src/');
}

function wrongScripts(text: string): string[] {
  const named = [...text.matchAll(/\bnpm run ([\w:-]+)/g)].map(([, name]) => name ?? '');
  return named.filter((name) => !scripts.has(name)).map((name) => `npm run ${name}`);
}

/** Of every `tutti …` in it, also inside quotes: the command that does not exist, or its options that do not. */
function wrongCommands(text: string): string[] {
  const inside: string[] = [];
  const bare = text
    .replaceAll(/\\\n\s*/g, ' ')
    .replaceAll(/(^|\s)#.*$/gm, '$1')
    .replaceAll(/'([^']*)'|"([^"]*)"/g, (_, single?: string, double?: string) => {
      inside.push(single ?? double ?? '');
      return 'Q';
    });
  const found = [...bare.matchAll(/(?<=^|[\s({;/])tutti ([a-z-]+)([^\n|;&)]*)/g)];
  return [
    ...found.flatMap(([, name, rest]) => wrongCommand(name ?? '', rest ?? '')),
    ...inside.flatMap(wrongCommands),
  ];
}

function wrongCommand(name: string, rest: string): string[] {
  if (name.startsWith('-')) return everyOption.has(name) ? [] : [`tutti ${name}`];
  const options = commands.get(name);
  if (options === undefined) return [`tutti ${name}`];
  const [ours = ''] = rest.split(/ -- /);
  const used = [...ours.matchAll(/(?<=\s)--[a-z][\w-]*/g)].map(([option]) => option);
  return used
    .filter((option) => option !== '--help' && !options.includes(option))
    .map((option) => `tutti ${name} ${option}`);
}

/** `allocate()`, `Barrier.arrive()`, `SyncSpace`. */
function isName(span: string): boolean {
  return /^([A-Z][a-z]\w*\.)?[a-z]\w*\(\)$|^[A-Z][a-z]+[A-Z]?\w*$/.test(span);
}

function isDeclared(name: string): boolean {
  const [, owner, call, type] = /^(?:(?:(\w+)\.)?(\w+)\(\)|(\w+))$/.exec(name) ?? [];
  if (type !== undefined) return declares(new RegExp(`\\b(class|interface|type|const) ${type}\\b`));
  const method = `^\\s+(static |async |get |override )*${call}(<[^\\n]*>)?\\(`;
  if (owner === undefined) return declares(new RegExp(`\\bfunction\\*? ${call}\\b|${method}`, 'm'));
  const classes = sources.flatMap(
    (source) => source.match(new RegExp(`^export (?:abstract )?class ${owner}\\b.*?^}`, 'ms')) ?? [],
  );
  return classes.some((body) => new RegExp(method, 'm').test(body));
}

function declares(pattern: RegExp): boolean {
  return sources.some((source) => pattern.test(source));
}

/** The lines below a heading. */
function section(page: string, heading: string): string[] {
  const found = page.split(/^## /m).find((text) => text.startsWith(`${heading}\n`)) ?? '';
  return found.split('\n');
}

function firstColumn(page: string, heading: string): string[] {
  return section(page, heading).flatMap((line) => /^\| `([^`]+)` \|/.exec(line)?.[1] ?? []);
}

function longs(command: Command): string[] {
  return command.options.map(({ long }) => long ?? '');
}

function longOptions(options: object): string[] {
  return Object.keys(options).map((name) => `--${name}`);
}

function read(file: string): string {
  return readFileSync(join(root, file), 'utf8');
}
