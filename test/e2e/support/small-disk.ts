/** A disk that is soon full: a tmpfs of its own, gone with the test. Needs root. */
import { spawnSync } from 'node:child_process';
import { onTestFinished } from 'vitest';
import { temporaryDirectory } from './temporary-directory.ts';

/** `size` as mount takes it: `4m`. */
export async function mountSmall(size: string): Promise<string> {
  const dir = await temporaryDirectory();
  const { status, stderr } = spawnSync(
    'mount',
    ['-t', 'tmpfs', '-o', `size=${size},mode=700`, 'tutti-e2e', dir],
    {
      encoding: 'utf8',
    },
  );
  if (status !== 0) throw new Error(`a tmpfs cannot be mounted: ${stderr}`);
  // Lazily: whatever still lives in it is ended with the directory's name, after this.
  onTestFinished(() => void spawnSync('umount', ['--lazy', dir]));
  return dir;
}
