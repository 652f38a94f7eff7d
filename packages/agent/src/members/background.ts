/**
 * What the script of a member that outlives it left running: nobody touches it until `end`, which climbs the stop ladder.
 *
 * Whether anything is left is not watched: only `end` finds out. A machine that has gone down since has ended it.
 */
import type { Log } from '../system/log.ts';
import { timer } from '../system/timer.ts';
import type { MemberProcesses } from './member-processes.ts';

export interface BackgroundOptions {
  readonly member: string;
  readonly processes: Pick<MemberProcesses, 'terminate' | 'kill' | 'gone' | 'count' | 'killRelays'>;
  readonly rungMs: number;
  readonly log: Log;
}

export class Background {
  readonly #options: BackgroundOptions;
  #ending: Promise<void> | undefined;
  #over = false;

  constructor(options: BackgroundOptions) {
    this.#options = options;
  }

  /** It was ended: nothing of it lives, but what survives even SIGKILL. */
  get over(): boolean {
    return this.#over;
  }

  /** Resolves when nothing of it lives, or the ladder is spent; how often it is asked makes no difference. */
  end(): Promise<void> {
    this.#ending ??= this.#climb().finally(() => {
      this.#over = true;
    });
    return this.#ending;
  }

  async #climb(): Promise<void> {
    const { member, processes, log } = this.#options;
    if ((await processes.count()) > 0) {
      await processes.terminate();
      if (!(await this.#gone())) {
        await processes.kill();
        if (!(await this.#gone()))
          log.warn(
            { member, survivors: await processes.count() },
            'what a script left running cannot be ended',
          );
      }
    }
    // Somebody who is no process of the member may still hold its output.
    processes.killRelays();
  }

  /** Within the time of a rung. */
  async #gone(): Promise<boolean> {
    const patience = new AbortController();
    const rung = timer(this.#options.rungMs, () => patience.abort());
    try {
      await this.#options.processes.gone(patience.signal);
      return true;
    } catch (thrown) {
      if (!patience.signal.aborted) throw thrown;
      return false;
    } finally {
      rung.clear();
    }
  }
}
