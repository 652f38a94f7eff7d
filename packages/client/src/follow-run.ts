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
import type { MasterClient, MasterSession } from './master-client.ts';

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
  const { signal, owned, onView } = options;
  const submission = { id: randomBytes(16).toString('hex'), spec: await stage(client, options), owned };
  signal?.throwIfAborted();
  let watched: WatchedRun | undefined;
  const cancel = () => {
    if (watched === undefined || !signal?.aborted) return;
    const reason = signal.reason instanceof Error ? signal.reason.message : 'cancelled';
    // Without an answer the run's end tells what came of it.
    client.call('run.cancel', { run: watched.run, reason }).catch(() => {});
  };
  signal?.addEventListener('abort', cancel);
  try {
    return await client.persist(async (session, over) => {
      if (watched) return watched.resume(session, over, submission);
      const { run } = await session.call('run.submit', submission);
      watched = new WatchedRun(client, run, onView);
      cancel();
      return watched.follow(session, over);
    });
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
    const source = { read: async (offset: number, into: Uint8Array) => bytes.copy(into, 0, offset) };
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
  readonly run: number;
  readonly #client: MasterClient;
  readonly #onView: FollowOptions['onView'];
  #latest: RunView | undefined;

  constructor(client: MasterClient, run: number, onView: FollowOptions['onView']) {
    this.run = run;
    this.#client = client;
    this.#onView = onView;
  }

  /**
   * The same on the next session. Submitted again, which makes the run that session's own too, once the master is known
   * to have it: one that was restarted would run it anew.
   */
  async resume(
    session: MasterSession,
    over: AbortSignal,
    submission: CallParams<'run.submit'>,
  ): Promise<RunView> {
    try {
      return await this.follow(session, over, submission);
    } catch (error) {
      if (!(error instanceof TuttiError) || error.code !== 'NO_SUCH_RUN' || !this.#latest) throw error;
      return this.#show(interrupted(this.#latest));
    }
  }

  /** Resolves with the final view; rejects when the session ends first. */
  async follow(
    session: MasterSession,
    over: AbortSignal,
    submission?: CallParams<'run.submit'>,
  ): Promise<RunView> {
    const tests: TestView[] = [];
    const { promise: finished, resolve, reject } = Promise.withResolvers<RunView>();
    // It may be lost while something else is awaited.
    finished.catch(() => {});
    const lost = () => reject(over.reason as Error);
    over.addEventListener('abort', lost);
    const stop = this.#client.listen({
      test: ({ run, index, test }) => {
        if (run === this.run) tests[index] = test;
      },
      // It comes after the tests that changed with it, the first time after all of them.
      run: (head) => {
        if (head.run !== this.run) return;
        const view = { ...head, tests: [...tests] };
        if (head.phase === 'finished') resolve(view);
        this.#show(view);
      },
    });
    try {
      await session.call('run.watch', { run: this.run });
      if (submission) await session.call('run.submit', submission);
      return await finished;
    } finally {
      stop();
      over.removeEventListener('abort', lost);
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
