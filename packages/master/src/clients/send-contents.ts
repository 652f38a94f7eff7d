/** Contents that the master has on their way to a client: what came from a machine for it. */
import { type BlobCache, FileSource, type Session } from '@tutti/link';
import { type Blob, TuttiError } from '@tutti/protocol';

type Sender = Pick<Session<'master→client', 'client→master'>, 'openStream'>;

/** Resolves when the client has all of them. Throws `FILES_GONE`. */
export async function sendContents(
  wanted: readonly Blob[],
  blobs: BlobCache,
  session: Sender,
  signal: AbortSignal,
): Promise<void> {
  const missing = await blobs.missing(wanted);
  if (missing.length > 0)
    throw new TuttiError('FILES_GONE', `the master does not have ${missing.length} of the files any more`);
  for (const { digest, size } of wanted) {
    signal.throwIfAborted();
    const source = new FileSource(blobs.path(digest));
    try {
      const stream = await session.openStream({ to: 'blob', digest, size }, source);
      await stream.finish(size);
    } finally {
      await source.close();
    }
  }
}
