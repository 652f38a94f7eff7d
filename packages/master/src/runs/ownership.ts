/**
 * Runs that somebody waits for: cancelled when the last client that owned them has been gone for a while.
 * A client that comes back within the grace and submits the same run again owns it again.
 */
import type { Clock } from '@tutti/link';
import type { RunUnderWay } from './run-under-way.ts';

/** As long as an agent may be away by default. */
const GRACE_MS = 30_000;

export class Ownership {
  readonly #clock: Clock;
  readonly #abandoned: (run: RunUnderWay) => void;
  readonly #owners = new Map<RunUnderWay, number>();
  readonly #graces = new Map<RunUnderWay, () => void>();

  constructor(clock: Clock, abandoned: (run: RunUnderWay) => void) {
    this.#clock = clock;
    this.#abandoned = abandoned;
  }

  /** Counts an owner; the returned function, called once, takes it back. */
  own(run: RunUnderWay): () => void {
    this.#owners.set(run, (this.#owners.get(run) ?? 0) + 1);
    this.#endGrace(run);
    return () => this.#left(run);
  }

  debugState(): { owned: number; abandoned: number } {
    return { owned: this.#owners.size, abandoned: this.#graces.size };
  }

  #left(run: RunUnderWay): void {
    const others = (this.#owners.get(run) ?? 1) - 1;
    if (others > 0) {
      this.#owners.set(run, others);
      return;
    }
    this.#owners.delete(run);
    if (run.model.phase === 'finished') return;
    const cancel = this.#clock.after(GRACE_MS, () => {
      this.#graces.delete(run);
      this.#abandoned(run);
    });
    this.#graces.set(run, cancel);
    void run.finished.then(() => this.#endGrace(run));
  }

  #endGrace(run: RunUnderWay): void {
    this.#graces.get(run)?.();
    this.#graces.delete(run);
  }
}
