/**
 * Submits a run and follows it to its end.
 *
 * Guarantees: submitted once, however often the connection breaks; the view handed out is whole after every
 * change; an abort of `signal` cancels the run on the master and still waits for its end; a run that a restarted master
 * does not know any more ends as ERROR.
 */
import { createHash, randomBytes } from 'node:crypto';
import { type ByteSource, sendBlobs } from '@tutti/link';
import {
  type Blob,
  type CallParams,
  EXIT,
  type RunSpec,
  type RunView,
  type TestView,
  TuttiError,
} from '@tutti/protocol';
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
    const watched = new WatchedRun(client, run, options.onView);
    const submission = { id, spec, owned: options.owned };
    for (;;) {
      const final = await watched.follow(submission);
      if (final) return final;
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

class WatchedRun {
  readonly #client: MasterClient;
  readonly #run: number;
  readonly #onView: FollowOptions['onView'];
  #latest: RunView | undefined;

  constructor(client: MasterClient, run: number, onView: FollowOptions['onView']) {
    this.#client = client;
    this.#run = run;
    this.#onView = onView;
  }

  /** Follows the run on one connection; undefined when that ended first. */
  async follow(submission: CallParams<'run.submit'>): Promise<RunView | undefined> {
    const tests: TestView[] = [];
    const done = Promise.withResolvers<RunView>();
    const stop = this.#client.listen({
      test: ({ run, index, test }) => {
        if (run === this.#run) tests[index] = test;
      },
      // It comes after the tests that changed with it, the first time after all of them.
      run: (head) => {
        if (head.run !== this.#run) return;
        const view = this.#show({ ...head, tests: [...tests] });
        if (head.phase === 'finished') done.resolve(view);
      },
    });
    try {
      await this.#client.persist(async (session) => {
        await session.call('run.watch', { run: this.#run });
        // The master has it, so nothing is started: the run becomes ours on this connection too.
        await session.call('run.submit', submission);
      });
      return await Promise.race([done.promise, this.#client.lost().then(() => undefined)]);
    } catch (error) {
      if (!(error instanceof TuttiError) || error.code !== 'NO_SUCH_RUN' || !this.#latest) throw error;
      return this.#show(interrupted(this.#latest));
    } finally {
      stop();
    }
  }

  #show(view: RunView): RunView {
    this.#latest = view;
    this.#onView?.(view);
    return view;
  }
}

/** A restarted master does not go on with its runs: it has closed their reports. */
function interrupted(view: RunView): RunView {
  const cause = 'the master was restarted while the run was under way';
  return { ...view, phase: 'finished', status: 'ERROR', cause, exit: EXIT.error };
}
