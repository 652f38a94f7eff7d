/**
 * Waits until a path exists, told by the file system. What is watched is the path's directory or, where that does not exist
 * yet, the nearest one above it that does, moving closer as directories appear; one that is removed is survived.
 *
 * Not every change is told: on a network file system another machine's are not, and a kernel can run out of watches. So
 * there is a look every few seconds as well; it is only the net.
 */
import { existsSync, type FSWatcher, statSync, watch } from 'node:fs';
import { dirname } from 'node:path';
import { type Timer, timer } from '../system/timer.ts';

const NET_MS = 5000;

/** `path`: absolute. Rejects with the reason of `signal` when it aborts. */
export async function untilExists(path: string, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const abort = () => reject(signal.reason);
  signal.addEventListener('abort', abort);
  const stop = onNearby(path, () => {
    if (existsSync(path)) resolve();
  });
  try {
    await promise;
  } finally {
    stop();
    signal.removeEventListener('abort', abort);
  }
}

/** Calls back at once, and whenever something may have happened to this path, until the returned function is called. */
export function onNearby(path: string, look: () => void): () => void {
  let watcher: FSWatcher | undefined;
  let watched = '';
  let over = false;
  let netting: Timer | undefined;

  const wake = (): void => {
    if (over) return;
    for (;;) {
      const { directory, identity } = nearestDirectory(path);
      if (identity === watched) break;
      watcher?.close();
      watched = identity;
      watcher = watchDirectory(directory, wake);
      // Looked at again: the next directory may have come before the watch did.
    }
    look();
  };
  const net = (): void => {
    netting = timer(NET_MS, net);
    wake();
  };
  net();
  return () => {
    over = true;
    watcher?.close();
    netting?.clear();
  };
}

/** A directory made anew under the same name is another one: it needs another watch. */
function nearestDirectory(path: string): { directory: string; identity: string } {
  for (let directory = dirname(path); ; directory = dirname(directory)) {
    try {
      const stats = statSync(directory);
      if (stats.isDirectory())
        return { directory, identity: `${stats.dev}:${stats.ino}:${stats.birthtimeMs}` };
    } catch {
      // Not there, or not for this user to see: the one above.
    }
    if (directory === dirname(directory)) return { directory, identity: directory };
  }
}

function watchDirectory(directory: string, wake: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(directory, wake);
    // The net remains.
    watcher.on('error', () => watcher.close());
    return watcher;
  } catch {
    return undefined;
  }
}
