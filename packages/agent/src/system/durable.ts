/** What must outlast a machine that goes down: logs and whole trees, brought to the disk before somebody relies on them. */
import type { Stats } from 'node:fs';
import { type FileHandle, lstat, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { diskError, syncDirectory, synced } from '@tutti/link';
import { errnoOf } from './errno.ts';

/** Brings what the file holds now to the disk. Rejects with `DISK_FULL` where there is no room for it. */
export async function syncData(file: FileHandle, path: string): Promise<void> {
  // The size first: what is appended meanwhile may not be included.
  const size = synced.hasSubscribers ? (await file.stat()).size : 0;
  try {
    await file.datasync();
  } catch (thrown) {
    throw diskError(path, thrown);
  }
  if (synced.hasSubscribers) synced.publish({ path, size });
}

/** Brings a whole tree to the disk, names too. What vanishes meanwhile, or may not be read, is passed over. */
export async function syncTree(path: string): Promise<void> {
  const found = await look(path);
  if (found?.isFile()) await syncFile(path);
  if (!found?.isDirectory()) return;
  for (const name of await readdir(path).catch(() => [])) await syncTree(join(path, name));
  await passOver(syncDirectory(path));
}

async function syncFile(path: string): Promise<void> {
  await passOver(
    (async () => {
      const file = await open(path, 'r');
      try {
        await syncData(file, path);
      } finally {
        await file.close();
      }
    })(),
  );
}

async function look(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch {
    return undefined;
  }
}

async function passOver(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (thrown) {
    if (!['ENOENT', 'EACCES', 'EPERM'].includes(errnoOf(thrown) ?? '')) throw thrown;
  }
}
