/** Tells when the files of a directory may have grown: inotify wakes, a sweep of 5 s is only the net. */
import { type FSWatcher, watch } from 'node:fs';
import type { Clock } from '@tutti/link';

export interface GrowthOptions {
  clock: Clock;
  wake: () => void;
  /** Called at most once: from then on there is the sweep alone. */
  onBlind: (error: unknown) => void;
}

const SWEEP_MS = 5000;

/** Wakes at once, and then after every change, until the returned function is called. */
export function watchGrowth(dir: string, { clock, wake, onBlind }: GrowthOptions): () => void {
  let cancel = () => {};
  const sweep = () => {
    cancel = clock.after(SWEEP_MS, sweep);
    wake();
  };
  const watcher = watchDirectory(dir, wake, onBlind);
  // What grew before the watch began.
  sweep();
  return () => {
    watcher?.close();
    cancel();
  };
}

/** Undefined where the kernel allows no more watches. */
function watchDirectory(
  dir: string,
  wake: () => void,
  onBlind: (error: unknown) => void,
): FSWatcher | undefined {
  try {
    const watcher = watch(dir, wake);
    watcher.once('error', (error) => {
      watcher.close();
      onBlind(error);
    });
    return watcher;
  } catch (error) {
    onBlind(error);
    return undefined;
  }
}
