/**
 * A file or a directory of this machine as a manifest, and its contents ready to be sent.
 *
 * A file is taken as long as it is when it is looked at, so that a log that grows can be had; one that is changed otherwise
 * while it is read is told by its digest, at the receiver.
 */
import { stat, statfs } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type Blob, LIMITS, type Manifest, TuttiError } from '@tutti/protocol';
import { fileError } from './file-error.ts';
import { SizedFile } from './sized-file.ts';
import { type Walked, walk } from './walk.ts';

export interface ReadTree {
  readonly kind: 'file' | 'directory';
  readonly manifest: Manifest;
  /** Where the contents of each digest are; there may be several such files. */
  readonly contents: ReadonlyMap<string, { readonly path: string; readonly size: number }>;
  /** What could not be taken, each with the reason. */
  readonly skipped: Walked['skipped'];
}

const AT_ONCE = 8;

/** Throws `NO_SUCH_FILE`, `FILE_REFUSED`, `TREE_TOO_BIG`; rejects when `signal` aborts. */
export async function readTree(path: string, node: string, signal: AbortSignal): Promise<ReadTree> {
  try {
    const stats = await stat(path);
    await refuseKernelFiles(path, node);
    if (stats.isFile()) {
      const only = { path: basename(path), size: stats.size, mode: stats.mode & 0o777 };
      return await read('file', path, only, { dirs: [], files: [only], links: [], skipped: [] }, signal);
    }
    if (!stats.isDirectory())
      throw new TuttiError('FILE_REFUSED', `${path} on ${node} is neither a file nor a directory`);
    let entries = 0;
    const walked = await walk(path, {
      name: path,
      onEntry: () => {
        signal.throwIfAborted();
        entries += 1;
        if (entries > LIMITS.stagedFiles.value)
          throw new TuttiError(
            'TREE_TOO_BIG',
            `${path} on ${node} has more than ${LIMITS.stagedFiles.value} entries; pack it there, and get the archive`,
          );
      },
    });
    return await read('directory', path, undefined, walked, signal);
  } catch (thrown) {
    signal.throwIfAborted();
    throw fileError(path, node, 'read', thrown);
  }

  async function read(
    kind: ReadTree['kind'],
    root: string,
    only: Walked['files'][number] | undefined,
    { dirs, files, links, skipped }: Walked,
    until: AbortSignal,
  ): Promise<ReadTree> {
    requireSize(
      files.reduce((sum, { size }) => sum + size, 0),
      root,
      node,
    );
    const contents = new Map<string, { path: string; size: number }>();
    const entries: Manifest = [
      ...dirs.map((dir) => ({ kind: 'dir' as const, ...dir })),
      ...links.map((link) => ({ kind: 'link' as const, ...link })),
    ];
    const queue = [...files];
    const worker = async () => {
      for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
        until.throwIfAborted();
        const at = file === only ? root : join(root, file.path);
        const digest = await digestOf(at, file.size).catch((thrown: unknown) => {
          if (file === only) throw thrown;
          skipped.push({ path: file?.path ?? '', why: (thrown as Error).message });
        });
        if (digest === undefined) continue;
        contents.set(digest, { path: at, size: file.size });
        entries.push({ kind: 'file', ...file, digest });
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    return { kind, manifest: entries, contents, skipped };
  }
}

/** Their sizes say nothing, and some of them never end. (Numbers: /usr/include/linux/magic.h) */
const KERNEL_FILES = new Set([0x9fa0, 0x62656572, 0x64626720, 0x74726163, 0x63677270, 0x27e0eb]);

async function refuseKernelFiles(path: string, node: string): Promise<void> {
  const { type } = await statfs(path);
  if (KERNEL_FILES.has(type))
    throw new TuttiError(
      'FILE_REFUSED',
      `${path} on ${node} is made by its kernel as it is read; have a command read it, such as cat`,
    );
}

/** Each content once. */
export function blobsOf({ contents }: ReadTree): Blob[] {
  return [...contents].map(([digest, { size }]) => ({ digest, size }));
}

export function requireSize(bytes: number, path: string, node: string): void {
  if (bytes > LIMITS.treeBytes.value)
    throw new TuttiError(
      'TREE_TOO_BIG',
      `${path} on ${node} has ${bytes} bytes, of which at most ${LIMITS.treeBytes.value} are brought at once`,
    );
}

async function digestOf(path: string, size: number): Promise<string> {
  const file = new SizedFile(path, size);
  try {
    return await file.digest();
  } finally {
    await file.close();
  }
}
