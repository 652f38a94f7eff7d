/** Suites of this machine, at the prompt. */
import type { RunSuiteOptions, Suite, Tutti } from '@tutti/client/objects';
import { TuttiError } from '@tutti/protocol';
import { summaryOf, tableOf } from '../suite-table.ts';
import { table } from '../table.ts';
import { liveObject } from './live-object.ts';
import { followed, runObject } from './run-objects.ts';
import type { Screen } from './screen.ts';
import { shownAs } from './shown.ts';

export function suiteObjects(suites: Tutti['suites'], runs: Tutti['runs'], screen: Screen): object {
  const child = (name: string) => suiteObject(suites.get(name), runs, screen);
  const listed = async (folder?: string) => {
    const found = await suites.list(folder);
    const rows = await Promise.all(found.map(async (suite) => ({ suite, about: await aboutSuite(suite) })));
    return { found, text: suitesTable(rows) };
  };
  return liveObject({
    path: 'suites',
    members: {
      list: async (folder?: string) => {
        const { found, text } = await listed(folder);
        return shownAs(found, text);
      },
      load: async (path: string) => suiteObject(await suites.load(path), runs, screen),
      runRoles: (roles: readonly string[], options: RunSuiteOptions = {}) =>
        followed((onView) => suites.runRoles(roles, { ...options, onView }), screen),
      get names() {
        return suites.names;
      },
    },
    names: () => suites.names,
    child,
    show: async () => (await listed()).text,
    iterate: () => suites.names.map(child)[Symbol.iterator](),
  });
}

function suiteObject(suite: Suite, runs: Tutti['runs'], screen: Screen): object {
  const testNames = async () => (await suite.tests()).map(({ name }) => name);
  const show = async () => {
    const { run, warnings } = await suite.plan();
    return [...warnings.map((warning) => `warning: ${warning}\n`), tableOf(run), summaryOf(run)].join('');
  };
  return liveObject({
    path: `suites.${suite.name}`,
    members: {
      name: suite.name,
      path: suite.path,
      show: async () => shownAs(await suite.plan(), await show()),
      reload: async () => {
        const before = new Set(await testNames().catch(() => []));
        await suite.reload();
        const now = await testNames();
        const added = now.filter((name) => !before.has(name));
        const gone = [...before].filter((name) => !now.includes(name));
        const words = [`${suite.name}: ${now.length} tests`, ...told('new', added), ...told('gone', gone)];
        return shownAs({ tests: now }, words.join('; '));
      },
      run: (...words: unknown[]) => {
        const options = optionsOf(words);
        return followed((onView) => suite.run({ ...options, onView }), screen);
      },
      submit: async (...words: unknown[]) => runObject(runs, await suite.submit(optionsOf(words)), screen),
      tests: testNames,
    },
    words: { run: testNames, submit: testNames },
    show,
  });
}

/** Globs of test names, and options behind them. */
function optionsOf(words: readonly unknown[]): RunSuiteOptions {
  const only = words.filter((word) => typeof word === 'string');
  const options = words.filter((word) => typeof word === 'object' && word !== null);
  if (only.length + options.length !== words.length || options.length > 1)
    throw new TuttiError('USAGE', "write it as run('glob', {params: {seconds: 5}}); both may be left out");
  return { ...(only.length === 0 ? {} : { only }), ...options[0] };
}

async function aboutSuite(suite: Suite): Promise<string> {
  try {
    return String((await suite.tests()).length);
  } catch {
    return 'has mistakes: see .show()';
  }
}

function told(what: string, names: readonly string[]): string[] {
  return names.length === 0
    ? []
    : [`${what}: ${names.slice(0, 10).join(', ')}${names.length > 10 ? ' …' : ''}`];
}

function suitesTable(rows: readonly { suite: Suite; about: string }[]): string {
  if (rows.length === 0) return 'no suites here';
  return table([
    ['SUITE', 'TESTS', 'PATH'],
    ...rows.map(({ suite, about }) => [suite.name, about, suite.path]),
  ]);
}
