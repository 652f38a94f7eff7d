/** The whole language between the parts of Tutti, in one table. Types, validation and docs/protocol.md derive from it. */
import type { z } from 'zod';
import type { CallEntry, Direction, EventEntry } from './entry.ts';
import { agentCalls, stagingCalls } from './messages/agent.ts';
import { clientCalls, clientEvents } from './messages/client.ts';
import { linkCalls, linkEvents } from './messages/link.ts';
import { driveCalls, nodeCalls, onNodeCalls } from './messages/on-node.ts';
import { sessionCalls, sessionEvents } from './messages/sessions.ts';
import { syncCalls, syncEvents } from './messages/sync.ts';
import { terminalCalls } from './messages/terminal.ts';
import { watchCalls } from './messages/watch.ts';

/** A different major is refused; a newer minor is accepted. */
export const PROTOCOL = { major: 1, minor: 1 } as const;

/** The WebSocket subprotocol. */
export const SUBPROTOCOL = 'tutti.1';

/** Named, as it is too large to be written out in a declaration. */
type Calls = typeof linkCalls &
  typeof agentCalls &
  typeof stagingCalls &
  typeof syncCalls &
  typeof clientCalls &
  typeof driveCalls &
  typeof nodeCalls &
  typeof onNodeCalls &
  typeof terminalCalls &
  typeof sessionCalls &
  typeof watchCalls;

export const calls: Calls = {
  ...linkCalls,
  ...agentCalls,
  ...stagingCalls,
  ...syncCalls,
  ...clientCalls,
  ...driveCalls,
  ...nodeCalls,
  ...onNodeCalls,
  ...terminalCalls,
  ...sessionCalls,
  ...watchCalls,
};
export const events = { ...linkEvents, ...syncEvents, ...clientEvents, ...sessionEvents };

type Events = typeof events;

type InDirection<T, D extends Direction> = {
  [K in keyof T]: T[K] extends { directions: readonly (infer E)[] } ? (D extends E ? K : never) : never;
}[keyof T] &
  string;

/** The calls of the link itself are answered by the session, not by its owner. */
type LinkCall = keyof typeof linkCalls;
type LinkEvent = keyof typeof linkEvents;

/** What one side may call of the other, besides the link's own. */
export type CallName<D extends Direction> = Exclude<InDirection<Calls, D>, LinkCall>;
export type EventName<D extends Direction> = Exclude<InDirection<Events, D>, LinkEvent>;

/** What a client may call by HTTP as well: all that need no streams or events of a session. */
export type HttpCallName = {
  [K in CallName<'client→master'>]: Calls[K]['http'] extends string ? never : K;
}[CallName<'client→master'>];

export type CallParams<K extends keyof Calls> = z.infer<Calls[K]['params']>;
export type CallResult<K extends keyof Calls> = z.infer<Calls[K]['result']>;
export type EventParams<K extends keyof Events> = z.infer<Events[K]['params']>;

export type AnyCallName = keyof Calls;
export type AnyEventName = keyof Events;

export function findCall(name: string, direction: Direction): CallEntry | undefined {
  return find(calls as Record<string, CallEntry>, name, direction);
}

export function findEvent(name: string, direction: Direction): EventEntry | undefined {
  return find(events as Record<string, EventEntry>, name, direction);
}

function find<T extends CallEntry | EventEntry>(
  table: Record<string, T>,
  name: string,
  direction: Direction,
): T | undefined {
  if (!Object.hasOwn(table, name)) return undefined;
  const entry = table[name];
  return entry?.directions.includes(direction) ? entry : undefined;
}
