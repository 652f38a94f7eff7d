/**
 * Deadlines of any number of waits with one timer for all of them: most waits end long before theirs pass.
 *
 * A deadline that has passed is told once, and earlier ones first; that of a wait which has ended meanwhile, also by
 * what an earlier one causes, is not told. The waits themselves hold their deadlines: nothing is to be taken back
 * when one ends.
 */
import type { Clock } from '@tutti/link';

export interface Due {
  /** Master monotonic ms. */
  readonly due: number;
}

interface Waits {
  readonly size: number;
  entries(): Iterable<[string, Due]>;
  get(request: string): Due | undefined;
}

export class Deadlines {
  readonly #clock: Clock;
  readonly #waits: Waits;
  readonly #passed: (request: string) => void;
  #timer: { at: number; cancel: () => void } | undefined;

  constructor(clock: Clock, waits: Waits, passed: (request: string) => void) {
    this.#clock = clock;
    this.#waits = waits;
    this.#passed = passed;
  }

  get armed(): boolean {
    return this.#timer !== undefined;
  }

  /** A wait has begun that has to end by `at`. A timer that is too early costs one look, so it stays when its wait ends. */
  arm(at: number): void {
    if (this.#timer !== undefined && this.#timer.at <= at) return;
    this.disarm();
    if (at === Number.POSITIVE_INFINITY) return;
    const cancel = this.#clock.after(at - this.#clock.monotonicMs(), () => this.#look());
    this.#timer = { at, cancel };
  }

  /** Nobody waits any more. */
  disarm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #look(): void {
    this.#timer = undefined;
    const now = this.#clock.monotonicMs();
    const passed = [...this.#waits.entries()]
      .filter(([, { due }]) => due <= now)
      .toSorted(([, a], [, b]) => a.due - b.due);
    for (const [request, wait] of passed) if (this.#waits.get(request) === wait) this.#passed(request);
    let next = Number.POSITIVE_INFINITY;
    for (const [, { due }] of this.#waits.entries()) if (due > now) next = Math.min(next, due);
    this.arm(next);
  }
}
