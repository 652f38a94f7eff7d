/** `started.N`: that a start was decided, when, and where what belongs to it is. What the next agent needs to take over. */
import { readFileSync } from 'node:fs';
import type { MemberContext } from './context.ts';
import type { Layout } from './layout.ts';

export interface StartRecord {
  /** CLOCK_MONOTONIC in milliseconds, of the boot named by `boot`. */
  readonly at: number;
  readonly boot: string;
  readonly socket: string;
  readonly cgroup?: string;
}

export function newStartRecord(
  context: MemberContext,
  socket: string,
  cgroup: string | undefined,
): StartRecord {
  const at = context.clock.monotonicMs();
  return { at, boot: context.bootId, socket, ...(cgroup === undefined ? {} : { cgroup }) };
}

/** Undefined where no start was decided. */
export function readStartRecord(layout: Layout): StartRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(layout.started, 'utf8'));
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { at, boot, socket, cgroup } = value as Record<string, unknown>;
  if (typeof at !== 'number' || typeof boot !== 'string' || typeof socket !== 'string') return undefined;
  return { at, boot, socket, ...(typeof cgroup === 'string' ? { cgroup } : {}) };
}
