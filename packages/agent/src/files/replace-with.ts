/**
 * Puts something in a file's or a link's place at once: whoever looks sees the old one or the new one, also after a crash.
 * It is built beside its place under a name that depends on what it is, so that what a killed agent left there is taken
 * away by the repetition and does not pile up.
 */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, copyFile, open, rename, rm, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ignore } from '../system/errno.ts';

/** Who builds under a name, so that two who do the same do not meet. */
const building = new Map<string, Promise<void>>();

/** `synced`: its contents are, before it is there; the directory is the caller's to sync. */
export async function replaceWithFile(
  path: string,
  { digest, source, mode, synced }: { digest: string; source: string; mode: number; synced: boolean },
): Promise<void> {
  await replace(path, digest, async (temporary) => {
    await copyFile(source, temporary, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
    if (synced) await sync(temporary);
    await chmod(temporary, mode);
  });
}

async function sync(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

export async function replaceWithLink(path: string, target: string): Promise<void> {
  await replace(path, target, (temporary) => symlink(target, temporary));
}

async function replace(
  path: string,
  what: string,
  build: (temporary: string) => Promise<void>,
): Promise<void> {
  const name = createHash('sha256')
    .update(`${basename(path)}\0${what}`)
    .digest('hex')
    .slice(0, 16);
  const temporary = join(dirname(path), `.tutti-${name}.new`);
  const before = building.get(temporary) ?? Promise.resolve();
  const mine = before
    .catch(() => undefined)
    .then(async () => {
      try {
        await build(temporary).catch(async (thrown: unknown) => {
          ignore(thrown, 'EEXIST');
          // What a killed agent has left; never written through, as it may be somebody's link.
          await rm(temporary, { force: true });
          await build(temporary);
        });
        await rename(temporary, path);
      } catch (thrown) {
        await rm(temporary, { force: true }).catch(() => undefined);
        throw thrown;
      }
    });
  building.set(temporary, mine);
  try {
    await mine;
  } finally {
    if (building.get(temporary) === mine) building.delete(temporary);
  }
}
