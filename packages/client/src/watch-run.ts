/**
 * A run watched to its end, across connections.
 *
 * Guarantees: the view handed out is whole after every change; a run that a restarted master does not know any more ends as
 * ERROR. Watching changes nothing of the run: who stops leaves it alone.
 */
import {
  type CallParams,
  EXIT,
  type RunHead,
  type RunView,
  type TestView,
  TuttiError,
} from '@tutti/protocol';
import type { MasterClient, MasterSession } from './master-client.ts';

export type OnView = (view: RunView) => void;

/** The final view. `onView` is called after every change, first with the run as it is. Throws `NO_SUCH_RUN`. */
export async function watchRun(
  client: MasterClient,
  run: number,
  onView?: OnView,
  signal?: AbortSignal,
): Promise<RunView> {
  const watched = new WatchedRun(client, run, onView);
  return client.persist((session, over) => {
    const either = signal === undefined ? over : AbortSignal.any([over, signal]);
    return watched.resume(session, either);
  }, signal);
}

export class WatchedRun {
  readonly run: number;
  readonly #client: MasterClient;
  readonly #onView: OnView | undefined;
  #latest: RunView | undefined;

  constructor(client: MasterClient, run: number, onView: OnView | undefined) {
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
    submission?: CallParams<'run.submit'>,
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
    let head: RunHead | undefined;
    let whole = false;
    const show = () => {
      if (!whole || head === undefined) return;
      const view = { ...head, tests: [...tests] };
      if (head.phase === 'finished') resolve(view);
      this.#show(view);
    };
    const stop = this.#client.listen({
      test: ({ run, index, test }) => {
        if (run === this.run) tests[index] = test;
      },
      // It comes after the tests that changed with it.
      run: (changed) => {
        if (changed.run !== this.run) return;
        head = changed;
        show();
      },
    });
    try {
      await session.call('run.watch', { run: this.run });
      // All that there is has come; before, what another watch of this client hears would be a part of it.
      whole = true;
      show();
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
