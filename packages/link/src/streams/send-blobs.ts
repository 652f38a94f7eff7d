/** Staging, from either sender: ask which contents are missing, send just those, a few at a time. */
import type { Blob } from '@tutti/protocol';
import { FileSource } from './file-source.ts';
import type { ByteSource } from './outgoing.ts';

/** Enough to hide the round trip that opening a stream costs; the window is shared anyway. */
const AT_ONCE = 8;
/** One question stays well below a frame. */
const ASKED_AT_ONCE = 5000;

export interface BlobReceiver {
  /** Positions in the list of what the receiver lacks. */
  missing(blobs: Blob[]): Promise<number[]>;
  send(blob: Blob, source: ByteSource): Promise<void>;
}

/** Where the bytes of one content come from. */
export type BlobSource = ByteSource & { close(): Promise<void> };

/** Sends what the receiver lacks. `where` gives the file that holds a digest, or another source of it. Returns how many were sent. */
export async function sendBlobs(
  blobs: Iterable<Blob>,
  where: ((digest: string) => string) | ((digest: string) => BlobSource),
  receiver: BlobReceiver,
): Promise<number> {
  const unique = [...new Map([...blobs].map(({ digest, size }) => [digest, { digest, size }])).values()];
  const queue: Blob[] = [];
  for (let at = 0; at < unique.length; at += ASKED_AT_ONCE) {
    const asked = unique.slice(at, at + ASKED_AT_ONCE);
    for (const position of await receiver.missing(asked)) {
      const blob = asked[position];
      if (blob) queue.push(blob);
    }
  }
  const sent = queue.length;
  const worker = async () => {
    for (let blob = queue.shift(); blob; blob = queue.shift()) {
      const found = where(blob.digest);
      const source = typeof found === 'string' ? new FileSource(found) : found;
      try {
        await receiver.send(blob, source);
      } catch (error) {
        // It will be told as a whole: nobody needs the rest.
        queue.length = 0;
        throw error;
      } finally {
        await source.close();
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, sent) }, worker));
  return sent;
}
