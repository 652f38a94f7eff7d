/** What clients see of machines and runs, and by which words they ask for them. */
import * as z from 'zod';
import { Id, MemberName, NodeName, Seconds } from '../ids.ts';
import { LIMITS } from '../limits.ts';
import { STATUSES } from '../statuses.ts';
import { Facts, Labels } from './spec.ts';

export const StatusName = z.enum(STATUSES);

/** Of a machine that no run has, first the one that was ordered: it may be connected or not. */
export const NodeState = z.enum([
  'offline',
  'unreachable',
  'idle',
  'reserved',
  'running',
  'drained',
  'maintenance',
  'quarantined',
]);
export type NodeState = z.infer<typeof NodeState>;

export const Reason = z.string().min(1).max(LIMITS.reason.value);

/** Since when (Unix ms, master time) a machine is out of service, and why. */
const OutOfService = z.object({ since: z.number(), reason: Reason.optional() });

export const NodeView = z.object({
  name: NodeName,
  state: NodeState,
  /** Its agent has a connection now. */
  connected: z.boolean(),
  /** The run that holds it. */
  run: z.number().int().positive().optional(),
  drained: OutOfService.optional(),
  maintenance: OutOfService.optional(),
  quarantined: OutOfService.optional(),
  /** What the master is at with it, besides a run: completes "n1 …". */
  doing: Reason.optional(),
  /** Those of its agent and of operators. */
  labels: Labels,
  facts: Facts,
  software: z.string(),
  /** Unix ms, master time. */
  since: z.number(),
});
export type NodeView = z.infer<typeof NodeView>;

export const RunPhase = z.enum(['queued', 'allocated', 'staging', 'running', 'collecting', 'finished']);
export type RunPhase = z.infer<typeof RunPhase>;

export const MemberState = z.enum(['waiting', 'staged', 'running', 'ended']);

export const MemberView = z.object({
  member: MemberName,
  node: NodeName,
  state: MemberState,
  status: StatusName.optional(),
});
export type MemberView = z.infer<typeof MemberView>;

/** What came of an attempt at a test. */
const AttemptEnd = z.object({ status: StatusName, cause: z.string().optional() });

/** A test stands still at its first failure, until somebody decides how it goes on, or the time for that is over. */
export const PauseView = z.object({
  /** What failed. */
  cause: z.string(),
  /** Unix ms, master time; `until`: when it goes on by itself. */
  since: z.number(),
  until: z.number(),
  /** Members whose processes were frozen. */
  frozen: z.array(MemberName).optional(),
});
export type PauseView = z.infer<typeof PauseView>;

export const TestView = z.object({
  name: z.string(),
  /** Absent: it is one of the tests. */
  part: z.enum(['setup', 'teardown']).optional(),
  state: z.enum(['waiting', 'staging', 'running', 'paused', 'collecting', 'ended']),
  paused: PauseView.optional(),
  status: StatusName.optional(),
  cause: z.string().optional(),
  duration: Seconds.optional(),
  /** Of a test that is under way, at most `LIMITS.membersShown`. */
  members: z.array(MemberView),
  /** How many members it has in all. */
  size: z.number().int().positive(),
  /** How many attempts there have been so far, where there is more than one. */
  attempts: z.number().int().positive().optional(),
  /** While it is tried again: what came of the attempt before. */
  before: AttemptEnd.optional(),
});
export type TestView = z.infer<typeof TestView>;

export const RunHead = z.object({
  run: z.number().int().positive(),
  id: Id,
  suite: z.string(),
  phase: RunPhase,
  /** What a queued run waits for, in a sentence. */
  waitsFor: z.string().optional(),
  /** Its tests that stand still at a failure, the first few of them. */
  paused: z.array(PauseView.extend({ test: z.string() })).optional(),
  status: StatusName.optional(),
  cause: z.string().optional(),
  duration: Seconds.optional(),
  exit: z.number().int().optional(),
  /** The run directory on the master. */
  dir: z.string(),
  /** How many tests it has. */
  size: z.number().int().positive(),
});
export type RunHead = z.infer<typeof RunHead>;

/** A run as a client puts it together from events: no message carries it whole. */
export interface RunView extends RunHead {
  tests: TestView[];
}

export const RunNumber = z.number().int().positive();

/** The higher the sooner; of equal ones the older first. */
export const Priority = z.number().int().min(-1000).max(1000);

