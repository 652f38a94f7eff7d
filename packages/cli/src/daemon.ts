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
  /** On SIGHUP: reads again what can be. */
  reload?(): Promise<void>;
  /** Deleted when a private daemon ends. */
  state: string;
}

/** Runs until it is told to stop. Resolves with the exit status; rejects with what went wrong. */
export async function runDaemon(
  daemon: RunningDaemon,
  { isPrivate }: { isPrivate: boolean },
): Promise<number> {
  const stop = Promise.withResolvers<void>();
  let stopping = false;
  const tell = () => {
    stopping = true;
    stop.resolve();
  };
  let signalled = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      // A second one, of either kind, means it: do not wait for anything.
      if (signalled) process.exit(EXIT.interrupted);
      signalled = true;
      tell();
    });
  }
  // Otherwise it ends the process, as of old.
  if (daemon.reload !== undefined) process.on('SIGHUP', () => void daemon.reload?.());
  if (isPrivate) watchLifeline(tell);
  // Whoever started it may have gone: then there is nobody to tell.
  process.stdout.on('error', () => {});
  const failed = daemon.failed ?? new Promise<never>(() => {});
  try {
    const ready = daemon.ready.then((about) => {
      // Nobody should begin to use what is about to end.
      if (!stopping) sayReady(about);
    });
    await Promise.race([ready, stop.promise, failed]);
    await Promise.race([stop.promise, failed]);
    return EXIT.ok;
  } finally {
    stopping = true;
    try {
      await daemon.close({ private: isPrivate });
    } finally {
      if (isPrivate) await rm(daemon.state, { recursive: true, force: true });
      // Its other end may stay open; this process need not.
      process.stdin.pause();
    }
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
