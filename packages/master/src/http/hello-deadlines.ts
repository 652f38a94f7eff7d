/** Who has not said hello when its time is over is shown out. One timer for all: most have said it within milliseconds. */
import type { Clock } from '@tutti/link';
import { TuttiError } from '@tutti/protocol';

interface Newcomer {
  /** It has said hello. */
  readonly opened: boolean;
  close(why: TuttiError): void;
}

export class HelloDeadlines {
  readonly #clock: Clock;
  readonly #ms: number;
  /** Until when each may take, the oldest first. */
  readonly #waiting = new Map<Newcomer, number>();
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, ms: number) {
    this.#clock = clock;
    this.#ms = ms;
  }

  add(newcomer: Newcomer): void {
    this.#waiting.set(newcomer, this.#clock.monotonicMs() + this.#ms);
    if (this.#cancel === undefined) this.#arm(this.#ms);
  }

  /** It has gone. */
  delete(newcomer: Newcomer): void {
    if (!this.#waiting.delete(newcomer) || this.#waiting.size > 0) return;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #arm(ms: number): void {
    this.#cancel = this.#clock.after(ms, () => this.#look());
  }

  #look(): void {
    this.#cancel = undefined;
    const now = this.#clock.monotonicMs();
    const due = [...this.#waiting].filter(([, until]) => until <= now).map(([newcomer]) => newcomer);
    for (const newcomer of due) this.#waiting.delete(newcomer);
    // First of all: who comes or goes below finds the next look arranged.
    const [next] = this.#waiting.values();
    if (next !== undefined) this.#arm(next - now);
    for (const newcomer of due)
      if (!newcomer.opened)
        newcomer.close(new TuttiError('HELLO_FIRST', `no hello within ${this.#ms / 1000} s`));
  }
}