/** How far a run is, for who looks for some. */
export const RunStage = z.enum(['queued', 'running', 'finished']);
export type RunStage = z.infer<typeof RunStage>;

/** A run in a list of runs. */
export const RunRow = RunHead.extend({
  /** When it was submitted: Unix ms, master time. */
  started: z.number(),
  priority: Priority,
  /** Of a queued run: 1 is next. */
  place: z.number().int().positive().optional(),
  /** Tests that have a verdict, and those of them whose verdict is not ok. */
  done: z.number().int().nonnegative(),
  notOk: z.number().int().nonnegative(),
});
export type RunRow = z.infer<typeof RunRow>;

/** The files of a report, by format: their names in the run directory. */
export const REPORT_FILES = {
  yaml: 'report.yaml',
  junit: 'junit.xml',
  maloo: 'results.yml',
  html: 'report.html',
} as const;
export type ReportFormat = keyof typeof REPORT_FILES;

/** What a member waits for, in a sync space. */
export const WaitView = z.object({
  /** `barrier "ready"`, or in run scope `barrier "ready" of the run` */
  on: z.string(),
  seconds: Seconds,
  /** Who could end it, the first few of them; empty where any other member could. In run scope `test/client.0`. */
  missing: z.array(z.string()),
  /** How many there are in all. */
  missingSize: z.number().int().nonnegative(),
});
export type WaitView = z.infer<typeof WaitView>;

/** One member of a test that is under way, and what it is at. */
export const MemberAt = MemberView.extend({
  waits: z.array(WaitView),
  /** It has not started, and waits for `tutti mark started` of these members of the role that it starts after, the first few of them. */
  startsAfter: z.array(MemberName).optional(),
  /** What runs on its machine for a driver or an operator, the first few. */
  commands: z
    .array(z.object({ number: z.number().int().positive(), name: z.string(), seconds: Seconds }))
    .optional(),
});
export type MemberAt = z.infer<typeof MemberAt>;

/** The test that a run is at. */
export const TestAt = z.object({
  name: z.string(),
  state: z.enum(['staging', 'running', 'paused', 'collecting']),
  paused: PauseView.optional(),
  /** Since it began. */
  seconds: Seconds,
  /** Until it times out; absent before its members are started. */
  left: Seconds.optional(),
  /** Members who wait for each other, each circle once, the first few of them. */
  circles: z.array(z.array(MemberName)),
});
export type TestAt = z.infer<typeof TestAt>;

/** A machine that a waiting run could use, and why it does not get it. */
export const ObstacleView = z.object({
  node: NodeName,
  /**
   * `held` by a run, `kept` for one that is before it, `clearing`: what its last run left has to end, or the master is at
   * something with it; else out of service.
   */
  why: z.enum(['held', 'kept', 'clearing', 'offline', 'drained', 'maintenance', 'quarantined']),
  run: RunNumber.optional(),
  /** Unix ms, master time; `until`: when it is given back at the latest. */
  since: z.number().optional(),
  until: z.number().optional(),
  reason: z.string().optional(),
  doing: z.string().optional(),
});

/** What a run needs of one kind of machine. */
const NeedView = z.object({
  role: z.string(),
  where: z.string().optional(),
  count: z.number().int().positive(),
});

export const ExplanationView = z.object({
  head: RunHead,
  /** The same for people, a line each. */
  lines: z.array(z.string()),
  waiting: z
    .object({
      /** Unix ms, master time. */
      since: z.number(),
      /** Runs before it in the queue. */
      before: z.number().int().nonnegative(),
      /** What cannot be filled, the first few of them. */
      needs: z.array(NeedView),
      wanted: z.number().int().nonnegative(),
      /** Machines that would do, and those of them that it can have now. */
      matching: z.number().int().nonnegative(),
      free: z.number().int().nonnegative(),
      /** The others of them, the first few. */
      others: z.array(ObstacleView),
      /** false: the machines in service do not suffice. */
      possible: z.boolean(),
      /** Unix ms, master time: it starts by then; absent when nobody can say. */
      latest: z.number().optional(),
    })
    .optional(),
});
export type ExplanationView = z.infer<typeof ExplanationView>;

/** Of each log, by its key in the log frames, how many bytes a client has. */
export const LogPositions = z.record(z.string(), z.number().int().nonnegative());
export type LogPositions = z.infer<typeof LogPositions>;
