/**
 * Many wishes for the same work, done once: at once when it is the first for a while, otherwise when the pause is over.
 * What is done last always saw the last wish.
 */
import type { Clock } from '@tutti/link';

export class Coalesced {
  readonly #clock: Clock;
  readonly #pauseMs: number;
  readonly #work: () => void;
  #doneAt = Number.NEGATIVE_INFINITY;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, pauseMs: number, work: () => void) {
    this.#clock = clock;
    this.#pauseMs = pauseMs;
    this.#work = work;
  }

  wish(): void {
    if (this.#cancel) return;
    const wait = this.#doneAt + this.#pauseMs - this.#clock.monotonicMs();
    if (wait <= 0) this.now();
    else this.#cancel = this.#clock.after(wait, () => this.now());
  }

  /** Does it without waiting for the pause. */
  now(): void {
    this.stop();
    this.#doneAt = this.#clock.monotonicMs();
    this.#work();
  }

  /** Takes back a wish that waits. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
