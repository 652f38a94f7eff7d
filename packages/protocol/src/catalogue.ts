/** The whole language between the parts of Tutti, in one table. Types, validation and docs/protocol.md derive from it. */
import type { z } from 'zod';
import type { CallEntry, Direction, EventEntry } from './entry.ts';
import { agentCalls, stagingCalls } from './messages/agent.ts';
import { clientCalls, clientEvents } from './messages/client.ts';
import { linkCalls, linkEvents } from './messages/link.ts';
import { syncCalls, syncEvents } from './messages/sync.ts';

/** A different major is refused; a newer minor is accepted. */
export const PROTOCOL = { major: 1, minor: 1 } as const;

/** The WebSocket subprotocol. */
export const SUBPROTOCOL = 'tutti.1';

export const calls = { ...linkCalls, ...agentCalls, ...stagingCalls, ...syncCalls, ...clientCalls };
export const events = { ...linkEvents, ...syncEvents, ...clientEvents };

type Calls = typeof calls;
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
