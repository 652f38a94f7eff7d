/** What may be said beside the suite itself, and what reading and loading it give. */
import { type RunSpec, TuttiError } from '@tutti/protocol';
import type { Choice } from './choose.ts';
import { LONGEST_SECONDS } from './duration.ts';
import { type GivenParams, refuseUnfit } from './params.ts';
import type { Repetition } from './repeat.ts';
import type { Found } from './staging/found.ts';

/** `only`, `skip` and `tags` as `--only GLOB`, `--skip GLOB` and `--tag WORD` say; `repeat` and `untilFail` likewise. */
export interface SuiteOptions extends Choice, Repetition {
  /** `--param k=v`. */
  readonly params: GivenParams;
  /** `--skip-list FILE`. */
  readonly skipLists: readonly string[];
  /** `--drive FILE`, without a suite only. */
  readonly drive?: string | undefined;
  /** `--file PATH`, with `--role` only. */
  readonly files: readonly string[];
  /** `--big`: stage more than 256 MiB. */
  readonly big: boolean;
  /** What relative paths on the command line are relative to. */
  readonly cwd: string;
  /** Instead of the suite's own name. */
  readonly name?: string | undefined;
  /** Seconds, instead of each test's own timeout. */
  readonly timeout?: number | undefined;
  /** No further test after the first that is not ok, whatever the suite says. */
  readonly failFast: boolean;
}

/** Everything but the contents of files. */
export interface PlannedSuite {
  readonly run: Omit<RunSpec, 'files'>;
  /** The folder that staged paths are relative to. */
  readonly root: string;
  readonly found: readonly Found[];
  readonly warnings: string[];
}

export interface LoadedSuite {
  readonly spec: RunSpec;
  /** The folder that staged paths are relative to. */
  readonly root: string;
  /** Digest → a local file with these contents. */
  readonly sources: Map<string, string>;
  readonly warnings: string[];
}

/** Refuses what would make no valid run, whatever the suite. */
export function refuseUnfitOptions({ params, timeout, repeat }: SuiteOptions): void {
  refuseUnfit(params);
  if (timeout !== undefined && !(timeout > 0 && timeout <= LONGEST_SECONDS)) {
    throw new TuttiError('USAGE', '--timeout must be longer than 0 and at most 24 days');
  }
  if (repeat !== undefined && !(Number.isSafeInteger(repeat) && repeat >= 1)) {
    throw new TuttiError('USAGE', '--repeat takes a whole number of at least 1');
  }
}
