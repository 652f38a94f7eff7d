/**
 * A `Clock` that stands still until a test moves it.
 *
 * Timers fire in the order of their due times, those of one instant in the order they were set, and those
 * set while time is moved fire in the same move if they fall due in it. While a timer runs, `monotonicMs()`
 * is the instant it was due at.
 */
import type { Clock } from '@tutti/link';

interface Timer {
  due: number;
  callback: () => void;
}

/** A test that re-arms a timer of 0 ms for ever should fail, not hang. */
const MOST_AT_ONE_INSTANT = 100_000;

export class FakeClock implements Clock {
  #monotonic: number;
  /** Of the wall clock over the monotonic one. */
  #wallOffset: number;
  #timers: Timer[] = [];

  constructor({ monotonicMs = 1_000_000, wallMs = Date.UTC(2030, 0, 1) } = {}) {
    this.#monotonic = monotonicMs;
    this.#wallOffset = wallMs - monotonicMs;
  }

  monotonicMs(): number {
    return this.#monotonic;
  }

  wallMs(): number {
    return this.#monotonic + this.#wallOffset;
  }

  after(ms: number, callback: () => void): () => void {
    const timer = { due: this.#monotonic + Math.max(0, ms), callback };
    const later = this.#timers.findIndex(({ due }) => due > timer.due);
    this.#timers.splice(later === -1 ? this.#timers.length : later, 0, timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Timers that are set: what a test for leaks looks at. */
  get timers(): number {
    return this.#timers.length;
  }

  /** How long until the next timer, in ms; undefined when there is none. */
  get nextIn(): number | undefined {
    const [first] = this.#timers;
    return first && first.due - this.#monotonic;
  }

  /** Somebody sets the wall clock. */
  stepWall(ms: number): void {
    this.#wallOffset += ms;
  }

  /** Lets `ms` pass at one go; what timers leave to promises comes after this returns. */
  advance(ms: number): void {
    const moves = this.#moves(ms);
    while (moves.next().done !== true);
  }

  /** Lets `ms` pass; before it, after each timer and at the end, everything that promises have to do is done. */
  async pass(ms: number): Promise<void> {
    await settled();
    for (const _ of this.#moves(ms)) await settled();
  }

  /** The process stands still for `ms`, as under SIGSTOP: timers that fell due meanwhile fire once, late. */
  stall(ms: number): void {
    this.#monotonic += ms;
    this.advance(0);
  }

  /** Stops after each timer. */
  *#moves(ms: number): Generator<void> {
    if (!(ms >= 0)) throw new RangeError(`time does not pass by ${ms} ms`);
    const end = this.#monotonic + ms;
    let atOneInstant = 0;
    for (;;) {
      const [timer] = this.#timers;
      if (timer === undefined || timer.due > end) break;
      this.#timers.shift();
      atOneInstant = timer.due > this.#monotonic ? 0 : atOneInstant + 1;
      if (atOneInstant > MOST_AT_ONE_INSTANT) throw new Error('timers of 0 ms set one another for ever');
      this.#monotonic = Math.max(this.#monotonic, timer.due);
      timer.callback();
      yield;
    }
    this.#monotonic = end;
  }
}

/** Everything that can happen without time passing or input arriving has happened. */
export function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
