/** A run as the master holds it: the plan, and what has become of it so far. Data only. */
import type { MemberEnd, RunPhase, RunSpec, Status, Subtest, TestSpec, TestView } from '@tutti/protocol';
import type { BarrierRecord } from '../sync/space.ts';

export interface Verdict {
  status: Status;
  /** What went wrong, in words that complete "client.1 on n3 …"; absent when nothing did. */
  cause?: string;
  /** The member whose break made this one fail. */
  becauseOf?: string;
}

export interface MemberRun {
  readonly id: string;
  /** `client.0` */
  readonly name: string;
  readonly role: string;
  readonly index: number;
  readonly node: string;
  readonly essential: boolean;
  /** Relative to the run directory. */
  readonly dir: string;
  state: 'waiting' | 'staged' | 'running' | 'ended';
  end?: MemberEnd;
  /** Its node did not come back, or lost track of it: why. */
  lost?: string;
  /** 0 for the first that ended, 1 for the next, … */
  endOrder?: number;
  subtests: Subtest[];
  skipped: { path: string; why: string }[];
  verdict?: Verdict;
}

/** What ended an attempt besides its members. */
export interface Trouble {
  status: Extract<Status, 'ERROR' | 'INTERRUPTED'>;
  cause: string;
}

export interface AttemptRun {
  readonly n: number;
  readonly id: string;
  readonly members: MemberRun[];
  barriers: readonly BarrierRecord[];
  trouble?: Trouble;
  status?: Status;
  cause?: string;
}

export interface TestRun {
  readonly spec: TestSpec;
  readonly index: number;
  /** Relative to the run directory. */
  readonly dir: string;
  state: TestView['state'];
  /** Master monotonic ms. */
  startedAt?: number;
  duration?: number;
  status?: Status;
  cause?: string;
  attempts: AttemptRun[];
}

export interface Run {
  readonly number: number;
  readonly id: string;
  readonly spec: RunSpec;
  /** Absolute. */
  readonly dir: string;
  readonly tests: TestRun[];
  phase: RunPhase;
  waitsFor?: string;
  /** Unix ms, master time. */
  readonly started: number;
  /** Master monotonic ms. */
  readonly startedAt: number;
  duration?: number;
  /** Role → nodes, fixed for the run when it was allocated. */
  cast: ReadonlyMap<string, readonly string[]>;
  status?: Status;
  cause?: string;
  exit?: number;
}
