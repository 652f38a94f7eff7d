/** How runs are asked for, and what is answered: apart from how that is done, so that programs get these types and no others. */
import type { CallParams, MemberAt, RunHead, TestAt } from '@tutti/protocol';

export type RunFilter = Omit<CallParams<'runs.list'>, 'before'>;

export interface RerunOptions {
  /** Only the tests that were not ok. */
  failed?: boolean | undefined;
  /** Default: that of the run. */
  priority?: number | undefined;
}

/** A test under way, and every member of it. */
export interface TestsMembers {
  test?: TestAt;
  members: MemberAt[];
}

/** What a run is at: its tests under way, every member of them, and who waits for whom. */
export interface RunAt extends TestsMembers {
  head: RunHead;
  /** Tests beside the first. */
  others?: TestsMembers[];
}
