/**
 * The sync verbs. One declaration serves three callers: a script on its local socket sends the `args`
 * as they stand here; an agent passes them to the master as the call `sync.<verb>`, wrapped in who asks.
 */
import * as z from 'zod';
import { call, event } from '../entry.ts';
import { Id, Identifier, MonotonicMs, RequestId, Seconds, SyncName } from '../ids.ts';
import { JsonValue } from '../json.ts';

/** Which space is meant: that of the caller's attempt, or the one that all tests of its run share. */
export const Scope = z.enum(['attempt', 'run']);
export type Scope = z.infer<typeof Scope>;

/** The space of the attempt, if not given. */
const scope = Scope.optional();

const BarrierArgs = z.object({
  name: SyncName,
  scope,
  /** Any n distinct members; in run scope required, and the only way to say who takes part. */
  count: z.number().int().optional(),
  /** All members of these roles. */
  roles: z.array(Identifier).min(1).optional(),
  /** Just these: `client.0`, or `client` where the role has one member. */
  members: z.array(z.string()).min(1).optional(),
  timeout: Seconds.optional(),
  data: JsonValue.optional(),
});
export type BarrierArgs = z.infer<typeof BarrierArgs>;

const Released = z.object({
  generation: z.number().int().nonnegative(),
  /** Order of arrival, 0-based. */
  rank: z.number().int().nonnegative(),
  size: z.number().int().positive(),
});

/** Every participant's data in order of arrival (in run scope by `test/client.0`), null for who gave none; empty when nobody gave any. */
const BarrierData = z.record(z.string(), JsonValue);

/** Of a topic. `found` is false only for who does not wait; then there is no data, and `offset` is the next one's. */
const Message = z.object({ found: z.boolean(), offset: z.number().int().nonnegative(), data: JsonValue });

export interface Verb<A extends z.ZodType, R extends z.ZodType, W extends z.ZodType> {
  args: A;
  /** What a script gets. */
  result: R;
  /** What the master answers to the agent; differs where many get the same bulk. */
  wire: W;
  doc: string;
}

function verb<A extends z.ZodType, R extends z.ZodType, W extends z.ZodType = R>(
  entry: Omit<Verb<A, R, W>, 'wire'> & { wire?: W },
): Verb<A, R, W> {
  return { ...entry, wire: (entry.wire ?? entry.result) as W };
}

