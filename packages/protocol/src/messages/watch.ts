/**
 * What a client sees change of all machines and all runs. It asks, and is answered when there is something; asked again with
 * what it was answered, it hears of everything since, each thing once and as it is now. So nothing is queued for a client
 * that is slow or away, and nothing is lost to it.
 */
import * as z from 'zod';
import { call } from '../entry.ts';
import { Id, NodeName, Seconds } from '../ids.ts';
import { Blob } from './tree.ts';
import { NodeView, RunNumber, RunRow } from './views.ts';

/** How far a client has seen the changes. */
export const SeenChanges = z.object({
  /** Of one process of the master: revisions of another one mean nothing. */
  epoch: Id,
  /** The revision at which it began with all that there was: what had gone by then it never had. */
  begun: z.number().int().nonnegative(),
  revision: z.number().int().nonnegative(),
});
export type SeenChanges = z.infer<typeof SeenChanges>;

const watchParams = z.object({
  /** Goes on there; default: from the beginning, with all that there is. */
  since: SeenChanges.optional(),
  /** Answered by then, with nothing if nothing has changed; default: when something has. */
  timeout: Seconds.positive().max(86_400).optional(),
});

const changes = <T extends z.ZodType, K extends z.ZodType>(item: T, key: K) =>
  z.object({
    /** To ask on with. */
    seen: SeenChanges,
    /** What the client had is void: all that there is comes anew, this is the beginning of it. */
    fresh: z.boolean(),
    /** New or changed, as they are now. */
    changed: z.array(item),
    gone: z.array(key),
    /** There is more at once. */
    more: z.boolean(),
  });

export const NodeChanges = changes(NodeView, NodeName);
export type NodeChanges = z.infer<typeof NodeChanges>;

export const RunChanges = changes(RunRow, RunNumber);
export type RunChanges = z.infer<typeof RunChanges>;

export const watchCalls = {
  'nodes.watch': call({
    directions: ['client→master'],
    params: watchParams,
    result: NodeChanges,
    idempotent: true,
    endsWithCaller: true,
    doc: 'Which nodes are new, changed or gone; answered as soon as one is, a page at a time. The first answers are all nodes, however many none.',
  }),
  'runs.watch': call({
    directions: ['client→master'],
    params: watchParams,
    result: RunChanges,
    idempotent: true,
    endsWithCaller: true,
    doc: 'The same of the runs that have not ended and of the last that have; those before them are `gone`, and found by `runs.list`. Their places in the queue are told there, too.',
  }),
  'blob.fetch': call({
    directions: ['client→master'],
    params: z.object({ blobs: z.array(Blob).min(1).max(256) }),
    result: z.object({}),
    idempotent: true,
    http: 'GET /api/v1/blobs/{digest}',
    doc: 'Sends contents that the master has as streams, one after the other; answered when all are complete.',
  }),
};
