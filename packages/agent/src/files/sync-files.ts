/** Brings many files to the disk at once: a sync of each costs milliseconds, one of their file system hardly more. */
import { execFile } from 'node:child_process';
import { open } from 'node:fs/promises';
import { promisify } from 'node:util';
import { SYSTEM_PATH } from '../members/machine-environment.ts';

const run = promisify(execFile);

/** `root`: a directory on their file system. */
export async function syncFiles(root: string, paths: readonly string[]): Promise<void> {
  if (paths.length === 0) return;
  try {
    await run('sync', ['-f', root], { env: { PATH: SYSTEM_PATH } });
  } catch {
    // Small systems have none that can do that.
    for (const path of paths) {
      const file = await open(path, 'r');
      try {
        await file.sync();
      } finally {
        await file.close();
      }
    }
  }
}
