/**
 * Replaces a file as a whole: a reader sees the old contents or the new, also after a crash, and never a part.
 *
 * One writer per file. The temporary stands beside the file, under a fixed name, so that what a crash leaves
 * behind is overwritten the next time and does not pile up.
 */
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { TuttiError } from '@tutti/protocol';

export type ReplaceFile = (path: string, contents: string) => Promise<void>;

/** Throws `DISK_FULL` or `STATE_NOT_WRITABLE`; the old file is then whole. */
export const replaceFile: ReplaceFile = async (path, contents) => {
  const temporary = join(dirname(path), `.${basename(path)}.new`);
  try {
    await writeDurably(temporary, contents);
    await rename(temporary, path);
    await syncDirectory(dirname(path));
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw writeError(path, cause);
  }
};

async function writeDurably(path: string, contents: string): Promise<void> {
  const file = await open(path, 'w');
  try {
    await file.writeFile(contents);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Without this a crash could bring the old name back. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

function writeError(path: string, cause: unknown): TuttiError {
  const reason = (cause as NodeJS.ErrnoException).code;
  if (reason === 'ENOSPC' || reason === 'EDQUOT') {
    return new TuttiError('DISK_FULL', `cannot write ${path}: no room left on its disk`, { cause });
  }
  return new TuttiError('STATE_NOT_WRITABLE', `cannot write ${path}: ${(cause as Error).message}`, { cause });
}
