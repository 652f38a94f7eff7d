/**
 * `stop.N`: a stop was decided, and why. Written before anybody is signalled, so that a script which is not yet there to be
 * signalled is not started either; and read by the next agent, so that the first reason stays the reason.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { StopReason } from '@tutti/protocol';
import type { Layout } from './layout.ts';

/** Without a reason it only keeps the script from starting. */
export function markStop(layout: Layout, reason: StopReason | ''): void {
  writeFileSync(layout.stop, reason, { mode: 0o644 });
}

export function readStop(layout: Layout): StopReason | undefined {
  try {
    const parsed = StopReason.safeParse(readFileSync(layout.stop, 'utf8'));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
