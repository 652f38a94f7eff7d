/** `started.N`: that a start was decided, when, and where what belongs to it is. What the next agent needs to take over. */
import type { Instant } from '../system/checkpoint.ts';
import { readObject } from '../system/json-file.ts';
import type { MemberContext } from './context.ts';
import type { Layout } from './layout.ts';

export interface StartRecord extends Instant {
  /** Of what has a local socket of its own. */
  readonly socket?: string;
  readonly cgroup?: string;
}

export function newStartRecord(
  context: MemberContext,
  socket: string | undefined,
  cgroup: string | undefined,
): StartRecord {
  return {
    ...context.now(),
    ...(socket === undefined ? {} : { socket }),
    ...(cgroup === undefined ? {} : { cgroup }),
  };
}

/** Undefined where no start was decided. */
export function readStartRecord(layout: Layout): StartRecord | undefined {
  const { at, boot, socket, cgroup } = readObject(layout.started) ?? {};
  if (typeof at !== 'number' || typeof boot !== 'string') return undefined;
  return {
    at,
    boot,
    ...(typeof socket === 'string' ? { socket } : {}),
    ...(typeof cgroup === 'string' ? { cgroup } : {}),
  };
}
