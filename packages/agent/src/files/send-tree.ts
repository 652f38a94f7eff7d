/** Brings the contents of a tree to the master: only those that it lacks, each once. */
import { type BlobSource, jsonBytes, sendBlobs } from '@tutti/link';
import { type Blob, type StagedTree, TuttiError } from '@tutti/protocol';
import type { MasterSession } from '../ship/master-link.ts';
import { blobsOf, type ReadTree } from './read-tree.ts';
import { SizedFile } from './sized-file.ts';

/** Resolves when the master has all of it on its disk. */
export async function sendTree(
  tree: ReadTree,
  session: MasterSession,
  signal: AbortSignal,
): Promise<StagedTree> {
  const { blob: manifest, bytes } = jsonBytes(tree.manifest);
  const sourceOf = (digest: string): BlobSource => {
    if (digest === manifest.digest) return new Bytes(bytes);
    const file = tree.contents.get(digest);
    if (file === undefined) throw new TuttiError('INTERNAL', `no file has the contents ${digest}`);
    return new SizedFile(file.path, file.size);
  };
  await sendBlobs([...blobsOf(tree), manifest], sourceOf, {
    missing: async (blobs) => (await session.call('blob.missing', { blobs }, { signal })).missing,
    send: async (blob, source) => {
      signal.throwIfAborted();
      try {
        const stream = await session.openStream({ to: 'blob', ...blob }, source);
        await stream.finish(blob.size);
      } catch (thrown) {
        throw named(thrown, tree, blob);
      }
    },
  });
  return { kind: tree.kind, manifest };
}

/** A digest tells people nothing. */
function named(thrown: unknown, { contents }: ReadTree, { digest }: Blob): unknown {
  const path = contents.get(digest)?.path;
  if (!(thrown instanceof TuttiError) || thrown.code !== 'DIGEST_MISMATCH' || path === undefined)
    return thrown;
  return new TuttiError('DIGEST_MISMATCH', `${path} was changed while it was read; get it again`, {
    cause: thrown,
  });
}

class Bytes implements BlobSource {
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  async read(offset: number, into: Uint8Array): Promise<number> {
    const piece = this.#bytes.subarray(offset, offset + into.byteLength);
    into.set(piece);
    return piece.byteLength;
  }

  async close(): Promise<void> {}
}
