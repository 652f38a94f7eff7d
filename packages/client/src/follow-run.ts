/**
 * Submits a run and follows it to its end.
 *
 * Guarantees: submitted once, however often the connection breaks; the view handed out is whole after every
 * change; an abort of `signal` cancels the run on the master and still waits for its end.
 */
import { createHash, randomBytes } from 'node:crypto';
import { type ByteSource, sendBlobs } from '@tutti/link';
import { type Blob, type RunSpec, type RunView, type TestView, TuttiError } from '@tutti/protocol';
import type { MasterClient } from './master-client.ts';

export interface FollowOptions {
  spec: RunSpec;
  /** Digest → file on this machine. */
  sources: ReadonlyMap<string, string>;
  /** The run is cancelled when this client goes away. */
  owned: boolean;
  /** Called after every change, first with the whole run as it was queued. */
  onView?: (view: RunView) => void;
  /** Cancels the run; its reason's message is what the report says. */
  signal?: AbortSignal;
}

/** The final view. Rejects when the run could not be submitted, or the master is gone for good. */
export async function followRun(client: MasterClient, options: FollowOptions): Promise<RunView> {
  const { signal } = options;
  const spec = await stage(client, options);
  const id = randomBytes(16).toString('hex');
  signal?.throwIfAborted();
  const { run } = await client.call('run.submit', { id, spec, owned: options.owned });
  const cancel = () => {
    const reason = signal?.reason instanceof Error ? signal.reason.message : 'cancelled';
    client.call('run.cancel', { run, reason }).catch(() => {});
  };
  if (signal?.aborted) cancel();
  signal?.addEventListener('abort', cancel, { once: true });
  try {
    for (;;) {
      const final = await watch(client, run, options);
      if (final) return final;
      // The connection broke: the same submission again, so that the run stays ours and is watched on.
      await client.call('run.submit', { id, spec, owned: options.owned });
    }
  } finally {
    signal?.removeEventListener('abort', cancel);
  }
}

async function stage(client: MasterClient, { spec, sources, signal }: FollowOptions): Promise<Blob> {
  const bytes = Buffer.from(JSON.stringify(spec));
  const blob = { digest: createHash('sha256').update(bytes).digest('hex'), size: bytes.byteLength };
  const path = (digest: string) => {
    const source = sources.get(digest);
    if (source === undefined) throw new TuttiError('INTERNAL', `no file is known for digest ${digest}`);
    return source;
  };
  const receiver = {
    missing: async (blobs: Blob[]) => (await client.call('blob.missing', { blobs }, signal)).missing,
    send: (wanted: Blob, source: ByteSource) => sendBlob(client, wanted, source, signal),
  };
  await sendBlobs(
    spec.files.filter((entry) => entry.kind === 'file'),
    path,
    receiver,
  );
  if ((await receiver.missing([blob])).length > 0) {
    const source = { read: async (offset: number, max: number) => bytes.subarray(offset, offset + max) };
    await sendBlob(client, blob, source, signal);
  }
  return blob;
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

/** Follows the run on one connection; undefined when that ended first. */
async function watch(
  client: MasterClient,
  run: number,
  { onView }: FollowOptions,
): Promise<RunView | undefined> {
  const tests: TestView[] = [];
  const done = Promise.withResolvers<RunView>();
  const stop = client.listen({
    test: ({ run: of, index, test }) => {
      if (of === run) tests[index] = test;
    },
    // It comes after the tests that changed with it, the first time after all of them.
    run: (head) => {
      if (head.run !== run) return;
      const view = { ...head, tests: [...tests] };
      onView?.(view);
      if (head.phase === 'finished') done.resolve(view);
    },
  });
  try {
    await client.call('run.watch', { run });
    return await Promise.race([done.promise, client.lost().then(() => undefined)]);
  } finally {
    stop();
  }
}
