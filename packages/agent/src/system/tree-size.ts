/** The bytes that a tree takes on its disk; what cannot be looked at takes none. */
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** `stat` counts blocks of 512 bytes, whatever those of the file system are. */
const BLOCK = 512;

export async function treeSize(path: string): Promise<number> {
  try {
    const stats = await lstat(path);
    let size = stats.blocks * BLOCK;
    if (stats.isDirectory()) for (const name of await readdir(path)) size += await treeSize(join(path, name));
    return size;
  } catch {
    return 0;
  }
}
