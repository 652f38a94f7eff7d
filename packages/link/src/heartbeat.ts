/**
 * Signs of life for any number of sessions, with one timer for all of them.
 *
 * The side that dialled pings every 2 s and the other answers, so each sends something at least that often.
 * Any received byte counts as life. A peer silent for 4.25 s is given up; looked at four times a second,
 * a vanished host is noticed within 5 s. When this process itself was stopped or starved, the pause is
 * not held against the peers.
 */
import type { Clock } from './clock.ts';

export const PING_EVERY_MS = 2000;
export const SILENCE_MS = 4250;
const LOOK_EVERY_MS = 250;

/** What the heartbeat needs of a session. */
export interface Pulse {
  /** Bytes ever received. */
  readonly received: number;
  ping(): void;
  /** Nothing came for too long. */
  silent(ms: number): void;
}

interface Watched {
  pulse: Pulse;
  pings: boolean;
  received: number;
  heardAt: number;
  pingAt: number;
}

export class Heartbeat {
  readonly #clock: Clock;
  readonly #watched = new Set<Watched>();
  #cancel: (() => void) | undefined;
  #lookedAt = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Watches a session until the returned function is called. `pings`: this side dialled. */
  watch(pulse: Pulse, pings: boolean): () => void {
    const now = this.#clock.monotonicMs();
    const entry: Watched = {
      pulse,
      pings,
      received: pulse.received,
      heardAt: now,
      pingAt: now + PING_EVERY_MS,
    };
    this.#watched.add(entry);
    if (this.#cancel === undefined) {
      this.#lookedAt = now;
      this.#schedule();
    }
    return () => {
      this.#watched.delete(entry);
      if (this.#watched.size > 0) return;
      this.#cancel?.();
      this.#cancel = undefined;
    };
  }

  get size(): number {
    return this.#watched.size;
  }

  #schedule(): void {
    this.#cancel = this.#clock.after(LOOK_EVERY_MS, () => this.#look());
  }

  #look(): void {
    // First of all: who comes or goes below finds the next look arranged.
    this.#schedule();
    const now = this.#clock.monotonicMs();
    const pause = Math.max(0, now - this.#lookedAt - LOOK_EVERY_MS);
    this.#lookedAt = now;
    for (const entry of this.#watched) {
      const { pulse } = entry;
      if (pulse.received !== entry.received) {
        entry.received = pulse.received;
        entry.heardAt = now;
      } else {
        entry.heardAt = Math.min(now, entry.heardAt + pause);
        if (now - entry.heardAt >= SILENCE_MS) {
          pulse.silent(now - entry.heardAt);
          continue;
        }
      }
      // Now rather than late: the next look comes a little after its time.
      if (entry.pings && now + LOOK_EVERY_MS > entry.pingAt) {
        entry.pingAt = now + PING_EVERY_MS;
        pulse.ping();
      }
    }
  }
}
