/** What became of a test in run after run, and how machines have fared of late. */
import * as z from 'zod';
import { NodeName, Seconds } from '../ids.ts';
import { RunNumber, StatusName } from './views.ts';

const Count = z.number().int().nonnegative();
const Cause = z.string().max(2000);

/** Where a result stands among those of its test: the newest is the highest. */
export const ResultPlace = z.object({ run: RunNumber, index: Count });
export type ResultPlace = z.infer<typeof ResultPlace>;

/** One result of a test. */
export const TestResult = ResultPlace.extend({
  suite: z.string(),
  status: StatusName,
  cause: Cause.optional(),
  /** When it began: Unix ms, master time. Absent: it never did. */
  started: z.number().optional(),
  duration: Seconds.optional(),
  attempts: Count,
  /** The machines of all its attempts: how many members each ran, and how many of those did not end well. */
  nodes: z.array(z.object({ node: NodeName, members: Count, notOk: Count })).max(32),
  /** Machines beyond those. */
  moreNodes: Count.optional(),
});
export type TestResult = z.infer<typeof TestResult>;

/** How the last members that ran on a machine ended. Who failed only because of another member is not held against it. */
export const NodeHealth = z.object({
  node: NodeName,
  /** So many of the last are looked at: at most 100. */
  members: Count,
  /** The oldest of them: Unix ms, master time. */
  since: z.number().optional(),
  fail: Count,
  /** Without those that were lost. */
  error: Count,
  lost: Count,
  trouble: z
    .object({
      run: RunNumber,
      test: z.string(),
      member: z.string(),
      status: StatusName,
      cause: Cause.optional(),
      at: z.number(),
    })
    .optional()
    .describe('the last of them'),
});
export type NodeHealth = z.infer<typeof NodeHealth>;
