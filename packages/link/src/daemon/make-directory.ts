/**
 * `mkdir -p` for paths that people give. Node's own recursive mkdir tries for ever where the parent exists and the
 * kernel still answers ENOENT, as it does in /proc.
 */
import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/** `mode` is for the directories that are made. Throws what mkdir(2) says, also when the path is a file. */
export async function makeDirectory(path: string, mode = 0o777): Promise<void> {
  try {
    await mkdir(path, mode);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && (await stat(path)).isDirectory()) return;
    if (code !== 'ENOENT' || dirname(path) === path) throw error;
    await makeDirectory(dirname(path), mode);
    await mkdir(path, mode).catch((again: unknown) => {
      // Somebody else made it meanwhile.
      if ((again as NodeJS.ErrnoException).code !== 'EEXIST') throw again;
    });
  }
}
