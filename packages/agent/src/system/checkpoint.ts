/**
 * A span of time that outlasts its process. It is exact as long as the machine stays up, because it is kept against an
 * instant of CLOCK_MONOTONIC; after a reboot what the last checkpoint says holds, since that clock has begun anew and no
 * other can be trusted. The time in which the machine was down is not counted.
 */
import { replaceFile } from '@tutti/link';
import { readObject } from './json-file.ts';

/** An instant of a machine's own time: CLOCK_MONOTONIC in milliseconds, and the boot that it belongs to. */
export interface Instant {
  readonly boot: string;
  readonly at: number;
}

/** `span`: the milliseconds that it was then. */
export interface Checkpoint extends Instant {
  readonly span: number;
}

/** Milliseconds from the checkpoint until now, as far as they are known. */
export function since(checkpoint: Instant, now: Instant): number {
  return checkpoint.boot === now.boot ? Math.max(0, now.at - checkpoint.at) : 0;
}

/** Undefined where none was written, or a crash took it. */
export function readCheckpoint(path: string): Checkpoint | undefined {
  const { boot, at, span } = readObject(path) ?? {};
  if (typeof boot !== 'string' || typeof at !== 'number' || typeof span !== 'number') return undefined;
  return { boot, at, span };
}

export async function writeCheckpoint(path: string, checkpoint: Checkpoint): Promise<void> {
  await replaceFile(path, JSON.stringify(checkpoint), 0o600);
}
