/**
 * Whether a disk is nearly full. The kernel tells nobody about that, so it is looked at every few seconds while somebody
 * runs who could fill it.
 */
import { statfsSync } from 'node:fs';
import type { Clock } from '@tutti/link';

const LOOK_MS = 5000;

/** What is free of what this user could use, as `df` counts it: 0 to 1. */
export function freeShare(path: string): number {
  const { blocks, bfree, bavail } = statfsSync(path);
  const usable = blocks - bfree + bavail;
  return usable === 0 ? 1 : bavail / usable;
}

/** Looks until the returned function is called; `onFull` may come again and again. */
export function watchSpace(options: {
  clock: Clock;
  isFull: () => boolean;
  isBusy: () => boolean;
  onFull: () => void;
}): () => void {
  const { clock, isFull, isBusy, onFull } = options;
  let cancel = () => {};
  const look = () => {
    cancel = clock.after(LOOK_MS, look);
    if (isBusy() && isFull()) onFull();
  };
  look();
  return () => cancel();
}
