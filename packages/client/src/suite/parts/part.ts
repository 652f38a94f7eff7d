/** One file that tests come from: the suite file, one that it includes, or a script of a directory with its header. */
import { relative } from 'node:path';
import type { SuiteFields } from '../schema.ts';
import type { SkipList } from '../skip-list.ts';
import type { SuiteSource } from '../source.ts';

export interface Part {
  readonly source: SuiteSource;
  readonly fields: SuiteFields;
  /** Where it lies below the suite's folder, '' for the folder itself: what its paths are relative to. */
  readonly folder: string;
  /** What the names of its tests begin with: '' or `net/`. */
  readonly prefix: string;
  /** The script that a role without `run` runs. */
  readonly ownScript?: string;
  readonly skipList?: SkipList | undefined;
}

/** The tests it has itself. */
export function testsOf({ fields }: Part): NonNullable<SuiteFields['tests']> {
  return fields.tests ?? [];
}

/** As short as it can be clicked on in a terminal. */
export function shownPath(absolute: string, cwd: string): string {
  const short = relative(cwd, absolute);
  return short.startsWith('..') ? absolute : short;
}
