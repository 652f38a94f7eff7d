/**
 * Submits a run and follows it to its end.
 *
 * Guarantees: submitted once, however often the connection breaks; an abort of `signal` cancels the run on the master and
 * still waits for its end.
 */
import { randomBytes } from 'node:crypto';
import type { RunSpec, RunView } from '@tutti/protocol';
import type { MasterClient } from './master-client.ts';
import { stageRun } from './stage.ts';
import { type OnView, WatchedRun } from './watch-run.ts';

export interface FollowOptions {
  spec: RunSpec;
  /** Digest → file on this machine. */
  sources: ReadonlyMap<string, string>;
  /** The run is cancelled when this client goes away. */
  owned: boolean;
  /** The higher the sooner; default 0. */
  priority?: number | undefined;
  /** Waits for machines that the master does not know yet, too. */
  waitForNodes?: boolean | undefined;
  /** Called after every change, first with the whole run as it is when watching begins. */
  onView?: OnView;
  /** Cancels the run; its reason's message is what the report says. */
  signal?: AbortSignal;
}

/** The final view. Rejects when the run could not be submitted, or the master is gone for good. */
export async function followRun(client: MasterClient, options: FollowOptions): Promise<RunView> {
  const { signal, onView } = options;
  const submission = await prepare(client, options);
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

/** Submits a run that nobody has to wait for; returns its number. */
export async function submitRun(
  client: MasterClient,
  options: Omit<FollowOptions, 'owned' | 'onView'>,
): Promise<number> {
  const submission = await prepare(client, { ...options, owned: false });
  return (await client.call('run.submit', submission, options.signal)).run;
}

/** Stages what it needs. The id makes it one run, however often it is submitted. */
async function prepare(
  client: MasterClient,
  { spec, sources, owned, priority, waitForNodes, signal }: Omit<FollowOptions, 'onView'>,
) {
  return {
    id: randomBytes(16).toString('hex'),
    spec: await stageRun(client, spec, sources, signal),
    owned,
    ...(priority === undefined ? {} : { priority }),
    ...(waitForNodes === undefined ? {} : { waitForNodes }),
  };
}
