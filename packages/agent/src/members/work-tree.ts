/**
 * The suite's files as they were staged: contents, permission bits and links inside the tree, exactly.
 *
 * Files are copied (shared with the cache until written, where the file system can do that), never hard-linked: what a
 * script does to its files reaches nobody else's. The manifest's schema has already refused whatever leaves the tree.
 */
import { constants } from 'node:fs';
import { chmod, copyFile, mkdir, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { diskError } from '@tutti/link';
import { type Manifest, TuttiError } from '@tutti/protocol';
import { errnoOf } from '../system/errno.ts';

/** The part of the digest cache that is needed here. */
export interface Blobs {
  /** Where the contents of this digest are, if they are. */
  path(digest: string): string;
}

const AT_ONCE = 8;

export async function makeWorkTree(root: string, files: Manifest, blobs: Blobs): Promise<void> {
  await mkdir(root, { recursive: true });
  // Directories stay writable until what they hold is there.
  for (const entry of files)
    if (entry.kind === 'dir') await mkdir(join(root, entry.path), { recursive: true });
  for (let at = 0; at < files.length; at += AT_ONCE) {
    await Promise.all(files.slice(at, at + AT_ONCE).map((entry) => makeEntry(root, entry, blobs)));
  }
  for (const entry of files.toReversed()) {
    if (entry.kind === 'dir') await chmod(join(root, entry.path), entry.mode);
  }
}

async function makeEntry(root: string, entry: Manifest[number], blobs: Blobs): Promise<void> {
  if (entry.kind === 'dir') return;
  const path = join(root, entry.path);
  await mkdir(dirname(path), { recursive: true });
  if (entry.kind === 'link') {
    await symlink(entry.target, path);
    return;
  }
  try {
    await copyFile(blobs.path(entry.digest), path, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
    await chmod(path, entry.mode);
  } catch (thrown) {
    if (errnoOf(thrown) !== 'ENOENT') throw diskError(path, thrown);
    throw new TuttiError(
      'INTERNAL',
      `${entry.path} was not staged: its contents are not in the agent's cache`,
      { cause: thrown },
    );
  }
}
