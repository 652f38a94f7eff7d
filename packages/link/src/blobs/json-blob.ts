/** JSON documents in the digest cache: what is too large for a frame travels like any staged file. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Blob } from '@tutti/protocol';
import type { BlobCache } from './blob-cache.ts';

export function jsonBytes(value: unknown): { blob: Blob; bytes: Uint8Array } {
  const bytes = Buffer.from(JSON.stringify(value));
  return {
    blob: { digest: createHash('sha256').update(bytes).digest('hex'), size: bytes.byteLength },
    bytes,
  };
}

/** Puts a document into the cache and returns its name there. */
export async function putJson(cache: BlobCache, value: unknown): Promise<Blob> {
  const { blob, bytes } = jsonBytes(value);
  if (await cache.has(blob.digest)) return blob;
  const writer = await cache.writer(blob.digest, blob.size);
  await writer.write(bytes.subarray(writer.length));
  await writer.finish(blob.size);
  return blob;
}

/** The document of that name; validate what comes back. */
export async function getJson(cache: BlobCache, { digest }: Blob): Promise<unknown> {
  return JSON.parse(await readFile(cache.path(digest), 'utf8'));
}
