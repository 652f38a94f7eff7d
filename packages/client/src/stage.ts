/** Staging to the master: it is asked what it lacks, and only that is sent. */
import { type ByteSource, jsonBytes, sendBlobs } from '@tutti/link';
import { type Blob, type Manifest, type RunSpec, TuttiError } from '@tutti/protocol';
import type { MasterClient } from './master-client.ts';

/** Stages the files of a run, and then the spec itself, whose name it returns. `sources`: digest → file on this machine. */
export async function stageRun(
  client: MasterClient,
  spec: RunSpec,
  sources: ReadonlyMap<string, string>,
  signal?: AbortSignal,
): Promise<Blob> {
  await stageFiles(client, spec.files, sources, signal);
  return stageJson(client, spec, signal);
}

/** Stages the contents of files. */
export async function stageFiles(
  client: MasterClient,
  files: Manifest,
  sources: ReadonlyMap<string, string>,
  signal?: AbortSignal,
): Promise<void> {
  const path = (digest: string) => {
    const source = sources.get(digest);
    if (source === undefined) throw new TuttiError('INTERNAL', `no file is known for digest ${digest}`);
    return source;
  };
  const receiver = {
    missing: (blobs: Blob[]) => missing(client, blobs, signal),
    send: (wanted: Blob, source: ByteSource) => sendBlob(client, wanted, source, signal),
  };
  await sendBlobs(
    files.filter((entry) => entry.kind === 'file'),
    path,
    receiver,
  );
}

/** Stages a document that may be larger than a frame; returns its name. */
export async function stageJson(client: MasterClient, value: unknown, signal?: AbortSignal): Promise<Blob> {
  const { blob, bytes } = jsonBytes(value);
  if ((await missing(client, [blob], signal)).length === 0) return blob;
  const source: ByteSource = {
    read: async (offset, into) => {
      const part = bytes.subarray(offset, offset + into.byteLength);
      into.set(part);
      return part.byteLength;
    },
  };
  await sendBlob(client, blob, source, signal);
  return blob;
}

async function missing(client: MasterClient, blobs: Blob[], signal?: AbortSignal): Promise<number[]> {
  return (await client.call('blob.missing', { blobs }, signal)).missing;
}

function sendBlob(
  client: MasterClient,
  { digest, size }: Blob,
  source: ByteSource,
  signal?: AbortSignal,
): Promise<void> {
  return client.persist(async (session) => {
    const stream = await session.openStream({ to: 'blob', digest, size }, source);
    await stream.finish(size);
  }, signal);
}
