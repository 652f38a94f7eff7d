/**
 * Makes a file or a directory on this machine, from contents in the digest cache.
 *
 * A file is there as a whole or as it was before, also when the disk is full or the agent is killed. A directory is made entry
 * by entry, into one that is there already: what it does not name stays. A link in the place of a file is replaced, not
 * followed; a directory in its place is refused.
 */
import { existsSync } from 'node:fs';
import { chmod, mkdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { syncDirectory } from '@tutti/link';
import { type Manifest, TuttiError } from '@tutti/protocol';
import { fileError } from './file-error.ts';
import { requireSize } from './read-tree.ts';
import { replaceWithFile, replaceWithLink } from './replace-with.ts';
import { syncFiles } from './sync-files.ts';

export interface TreeToWrite {
  readonly kind: 'file' | 'directory';
  readonly manifest: Manifest;
  /** Instead of what the manifest says of a file. */
  readonly mode?: number | undefined;
}

export interface Contents {
  path(digest: string): string;
  /** Also counts as a use, so that it stays for a while. */
  has(digest: string): Promise<boolean>;
}

export interface Written {
  files: number;
  bytes: number;
}

const AT_ONCE = 8;

/** Throws `DISK_FULL`, `FILE_REFUSED`, `TREE_TOO_BIG`; rejects between two entries when `signal` aborts. */
export async function writeTree(
  path: string,
  tree: TreeToWrite,
  { contents, node, signal }: { contents: Contents; node: string; signal: AbortSignal },
): Promise<Written> {
  const files = tree.manifest.filter((entry) => entry.kind === 'file');
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  requireSize(bytes, path, node);
  const changed = new Set<string>();
  const unsynced: string[] = [];
  /** Digests that are in the cache, and directories that are there. */
  const known = new Set<string>();

  const at = async (place: string, work: () => Promise<unknown>): Promise<void> => {
    signal.throwIfAborted();
    try {
      await work();
      changed.add(dirname(place));
    } catch (thrown) {
      throw fileError(place, node, 'written', thrown);
    }
  };
  const makeFile = async (place: string, entry: (typeof files)[number], mode: number): Promise<void> => {
    if (!known.has(entry.digest) && !(await contents.has(entry.digest)))
      throw new TuttiError('INTERNAL', `the contents of ${entry.path} are not in the cache of ${node}`);
    known.add(entry.digest);
    await at(place, async () => {
      await makeParent(place);
      // Of what replaces something the old one or the new one is there, whatever happens; what is new is synced at the end.
      const synced = tree.kind === 'file' || existsSync(place);
      const { digest } = entry;
      await replaceWithFile(place, { digest, source: contents.path(digest), mode, synced });
      if (!synced) unsynced.push(place);
    });
  };

  if (tree.kind === 'file') {
    const [only] = files;
    if (only === undefined || tree.manifest.length !== 1)
      throw new TuttiError('BAD_PARAMS', 'the manifest of a file has one entry, a file');
    if (await isDirectory(path))
      throw new TuttiError(
        'FILE_REFUSED',
        `${path} on ${node} is a directory; name the file in it: ${join(path, basename(only.path))}`,
        { details: { directory: true } },
      );
    await makeFile(path, only, tree.mode ?? only.mode);
  } else {
    await at(path, () => mkdir(path, { recursive: true }));
    const dirs = tree.manifest.filter((entry) => entry.kind === 'dir');
    // They stay writable until what they hold is there.
    for (const dir of dirs)
      await at(join(path, dir.path), () => mkdir(join(path, dir.path), { recursive: true }));
    const queue = tree.manifest.filter((entry) => entry.kind !== 'dir');
    const worker = async () => {
      for (let entry = queue.shift(); entry !== undefined; entry = queue.shift()) {
        const place = join(path, entry.path);
        try {
          if (entry.kind === 'file') await makeFile(place, entry, entry.mode);
          else await makeLink(place, entry.target);
        } catch (thrown) {
          // It is told as a whole: nobody needs the rest.
          queue.length = 0;
          throw thrown;
        }
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    await at(path, () => syncFiles(path, unsynced));
    for (const dir of dirs.toReversed())
      await at(join(path, dir.path), () => chmod(join(path, dir.path), dir.mode));
  }
  for (const each of changed) await sync(each);
  return { files: files.length, bytes };

  async function makeParent(place: string): Promise<void> {
    const parent = dirname(place);
    if (known.has(parent)) return;
    await mkdir(parent, { recursive: true });
    known.add(parent);
  }

  async function makeLink(place: string, target: string): Promise<void> {
    await at(place, async () => {
      await makeParent(place);
      await replaceWithLink(place, target);
    });
  }

  /** One that may not be read can still be written into. */
  async function sync(directory: string): Promise<void> {
    try {
      await syncDirectory(directory);
    } catch (thrown) {
      const error = fileError(directory, node, 'written', thrown);
      if (error.code !== 'FILE_REFUSED') throw error;
    }
  }
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}
