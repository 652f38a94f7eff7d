/** From all tests of a suite to those of a run: skip lists mark some, the options choose among them, and repeat them. */
import { resolve } from 'node:path';
import type { TestSpec } from '@tutti/protocol';
import { chosen, idleSkips } from './choose.ts';
import type { SuiteOptions } from './options.ts';
import { repeated } from './repeat.ts';
import { idleLines, readSkipList, type SkipList, skipEntry } from './skip-list.ts';

/** A list that speaks of the tests whose names begin with `prefix`, by what follows it. */
export interface ScopedSkipList {
  readonly list: SkipList;
  readonly prefix: string;
}

export interface PlannedTests {
  readonly tests: TestSpec[];
  readonly warnings: string[];
}

export async function planTests(
  all: readonly TestSpec[],
  own: readonly ScopedSkipList[],
  options: SuiteOptions,
): Promise<PlannedTests> {
  const given = options.skipLists.map(async (file) => ({
    list: await readSkipList(resolve(options.cwd, file), file),
    prefix: '',
  }));
  const lists = [...(await Promise.all(given)), ...own];
  const marked = lists.reduce<readonly TestSpec[]>(withSkips, all);
  const warnings = [
    ...idleSkips(all, options),
    ...lists.flatMap(({ list, prefix }) => idleLines(list, ownNames(all, prefix))),
  ];
  return { tests: repeated(chosen(marked, options), options), warnings };
}

/** The first list that names a test decides its reason. */
function withSkips(tests: readonly TestSpec[], { list, prefix }: ScopedSkipList): TestSpec[] {
  return tests.map((test) => {
    if (!test.name.startsWith(prefix) || (test.skip && test.skip.when === undefined)) return test;
    const entry = skipEntry(list, test.name.slice(prefix.length));
    return entry ? { ...test, skip: { reason: entry.reason } } : test;
  });
}

function ownNames(tests: readonly TestSpec[], prefix: string): string[] {
  return tests.flatMap(({ name }) => (name.startsWith(prefix) ? [name.slice(prefix.length)] : []));
}
