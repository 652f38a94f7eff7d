/** `report.yaml`, format version 1: written by the master, read by people, CLI and other tools. */
import { z } from 'zod';
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

export const ReportMember = z.object({
  member: MemberName,
  role: z.string(),
  index: z.number().int(),
  node: NodeName,
  status: Running,
  exit: z.number().int().optional(),
  signal: z.string().optional(),
  /** What ended it from outside: "test over", "timeout". */
  stopped: z.string().optional(),
  /** It failed only because it was told of a break that this member caused. */
  because_of: MemberName.optional(),
  cause: z.string().optional(),
  duration: Seconds.optional(),
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
});
export type ReportSubtest = z.infer<typeof ReportSubtest>;

export const ReportBarrier = z.object({
  name: z.string(),
  generation: z.number().int(),
  size: z.number().int(),
  /** Seconds from first to last arrival. */
  skew: Seconds,
});
export type ReportBarrier = z.infer<typeof ReportBarrier>;

export const ReportAttempt = z.object({
  n: z.number().int(),
  status: Running,
  cause: z.string().optional(),
  members: z.array(ReportMember),
  subtests: z.array(ReportSubtest),
  barriers: z.array(ReportBarrier),
});
export type ReportAttempt = z.infer<typeof ReportAttempt>;

export const ReportTest = z.object({
  name: z.string(),
  status: Running,
  duration: Seconds.optional(),
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
  tests: z.array(ReportTest),
});
export type Report = z.infer<typeof Report>;
