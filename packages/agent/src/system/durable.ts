/**
 * Small files that must be whole after a crash of the machine.
 *
 * Guarantees that a reader sees the old contents or the new ones, never a part, and that once `writeDurably` has
 * returned the new ones survive the loss of power.
 */
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { naming } from './errno.ts';

export async function writeDurably(path: string, text: string, mode = 0o600): Promise<void> {
  const temporary = `${path}.tmp`;
  try {
    const file = await open(temporary, 'w', mode);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await syncDirectory(dirname(path));
  } catch (thrown) {
    await rm(temporary, { force: true });
    throw naming(thrown, path);
  }
}

/** Makes the names in a directory durable: a new or renamed file can else be gone although its bytes were synced. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
