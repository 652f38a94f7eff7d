/**
 * Master time: the one time of every report. Read from the wall once, at start, and carried on by the
 * monotonic clock, so that setting the wall clock during a run changes no duration and no order.
 */
import { type Clock, systemClock } from '@tutti/link';

/** An agent's stamp is believed within these bounds of its receipt, in ms: an hour back, nothing ahead. */
const OLDEST_MS = 3_600_000;

export class MasterClock implements Clock {
  readonly #clock: Clock;
  readonly #base: number;

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
    this.#base = clock.wallMs() - clock.monotonicMs();
  }

  monotonicMs(): number {
    return this.#clock.monotonicMs();
  }

  wallMs(): number {
    return this.#base + this.#clock.monotonicMs();
  }

  after(ms: number, callback: () => void): () => void {
    return this.#clock.after(ms, callback);
  }

  /** A peer's monotonic stamp as master monotonic ms; without an offset yet, the time it came. */
  fromPeer(stamp: number, offset: number | undefined): number {
    const now = this.monotonicMs();
    if (offset === undefined) return now;
    return Math.min(now, Math.max(now - OLDEST_MS, stamp + offset - this.#base));
  }
}
