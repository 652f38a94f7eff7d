/** Whether the disk has room for new runs; what is under way goes on without. (DESIGN, section 7: `min-free`) */
import { statfs } from 'node:fs/promises';
import { TuttiError } from '@tutti/protocol';

export const MIN_FREE_BYTES = 1024 ** 3;

/** Throws `DISK_FULL` when less than `minFree` bytes are free where `path` is. */
export async function requireRoom(path: string, minFree: number): Promise<void> {
  const { bavail, bsize } = await statfs(path);
  const free = bavail * bsize;
  if (free >= minFree) return;
  throw new TuttiError(
    'DISK_FULL',
    `the disk of ${path} has ${mebibytes(free)} MiB left, and the master takes new runs only above ${mebibytes(minFree)} MiB`,
  );
}

function mebibytes(bytes: number): string {
  return (bytes / 1024 ** 2).toFixed(0);
}