export const syncVerbs = {
  barrier: verb({
    args: BarrierArgs,
    result: Released.extend({ data: BarrierData }),
    wire: Released.extend({ hasData: z.boolean() }),
    doc: 'Waits until all participants have arrived. `hasData`: an event `barrier.data` came before this answer.',
  }),
  abort: verb({
    args: z.object({ name: SyncName, scope, reason: z.string().max(4096) }),
    result: z.object({}),
    doc: 'Fails all waiters of a barrier, and every later arrival, with the reason.',
  }),
  set: verb({
    args: z.object({ key: SyncName, scope, value: JsonValue }),
    result: z.object({}),
    doc: 'Sets a key and wakes who waits for it.',
  }),
  get: verb({
    args: z.object({ key: SyncName, scope, wait: z.boolean().optional(), timeout: Seconds.optional() }),
    result: z.object({ found: z.boolean(), value: JsonValue }),
    doc: "A key's value; with `wait`, as soon as it is set. `value` is null where `found` is false.",
  }),
  incr: verb({
    args: z.object({ key: SyncName, scope, by: z.number().int().optional() }),
    result: z.object({ value: z.number().int() }),
    doc: 'Adds to a whole number atomically (a key not set counts as 0) and returns the new value.',
  }),
  keys: verb({
    args: z.object({ prefix: z.string().optional(), scope }),
    result: z.object({ keys: z.array(z.string()) }),
    doc: 'The names of the keys that are set, sorted.',
  }),
  send: verb({
    args: z.object({ topic: SyncName, scope, data: JsonValue }),
    result: z.object({ offset: z.number().int().nonnegative() }),
    doc: 'Appends a message to a topic and returns its offset.',
  }),
  recv: verb({
    args: z.object({
      topic: SyncName,
      scope,
      /** The message at this offset, whatever was received before; moves nothing and needs no acknowledgement. */
      from: z.number().int().nonnegative().optional(),
      /** True, if not given. */
      wait: z.boolean().optional(),
      timeout: Seconds.optional(),
    }),
    result: Message,
    doc: "The member's next message of a topic. It is the same one again until `ack` has named this request.",
  }),
  take: verb({
    args: z.object({ topic: SyncName, scope, wait: z.boolean().optional(), timeout: Seconds.optional() }),
    result: Message,
    doc: 'The oldest message of a topic that nobody has taken. It is consumed when `ack` has named this request.',
  }),
  ack: verb({
    args: z.object({ request: RequestId, scope }),
    result: z.object({}),
    doc: 'The message that the `recv` or `take` of this request id was given is consumed.',
  }),
  hold: verb({
    args: z.object({ request: RequestId, scope }),
    result: z.object({}),
    doc: 'Sent right behind a `recv` or `take`, on the same connection: stays unanswered until its message is acknowledged. If it is withdrawn before, which a closed connection does, the message goes back.',
  }),
  lock: verb({
    args: z.object({
      name: SyncName,
      scope,
      /** How many members can hold it at a time: 1, if not given. */
      slots: z.number().int().positive().optional(),
      timeout: Seconds.optional(),
    }),
    result: z.object({}),
    doc: "Waits until the lock is this member's. It is given up by `unlock`, or when the member ends.",
  }),
  unlock: verb({
    args: z.object({ name: SyncName, scope }),
    result: z.object({}),
    doc: 'Gives up a lock that this member holds; the next who waits gets it.',
  }),
};

export type SyncVerb = keyof typeof syncVerbs;
export const SYNC_VERBS = Object.keys(syncVerbs) as SyncVerb[];
export type SyncArgs<V extends SyncVerb> = z.infer<(typeof syncVerbs)[V]['args']>;
export type SyncResult<V extends SyncVerb> = z.infer<(typeof syncVerbs)[V]['result']>;
export type SyncWire<V extends SyncVerb> = z.infer<(typeof syncVerbs)[V]['wire']>;

function wireCall<A extends z.ZodType, W extends z.ZodType>({
  args,
  wire,
  doc,
}: {
  args: A;
  wire: W;
  doc: string;
}) {
  return call({
    directions: ['agent→master'],
    params: z.object({
      member: Id,
      /** Chosen by the script's SDK. The same request always gets the same answer. */
      request: RequestId,
      /** When the agent first got it, by the agent's monotonic clock; a repetition carries the original time. */
      at: MonotonicMs,
      args,
    }),
    result: wire,
    idempotent: true,
    doc,
  });
}

export const syncCalls = {
  'sync.barrier': wireCall(syncVerbs.barrier),
  'sync.abort': wireCall(syncVerbs.abort),
  'sync.set': wireCall(syncVerbs.set),
  'sync.get': wireCall(syncVerbs.get),
  'sync.incr': wireCall(syncVerbs.incr),
  'sync.keys': wireCall(syncVerbs.keys),
  'sync.send': wireCall(syncVerbs.send),
  'sync.recv': wireCall(syncVerbs.recv),
  'sync.take': wireCall(syncVerbs.take),
  'sync.ack': wireCall(syncVerbs.ack),
  'sync.hold': wireCall(syncVerbs.hold),
  'sync.lock': wireCall(syncVerbs.lock),
  'sync.unlock': wireCall(syncVerbs.unlock),
};

export const syncEvents = {
  'barrier.data': event({
    directions: ['master→agent'],
    params: z.object({
      /** Of the space: the attempt's id, or in run scope the run's. */
      attempt: Id,
      name: SyncName,
      generation: z.number().int().nonnegative(),
      /** JSON text of an object, member → value, in order of arrival: as text it keeps the bound of its limit. */
      json: z.string(),
    }),
    doc: "All participants' data of one release as JSON text, encoded once and sent to every agent just before its answers.",
  }),
};
