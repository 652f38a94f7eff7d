/**
 * A run as the master holds it: the plan, and what has become of it so far. Data only; store/run-rows.ts keeps it.
 *
 * Instants are master time: Unix ms that no stepping of the wall clock moves.
 */
import type {
  Command,
  Env,
  Facts,
  MemberEnd,
  RunPhase,
  RunSpec,
  Status,
  StopReason,
  TestSpec,
  TestView,
} from '@tutti/protocol';
import type { SaidMark, SaidSubtest } from '../logs/member-events.ts';
import type { Cast } from '../scheduler/pass.ts';
import type { BarrierRecord } from '../sync/barrier-records.ts';
import type { WaitRecord } from '../sync/wait-log.ts';
import type { Pause } from './pause.ts';

export interface Verdict {
  status: Status;
  /** What went wrong, in words that complete "client.1 on n3 …"; absent when nothing did. */
  cause?: string;
  /** The member whose break made this one fail. */
  becauseOf?: string;
}

export interface Boot {
  readonly ended: number;
  /** When its machine was back. */
  readonly back: number;
}

export interface MemberRun {
  readonly id: string;
  /** `client.0` */
  readonly name: string;
  readonly role: string;
  readonly index: number;
  readonly node: string;
  readonly essential: boolean;
  /** It has no script: its driver starts commands on its machine, and it lives until the test is over. */
  readonly driven?: true;
  /** Relative to the run directory. */
  readonly dir: string;
  state: 'waiting' | 'staged' | 'running' | 'ended';
  end?: MemberEnd;
  /** Its node did not come back, or lost track of it: why. */
  lost?: string;
  /** 0 for the first that ended, 1 for the next, … */
  endOrder?: number;
  /** How often its machine came back from a reboot that was announced. */
  incarnation: number;
  /** This incarnation has announced a reboot that has not happened yet. */
  rebooting?: { readonly incarnation: number; readonly until: number; readonly timeout: number };
  /** All it left is in the run directory. */
  collected: boolean;
  subtests: SaidSubtest[];
  marks: SaidMark[];
  /** How many of each it said too many. */
  omitted: { readonly subtests?: number; readonly marks?: number };
  skipped: { path: string; why: string }[];
  verdict?: Verdict;
  /** When its node said that it has started, and that it has ended. */
  started?: number;
  ended?: number;
  /** Of a machine that was rebooted: when each incarnation ended, and when the next one was heard of. */
  boots?: readonly Boot[];
}

/** What a driver, or an operator, has started on the machine of a member. */
export interface CommandRun {
  readonly id: string;
  /** The member in whose directory it lives. */
  readonly of: string;
  /** 1, 2, 3 … within that member. */
  readonly number: number;
  /** The member that asked for it; absent: an operator. */
  readonly by?: string;
  /** In the attempt: 0, 1, 2 … */
  readonly place: number;
  /** For people: its name, and as a person would type it, of a long one the beginning. Neither has a secret in it. */
  readonly title: string;
  readonly line: string;
  /** What its agent is to be told; not kept longer than that, because it may hold secrets. */
  order?: { readonly command: Command; readonly env: Env; readonly cwd?: string };
  /** Seconds. */
  readonly timeout: number;
  /** Relative to the run directory. */
  readonly dir: string;
  readonly asked: number;
  /** `asked`: its agent may not have heard of it. */
  state: 'asked' | 'running' | 'ended';
  end?: MemberEnd;
  lost?: string;
  /** All it wrote is in the run directory. */
  collected: boolean;
  /** When its node said that it runs, and that it has ended. */
  started?: number;
  ended?: number;
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
  /** On the machines of its members, in the order in which they were asked for. */
  commands: CommandRun[];
  barriers: readonly BarrierRecord[];
  /** As of when it was over. */
  waits?: readonly WaitRecord[];
  /** How much of each is not kept. */
  omitted?: { readonly barriers?: number; readonly arrivals?: number; readonly waits?: number };
  /** When its members were told to start; they are all staged then. */
  opened?: number;
  /** Seconds more that were asked for, by request. */
  extensions: Record<string, number>;
  /** Reboots that members asked for other members: who asked and the request → whose, and which incarnation was meant. */
  reboots: Record<string, { readonly member: string; readonly incarnation: number }>;
  /** When it is over, after the first failure, though members still run. */
  lingers?: number;
  /** It stood still at its first failure, or does so now. */
  pause?: Pause;
  /** Why who still runs is stopped. */
  over?: StopReason;
  trouble?: Trouble;
  status?: Status;
  cause?: string;
  /** When it had its verdict. */
  ended?: number;
}

export interface TestRun {
  readonly spec: TestSpec;
  readonly part: 'setup' | 'test' | 'teardown';
  readonly index: number;
  /** Relative to the run directory. */
  readonly dir: string;
  state: Exclude<TestView['state'], 'paused'>;
  started?: number;
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
  readonly started: number;
  /** The higher the sooner it gets its nodes. */
  readonly priority: number;
  /** Somebody waits for it: it ends when they do not come back. */
  owned: boolean;
  duration?: number;
  /** Which nodes fill its roles, fixed for the run when it was allocated. */
  cast: Cast;
  /** Name of a node, as of the allocation → its agent's id: it may come back under another name. */
  agents: ReadonlyMap<string, string>;
  /** Of its nodes, by name, as of the allocation. */
  facts: ReadonlyMap<string, Facts>;
  /** Why, as soon as it was. */
  cancelled?: string;
  /** It was cancelled because its time was over, not by an operator. */
  overdue?: boolean;
  /** When its nodes were allocated: its own timeout counts from there. */
  allocated?: number;
  status?: Status;
  cause?: string;
  exit?: number;
}
