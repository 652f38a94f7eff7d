/**
 * What master and agent have in common as processes: the line that says they are ready, clean ends, and the
 * lifeline of private ones.
 *
 * A private daemon belongs to the process that holds the other end of its stdin: at end-of-file it ends all
 * that it started and deletes its state. However that process ends, even by kill -9, nothing is left.
 */
import { rm } from 'node:fs/promises';
import { EXIT } from '@tutti/protocol';

export interface RunningDaemon {
  /** Printed as `ready {…}` once it is; resolves when that is the case. */
  ready: Promise<Record<string, unknown>>;
  /** Rejects when the daemon cannot go on. */
  failed?: Promise<never>;
  close(options: { private: boolean }): Promise<void>;
  /** Deleted when a private daemon ends. */
  state: string;
}

/** Runs until it is told to stop. Resolves with the exit status; rejects with what went wrong. */
export async function runDaemon(
  daemon: RunningDaemon,
  { isPrivate }: { isPrivate: boolean },
): Promise<number> {
  const stop = Promise.withResolvers<void>();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      stop.resolve();
      // A second one means it: do not wait for anything.
      process.once(signal, () => process.exit(EXIT.interrupted));
    });
  }
  if (isPrivate) watchLifeline(() => stop.resolve());
  // Whoever started it may have gone: then there is nobody to tell.
  process.stdout.on('error', () => {});
  const failed = daemon.failed ?? new Promise<never>(() => {});
  try {
    await Promise.race([daemon.ready.then(sayReady), stop.promise, failed]);
    await Promise.race([stop.promise, failed]);
    return EXIT.ok;
  } finally {
    await daemon.close({ private: isPrivate });
    if (isPrivate) await rm(daemon.state, { recursive: true, force: true });
  }
}

function sayReady(about: Record<string, unknown>): void {
  process.stdout.write(`ready ${JSON.stringify({ ...about, pid: process.pid })}\n`);
}

function watchLifeline(gone: () => void): void {
  process.stdin.on('end', gone);
  process.stdin.on('error', gone);
  process.stdin.resume();
}
