/** What a webhook is told of a run: the body of the request, `docs/schema/notification.json`. */
import * as z from 'zod';
import { Id, Seconds } from './ids.ts';
import { ReportSummary } from './report.ts';
import { STATUSES } from './statuses.ts';

export const NOTIFICATION_FORMAT = 1;

export const NOTIFICATION_EVENTS = ['started', 'paused', 'first-failure', 'finished'] as const;
export type NotificationEvent = (typeof NOTIFICATION_EVENTS)[number];

const Verdict = z.enum(STATUSES);

export const Notification = z.object({
  tutti: z.literal(NOTIFICATION_FORMAT),
  event: z.enum(NOTIFICATION_EVENTS),
  /** The same however often it is sent. */
  delivery: Id,
  /** When it happened, by the master's clock. */
  at: z.iso.datetime(),
  master: Id,
  run: z.object({
    number: z.number().int().positive(),
    id: Id,
    suite: z.string(),
    /** Absent until it has finished. */
    status: Verdict.optional(),
    cause: z.string().optional(),
    /** The exit status of `tutti run`. */
    exit: z.number().int().optional(),
    started: z.iso.datetime(),
    duration: Seconds.optional(),
    /** Of its tests so far. */
    summary: ReportSummary,
  }),
  /** Of `paused`: the first test that stands still at a failure, and when it goes on by itself. */
  pause: z.object({ test: z.string(), cause: z.string(), until: z.iso.datetime() }).optional(),
  /** Of `first-failure`: the first test that ended and was not ok. */
  failure: z.object({ test: z.string(), status: Verdict, cause: z.string().optional() }).optional(),
});
export type Notification = z.infer<typeof Notification>;
