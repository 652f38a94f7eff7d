/** Who has not said hello when its time is over is shown out. One timer for all: most have said it within milliseconds. */
import type { Clock } from '@tutti/link';
import { TuttiError } from '@tutti/protocol';

interface Guest {
  /** It has said hello. */
  readonly opened: boolean;
  close(why: TuttiError): void;
}

export class HelloDeadlines {
  readonly #clock: Clock;
  readonly #ms: number;
  /** Until when each may take, the oldest first. */
  readonly #waiting = new Map<Guest, number>();
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, ms: number) {
    this.#clock = clock;
    this.#ms = ms;
  }

  add(guest: Guest): void {
    this.#waiting.set(guest, this.#clock.monotonicMs() + this.#ms);
    if (this.#cancel === undefined) this.#arm(this.#ms);
  }

  /** It has gone. */
  delete(guest: Guest): void {
    if (!this.#waiting.delete(guest) || this.#waiting.size > 0) return;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #arm(ms: number): void {
    this.#cancel = this.#clock.after(ms, () => this.#look());
  }

  #look(): void {
    this.#cancel = undefined;
    const now = this.#clock.monotonicMs();
    for (const [guest, due] of this.#waiting) {
      if (due > now) {
        this.#arm(due - now);
        return;
      }
      this.#waiting.delete(guest);
      if (!guest.opened) guest.close(new TuttiError('HELLO_FIRST', `no hello within ${this.#ms / 1000} s`));
    }
  }
}
