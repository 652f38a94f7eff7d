/** `report.yaml`, format version 1: written by the master, read by people, CLI and other tools. */
import * as z from 'zod';
import { Id, MemberName, NodeName, Seconds } from './ids.ts';
import { SUBTEST_STATUSES } from './local.ts';
import { Facts, Params } from './messages/spec.ts';
import { STATUSES, type Status } from './statuses.ts';

export const REPORT_FORMAT = 1;

const Running = z.enum([...STATUSES, 'RUNNING']);

const Count = z.number().int().nonnegative();

/** How many tests have each verdict; a test without one counts in `total` alone. */
export const ReportSummary = z.object({
  total: Count,
  ...(Object.fromEntries(STATUSES.map((status) => [status.toLowerCase(), Count])) as Record<
    Lowercase<Status>,
    typeof Count
  >),
});
export type ReportSummary = z.infer<typeof ReportSummary>;

/** Seconds from the start of the attempt, in master time. */
const Instant = Seconds;

/** One boot's worth of a member. */
export const ReportIncarnation = z.object({ started: Instant, ended: Instant.optional() });
export type ReportIncarnation = z.infer<typeof ReportIncarnation>;

export const ReportMember = z.object({
  member: MemberName,
  role: z.string(),
  index: z.number().int(),
  node: NodeName,
  status: Running,
  /** false: its verdict does not decide the test. */
  essential: z.boolean().optional(),
  /** It has no script: the test's driver did all that happened on its machine. */
  driven: z.literal(true).optional(),
  exit: z.number().int().optional(),
  signal: z.string().optional(),
  /** What ended it from outside: "test over", "timeout". */
  stopped: z.string().optional(),
  /** It failed only because it was told of a break that this member caused. */
  because_of: MemberName.optional(),
  cause: z.string().optional(),
  /** When its script started, and when nothing of it was left. */
  started: Instant.optional(),
  ended: Instant.optional(),
  duration: Seconds.optional(),
  /** Only where its machine rebooted: from the first, between one and the next the machine was away. */
  incarnations: z.array(ReportIncarnation).optional(),
  dir: z.string(),
  /** Files of $TUTTI_OUT that were not kept, and why. */
  skipped: z.array(z.object({ path: z.string(), why: z.string() })).optional(),
});
export type ReportMember = z.infer<typeof ReportMember>;

export const ReportSubtest = z.object({
  name: z.string(),
  member: MemberName,
  status: z.enum(
    SUBTEST_STATUSES.map((status) => status.toUpperCase()) as [Uppercase<(typeof SUBTEST_STATUSES)[number]>],
  ),
  measure: z.number().optional(),
  unit: z.string().optional(),
  message: z.string().optional(),
  /** When it was reported. */
  at: Instant.optional(),
  duration: Seconds.optional(),
});
export type ReportSubtest = z.infer<typeof ReportSubtest>;

export const ReportArrival = z.object({ member: MemberName, at: Instant });
export type ReportArrival = z.infer<typeof ReportArrival>;

/** A barrier that was released. */
export const ReportBarrier = z.object({
  name: z.string(),
  generation: z.number().int(),
  size: z.number().int(),
  /** Seconds from first to last arrival. */
  skew: Seconds,
  released: Instant.optional(),
  /** In order: the last is the one that everybody waited for. Of many the first and the last ones. */
  arrivals: z.array(ReportArrival).optional(),
});
export type ReportBarrier = z.infer<typeof ReportBarrier>;

/** A wait that was no released barrier's: for a key, a message, a lock, or one that came to nothing. */
export const ReportWait = z.object({
  member: MemberName,
  /** `barrier "ready"` */
  what: z.string(),
  from: Instant,
  /** Absent: it went on until the attempt was over. */
  to: Instant.optional(),
  /** Absent: it got what it waited for. */
  error: z.string().optional(),
  /** Whom it waited for when it ended; of many the first ones. Where tests wait for each other `test/client.0`. */
  missing: z.array(z.string()).optional(),
});
export type ReportWait = z.infer<typeof ReportWait>;

