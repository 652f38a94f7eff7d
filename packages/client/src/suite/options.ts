/** What may be said beside the suite itself, and what loading gives. */
import { type RunSpec, TuttiError } from '@tutti/protocol';
import { LONGEST_SECONDS } from './duration.ts';
import { type GivenParams, refuseUnfit } from './params.ts';

export interface SuiteOptions {
  /** `--param k=v`. */
  readonly params: GivenParams;
  /** `--only GLOB`; a test is taken when any of them matches. */
  readonly only: readonly string[];
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
export function refuseUnfitOptions({ params, timeout }: SuiteOptions): void {
  refuseUnfit(params);
  if (timeout !== undefined && !(timeout > 0 && timeout <= LONGEST_SECONDS)) {
    throw new TuttiError('USAGE', '--timeout must be longer than 0 and at most 24 days');
  }
}
