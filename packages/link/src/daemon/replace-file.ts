/**
 * Replaces a file as a whole: a reader sees the old contents or the new, never a part, also after a crash of the
 * machine; when `replaceFile` has returned the new ones survive the loss of power.
 *
 * One writer per file. The temporary stands beside it under a fixed name, so that what a crash leaves behind is
 * overwritten the next time and does not pile up.
 */
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { TuttiError } from '@tutti/protocol';
import { diskError } from '../disk-error.ts';
import { synced } from './synced.ts';

export type ReplaceFile = (path: string, contents: string, mode?: number) => Promise<void>;

/** Throws `DISK_FULL` or `STATE_NOT_WRITABLE`; the old file is then whole. */
export const replaceFile: ReplaceFile = async (path, contents, mode = 0o666) => {
  const temporary = join(dirname(path), `.${basename(path)}.new`);
  try {
    const file = await open(temporary, 'w', mode);
    try {
      await file.writeFile(contents);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await syncDirectory(dirname(path));
    synced.publish({ path, size: Buffer.byteLength(contents) });
  } catch (thrown) {
    await rm(temporary, { force: true }).catch(() => undefined);
    const error = diskError(path, thrown);
    if (error.code === 'DISK_FULL') throw error;
    throw new TuttiError('STATE_NOT_WRITABLE', `cannot write ${path}: ${error.message}`, { cause: thrown });
  }
};

/** Makes the names in a directory durable: a renamed file can else be gone although its bytes were synced. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
