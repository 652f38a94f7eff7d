/**
 * Master time: the one time of every report. Read from the wall once, at the first start in a boot of the machine, and
 * carried on by the monotonic clock, so that setting the wall clock during a run changes no duration and no order.
 */
import { type Clock, systemClock } from '@tutti/link';

/** An agent's stamp is believed within these bounds of its receipt, in ms: an hour back, nothing ahead. */
const OLDEST_MS = 3_600_000;

export class MasterClock implements Clock {
  readonly #clock: Clock;
  /** Master time less the monotonic clock: the next master of the same boot goes on with it. */
  readonly base: number;
  readonly #timers = new Set<() => void>();
  #stopped = false;

  constructor(clock: Clock = systemClock, base: number = clock.wallMs() - clock.monotonicMs()) {
    this.#clock = clock;
    this.base = base;
  }

  monotonicMs(): number {
    return this.#clock.monotonicMs();
  }

  wallMs(): number {
    return this.base + this.#clock.monotonicMs();
  }

  after(ms: number, callback: () => void): () => void {
    if (this.#stopped) return () => {};
    const cancel = this.#clock.after(ms, () => {
      this.#timers.delete(cancel);
      callback();
    });
    this.#timers.add(cancel);
    return () => {
      this.#timers.delete(cancel);
      cancel();
    };
  }

  /** Nothing that was arranged for later happens any more. */
  stop(): void {
    this.#stopped = true;
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
  }

  /** A peer's monotonic stamp as master monotonic ms; without an offset yet, the time it came. */
  fromPeer(stamp: number, offset: number | undefined): number {
    const now = this.monotonicMs();
    if (offset === undefined) return now;
    return Math.min(now, Math.max(now - OLDEST_MS, stamp + offset - this.base));
  }
}
