/**
 * Waits until a path exists, told by the file system. What is watched is the path's folder or, where that does not exist
 * yet, the nearest one above it that does, moving closer as folders appear. A folder that is removed is survived.
 *
 * Not every change is told: on a network file system another machine's are not, and a kernel can run out of watches. So
 * there is a look once a second as well; it is only the net.
 */
import { existsSync, type FSWatcher, statSync, watch } from 'node:fs';
import { resolve as absolute, dirname } from 'node:path';
import { TuttiError } from '../errors.ts';

const NET_MS = 1000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** @throws TuttiError TIMED_OUT */
export function waitForFile(path: string, seconds: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let watcher: FSWatcher | undefined;
    let watched = '';
    let over = false;

    const end = (settle: () => void): void => {
      over = true;
      clearInterval(net);
      clearTimeout(limit);
      watcher?.close();
      settle();
    };
    const look = (): void => {
      while (!over) {
        if (existsSync(path)) return end(resolve);
        const { folder, identity } = nearestFolder(path);
        if (identity === watched) return;
        watcher?.close();
        watched = identity;
        watcher = watchFolder(folder, look);
        // Look again: the file may have come before the watch did.
      }
    };
    const net = setInterval(look, NET_MS);
    const limit = setTimeout(
      () =>
        end(() => reject(new TuttiError('TIMED_OUT', `wait-for file ${path}: not there after ${seconds} s`))),
      Math.min(seconds * 1000, LONGEST_TIMER_MS),
    );
    look();
  });
}

/** A folder made anew under the same name is another one: it needs another watch. */
function nearestFolder(path: string): { folder: string; identity: string } {
  for (let folder = dirname(absolute(path)); ; folder = dirname(folder)) {
    try {
      const { dev, ino, birthtimeMs } = statSync(folder);
      if (existsSync(`${folder}/.`)) return { folder, identity: `${dev}:${ino}:${birthtimeMs}` };
    } catch {
      // not there, or not for us to see: the one above
    }
    if (folder === dirname(folder)) return { folder, identity: folder };
  }
}

function watchFolder(folder: string, look: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(folder, look);
    watcher.on('error', () => watcher.close()); // the net remains
    return watcher;
  } catch {
    return undefined;
  }
}
