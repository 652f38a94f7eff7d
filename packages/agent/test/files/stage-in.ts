/** A content in a digest cache, and the manifest's entry for it. */
import { createHash } from 'node:crypto';
import type { BlobCache } from '@tutti/link';
import type { Manifest } from '@tutti/protocol';

export async function stageIn(
  cache: BlobCache,
  path: string,
  contents: string | Uint8Array,
  mode: number,
): Promise<Manifest[number]> {
  const bytes = Buffer.from(contents);
  const digest = createHash('sha256').update(bytes).digest('hex');
  if (!(await cache.has(digest))) {
    const writer = await cache.writer(digest, bytes.byteLength);
    await writer.write(bytes.subarray(writer.length));
    await writer.finish(bytes.byteLength);
  }
  return { kind: 'file', path, mode, size: bytes.byteLength, digest };
}