/** Something that a script said by `tutti mark`. */
export const ReportMark = z.object({ member: MemberName, name: z.string(), at: Instant });
export type ReportMark = z.infer<typeof ReportMark>;

/** What a driver, or an operator, started on a member's machine. Its output is in `stdout.log` and `stderr.log` of `dir`. */
export const ReportCommand = z.object({
  member: MemberName,
  /** 1, 2, 3 … within its member. */
  number: z.number().int().positive(),
  name: z.string(),
  /** As a person would type it; of a long one the beginning. */
  command: z.string(),
  /** Who asked for it; absent: an operator. */
  by: MemberName.optional(),
  exit: z.number().int().optional(),
  signal: z.string().optional(),
  /** What ended it from outside. */
  stopped: z.string().optional(),
  /** Why there is neither an exit nor a signal. */
  cause: z.string().optional(),
  started: Instant.optional(),
  ended: Instant.optional(),
  duration: Seconds.optional(),
  dir: z.string(),
});
export type ReportCommand = z.infer<typeof ReportCommand>;

/** How many of each are left out of the report, because there were too many. */
export const ReportOmitted = z.object({
  subtests: Count.optional(),
  barriers: Count.optional(),
  arrivals: Count.optional(),
  waits: Count.optional(),
  marks: Count.optional(),
  commands: Count.optional(),
});
export type ReportOmitted = z.infer<typeof ReportOmitted>;

/** How a pause ended: by what an operator decided, because nobody did within its time, or because the run was cancelled. */
export const PAUSE_ENDS = ['continue', 'retry', 'abort', 'deadline', 'cancelled'] as const;

/** The attempt stood still at its first failure; what still ran went on. */
export const ReportPause = z.object({
  cause: z.string(),
  from: Instant,
  to: Instant.optional(),
  ended: z.enum(PAUSE_ENDS).optional(),
  /** Who decided, where that is known. */
  by: z.string().optional(),
  /** The same in a sentence. */
  note: z.string().optional(),
});
export type ReportPause = z.infer<typeof ReportPause>;

export const ReportAttempt = z.object({
  n: z.number().int(),
  status: Running,
  cause: z.string().optional(),
  /** When its members were told to start: seconds from the start of the run. */
  started: Seconds.optional(),
  duration: Seconds.optional(),
  members: z.array(ReportMember),
  subtests: z.array(ReportSubtest),
  barriers: z.array(ReportBarrier),
  waits: z.array(ReportWait).optional(),
  marks: z.array(ReportMark).optional(),
  /** In the order in which they were asked for. */
  commands: z.array(ReportCommand).optional(),
  pause: ReportPause.optional(),
  omitted: ReportOmitted.optional(),
});
export type ReportAttempt = z.infer<typeof ReportAttempt>;

export const ReportTest = z.object({
  name: z.string(),
  status: Running,
  /** It is ok, but only after another attempt was not. */
  flaky: z.boolean().optional(),
  /** Seconds from the start of the run. */
  started: Seconds.optional(),
  duration: Seconds.optional(),
  tags: z.array(z.string()).optional(),
  params: Params,
  cause: z.string().optional(),
  attempts: z.array(ReportAttempt),
});
export type ReportTest = z.infer<typeof ReportTest>;

export const Report = z.object({
  tutti: z.literal(REPORT_FORMAT),
  run: z.number().int().positive(),
  id: Id,
  suite: z.string(),
  /** RUNNING until it is known. */
  status: Running,
  cause: z.string().optional(),
  started: z.iso.datetime(),
  duration: Seconds.optional(),
  summary: ReportSummary,
  nodes: z.array(Facts.extend({ name: NodeName })),
  /** Before the first test and after the last; not among `tests`, and not in `summary`. */
  setup: ReportTest.optional(),
  teardown: ReportTest.optional(),
  tests: z.array(ReportTest),
});
export type Report = z.infer<typeof Report>;
