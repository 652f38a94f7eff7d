/**
 * docs/tutorial.md, docs/drivers.md and README.md do what they say: their files are written, their commands run in order, and what these
 * print has the lines that the pages show. A comment above a fence says what it is:
 *
 *   <!-- file: NAME -->        write it
 *   <!-- run -->               run it; `<!-- run: exit 1 -->` where it is to fail
 *   <!-- not run: REASON -->   leave it
 *
 * A `text` fence right after one that is run holds its output. Every number stands for any number, `…` for anything.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { has, repository, temporaryDirectory } from '../support/tutti.ts';

interface Fence {
  line: number;
  language: string;
  /** What the comment above it says. */
  mark: string | undefined;
  text: string;
}

interface Ran {
  status: number | null;
  output: string;
}

const PAGES = ['README.md', 'docs/tutorial.md', 'docs/drivers.md'];

describe.for(PAGES)('%s', (page) => {
  const fences = fencesOf(readFileSync(join(repository, page), 'utf8'));

  test('every file and every command is marked as what it is', () => {
    const unmarked = fences.filter(
      ({ language, mark }) => !['text', 'mermaid'].includes(language) && !isMark(mark),
    );
    expect(unmarked.map(({ line }) => `${page}:${line}`)).toEqual([]);
    expect(fences.filter(({ mark }) => mark?.startsWith('run')).length).toBeGreaterThan(0);
  });

  test.skipIf(!has('python3'))('what it has run prints what it shows (needs python3)', async () => {
    const dir = await temporaryDirectory();
    for (const [index, fence] of fences.entries()) {
      const [kind, value = ''] = fence.mark?.split(': ') ?? [];
      if (kind === 'file') writeFileSync(join(dir, value), fence.text);
      if (kind !== 'run') continue;
      const { status, output } = await run(fence.text, dir);
      const where = `${page}:${fence.line}\n${output}`;
      expect(status, where).toBe(Number(/^exit (\d+)$/.exec(value)?.[1] ?? 0));
      const next = fences[index + 1];
      if (next?.language === 'text' && next.mark === undefined) {
        expect(missingLine(next.text, output), where).toBeUndefined();
      }
    }
  });
});

describe('the check itself', () => {
  const shown =
    '2 agents in network namespaces\nPASS  download  1.5 s\n  PASS throughput  client.0  663 Mbit/s\n';

  test('other numbers, other spacing and lines in between are no difference', () => {
    const output =
      "2 agents on this host's network (not root)\nPASS download 0.4 s\nmore\nPASS throughput client.0 71.5 Mbit/s";
    expect(missingLine(shown, output)).toBeUndefined();
  });

  test.for([
    [
      'another word',
      '2 agents in network namespaces\nFAIL download 1.5 s\nPASS throughput client.0 1 Mbit/s',
    ],
    ['a missing line', '2 agents in network namespaces\nPASS download 1.5 s'],
    [
      'another order',
      'PASS download 1.5 s\n2 agents in network namespaces\nPASS throughput client.0 1 Mbit/s',
    ],
    ['nothing', ''],
  ])('%s is one', ([, output = '']) => {
    expect(missingLine(shown, output)).toBeDefined();
  });

  test('a fence without a mark is found, with its line', () => {
    const [fence] = fencesOf('text\n\n```sh\nrm -rf build\n```\n');
    expect(fence).toMatchObject({ line: 3, language: 'sh', text: 'rm -rf build\n' });
    expect(isMark(fence?.mark)).toBe(false);
  });
});

function isMark(mark: string | undefined): boolean {
  return /^(file: [\w.-]+|run(: exit \d+)?|not run: .+)$/.test(mark ?? '');
}

function fencesOf(markdown: string): Fence[] {
  const pattern = /(?:^<!-- (?<mark>.*?) -->\n)?^```(?<language>\S*)\n(?<text>.*?)^```$/gms;
  return [...markdown.matchAll(pattern)].map(({ groups, index, 0: whole }) => ({
    line: markdown.slice(0, index + whole.indexOf('```')).split('\n').length,
    language: groups?.['language'] ?? '',
    mark: groups?.['mark'],
    text: groups?.['text'] ?? '',
  }));
}

/** As a person types it, with stdout and stderr in one place. In a clone `npx tutti` is the clone's own launcher. */
async function run(commands: string, cwd: string): Promise<Ran> {
  const launcher = join(repository, 'packages/cli/bin/tutti');
  const script = `exec 2>&1\nnpx() { shift; '${launcher}' "$@"; }\n${commands}`;
  const own = Object.entries(process.env).filter(([name]) => !/^(TUTTI_|VITEST|NODE_OPTIONS$)/.test(name));
  const env = { ...Object.fromEntries(own), NO_COLOR: '1', TMPDIR: cwd };
  const child = spawn('sh', ['-c', script], { cwd, env, stdio: ['ignore', 'pipe', 'ignore'] });
  const output = await text(child.stdout);
  if (child.exitCode === null && child.signalCode === null) await once(child, 'close');
  return { status: child.exitCode, output };
}

/** The first line that is shown and, in this order, not there. */
function missingLine(shown: string, output: string): string | undefined {
  const lines = output.split('\n');
  for (const line of shown.split('\n').filter((each) => each.trim() !== '')) {
    const pattern = patternOf(line.trim());
    const at = lines.findIndex((candidate) => pattern.test(candidate.trim()));
    if (at === -1) return line;
    lines.splice(0, at + 1);
  }
  return undefined;
}

function patternOf(line: string): RegExp {
  // Not everybody who reads it is root.
  if (/^\d+ agents in network namespaces$/.test(line)) return /^\d+ agents (in|on) .*network/;
  const parts = line.split(/(\d+(?:\.\d+)*|\s+|…)/).map((part) => {
    if (/^\d/.test(part)) return String.raw`[\d.]+`;
    if (part === '…') return '.*';
    return /^\s+$/.test(part) ? String.raw`\s+` : RegExp.escape(part);
  });
  return new RegExp(`^${parts.join('')}$`);
}
