/** Files between this machine and another, by way of the master: only what the other end lacks travels. */
import { randomBytes } from 'node:crypto';
import { chmod, constants, copyFile, mkdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { BlobCache, diskError, type StreamSink } from '@tutti/link';
import { type Blob, Manifest, type StagedTree, TuttiError, validate } from '@tutti/protocol';
import type { MasterClient } from '../master-client.ts';
import { stageFiles, stageJson } from '../stage.ts';
import type { Found } from '../suite/staging/found.ts';
import { manifestOf } from '../suite/staging/manifest.ts';
import { walk } from '../suite/staging/walk.ts';

/** A file or a directory of this machine, brought to the master. Throws `USAGE` where there is none. */
export async function stageTree(
  client: MasterClient,
  path: string,
  signal: AbortSignal | undefined,
): Promise<StagedTree> {
  const stats = await stat(path).catch((cause: unknown) => {
    throw new TuttiError('USAGE', `${path} cannot be sent: ${(cause as Error).message}`, { cause });
  });
  const kind = stats.isDirectory() ? 'directory' : 'file';
  if (!stats.isDirectory() && !stats.isFile())
    throw new TuttiError('USAGE', `${path} cannot be sent: it is neither a file nor a directory`);
  const found: readonly Found[] = stats.isDirectory()
    ? (await walk(path, '', { all: true })).found
    : [{ kind: 'file', path: basename(path), absolute: path, mode: stats.mode & 0o777, size: stats.size }];
  const { files, sources } = await manifestOf(found);
  await stageFiles(client, files, sources, signal);
  return { kind, manifest: await stageJson(client, files, signal) };
}

/** As many as one call takes. */
const AT_ONCE = 256;

/**
 * Writes to `to` what the master has: whole or not at all. A directory has to be new or empty. Throws `USAGE`, `DISK_FULL`,
 * `FILES_GONE`.
 */
export async function fetchTree(
  client: MasterClient,
  { kind, manifest }: StagedTree,
  to: string,
  signal: AbortSignal | undefined,
): Promise<{ files: number; bytes: number }> {
  const partial = join(dirname(to), `.${basename(to)}.part-${randomBytes(4).toString('hex')}`);
  const local = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (thrown) {
      throw notWritable(to, thrown);
    }
  };
  await local(mkdir(partial, { mode: 0o700 }));
  try {
    const cache = await BlobCache.open(join(partial, 'contents'), { keep: Number.MAX_SAFE_INTEGER });
    await fetchContents(client, [manifest], cache, signal);
    const json: unknown = JSON.parse(await readFile(cache.path(manifest.digest), 'utf8'));
    const entries = validate(Manifest, json, 'BAD_RESULT', 'the list of files that the machine sent');
    const files = entries.filter((entry) => entry.kind === 'file');
    const [only] = files;
    if (kind === 'file' && (only === undefined || entries.length !== 1))
      throw new TuttiError('BAD_RESULT', 'the machine sent no file');
    await fetchContents(client, files, cache, signal);
    const tree = join(partial, 'tree');
    await local(build(entries, tree, cache));
    await local(rename(kind === 'file' && only !== undefined ? join(tree, only.path) : tree, to));
    return { files: files.length, bytes: files.reduce((sum, { size }) => sum + size, 0) };
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

async function fetchContents(
  client: MasterClient,
  contents: readonly Blob[],
  cache: BlobCache,
  signal: AbortSignal | undefined,
): Promise<void> {
  const unique = [...new Map(contents.map(({ digest, size }) => [digest, { digest, size }])).values()];
  const accept = (blob: Blob): Promise<StreamSink> => cache.writer(blob.digest, blob.size);
  for (let at = 0; at < unique.length; at += AT_ONCE) {
    const part = unique.slice(at, at + AT_ONCE);
    const stop = client.receiveBlobs(part, accept);
    try {
      await client.call('blob.fetch', { blobs: part }, signal);
    } finally {
      stop();
    }
  }
}

/** Parents come before what they hold, and nothing leads out: the schema says so. Links come last. */
async function build(entries: Manifest, root: string, cache: BlobCache): Promise<void> {
  await mkdir(root);
  for (const entry of entries) {
    const path = join(root, entry.path);
    if (entry.kind === 'dir') await mkdir(path, { mode: entry.mode | 0o700 });
    if (entry.kind !== 'file') continue;
    await copyFile(cache.path(entry.digest), path, constants.COPYFILE_FICLONE);
    await chmod(path, entry.mode);
  }
  for (const entry of entries) if (entry.kind === 'link') await symlink(entry.target, join(root, entry.path));
}

function notWritable(to: string, thrown: unknown): TuttiError {
  const error = diskError(to, thrown);
  if (error.code !== 'INTERNAL') return error;
  const { code, message } = thrown as NodeJS.ErrnoException;
  const why = code === 'ENOTEMPTY' || code === 'EEXIST' ? 'it is there already, and not empty' : message;
  return new TuttiError('USAGE', `${to} cannot be written: ${why}`, { cause: thrown });
}
