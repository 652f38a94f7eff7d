/**
 * Files of the master's cache: out of it as they are, and into it by PUT. What the master has already is not read again. One that broke off is kept, as
 * that of any client; sent again, its beginning is read over.
 */

import { open } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import type { BlobCache, Clock } from '@tutti/link';
import { type Blob, LIMITS, TuttiError } from '@tutti/protocol';
import type { OpenFile } from './files.ts';

const STALLED_MS = 60_000;

/** Throws `BAD_PARAMS`, `BODY_TOO_LARGE`, `DIGEST_MISMATCH`, `DISK_FULL`, `CANCELLED`. */
export async function putBlob(
  digest: string,
  body: IncomingMessage,
  blobs: Pick<BlobCache, 'has' | 'writer'>,
  clock: Pick<Clock, 'after'>,
): Promise<Blob> {
  const size = sizeOf(body);
  if (await blobs.has(digest)) return { digest, size };
  const writer = await blobs.writer(digest, size);
  try {
    let known = writer.length;
    for await (const bytes of arriving(body, clock)) {
      const rest = bytes.subarray(known);
      known = Math.max(0, known - bytes.byteLength);
      if (rest.byteLength > 0) await writer.write(rest);
    }
    await writer.finish(size);
    return { digest, size };
  } catch (error) {
    await writer.abort();
    throw body.errored
      ? new TuttiError('CANCELLED', `${digest} did not come whole`, { cause: error })
      : error;
  }
}

/** Throws `NO_SUCH_FILE`. Whoever gets it closes it. */
export async function openBlob(digest: string, blobs: Pick<BlobCache, 'has' | 'path'>): Promise<OpenFile> {
  const missing = () => new TuttiError('NO_SUCH_FILE', `the master has no file of the digest ${digest}`);
  // That is a use of it: it is not removed meanwhile.
  if (!(await blobs.has(digest))) throw missing();
  const file = await open(blobs.path(digest), 'r').catch(() => {
    throw missing();
  });
  const { size, mtimeMs } = await file.stat();
  return { file, size, version: { etag: `"${digest}"`, modified: mtimeMs } };
}

function sizeOf({ headers }: IncomingMessage): number {
  const length = headers['content-length'];
  if (length === undefined || headers['transfer-encoding'] !== undefined)
    throw new TuttiError('BAD_PARAMS', 'a file is sent with the header Content-Length, in one piece');
  const size = Number(length);
  if (size > LIMITS.httpBlob.value)
    throw new TuttiError(
      LIMITS.httpBlob.code,
      `a file of ${size} bytes is not staged by HTTP: at most ${LIMITS.httpBlob.value}`,
    );
  return size;
}

/** The connection of a sender that sends nothing for a minute is closed. */
async function* arriving(body: IncomingMessage, clock: Pick<Clock, 'after'>): AsyncGenerator<Uint8Array> {
  const watch = () =>
    clock.after(STALLED_MS, () => {
      body.destroy(new TuttiError('TIMED_OUT', `the body did not go on for ${STALLED_MS / 1000} s`));
    });
  let cancel = watch();
  try {
    for await (const bytes of body as AsyncIterable<Buffer>) {
      cancel();
      yield bytes;
      cancel = watch();
    }
  } finally {
    cancel();
  }
}
