/**
 * Signs of life for any number of sessions, with one timer for all of them.
 *
 * The side that dialled pings, and the other answers, whenever 2 s are about to pass without a message either way:
 * so each sends something at least that often, and a busy session costs no pings (as in MQTT 5.0, section 3.1.2.10).
 * It pings every 10 s all the same, for the clock offset. The other one pings only when it has said nothing for 3 s: on a
 * slow line a ping waits behind a long message, and whoever sends that must not take the peer, which listens, for dead.
 * Any received byte counts as life. A peer silent for 4.25 s is given up; looked at four times a second, a vanished host is
 * noticed within 5 s. When this process itself was stopped or starved, the pause is not held against the peers.
 */
import type { Clock } from './clock.ts';

export const PING_EVERY_MS = 2000;
/** The side that was dialled is never silent for longer. */
const SPEAK_EVERY_MS = 3000;
/** Between two pings of a busy session. */
export const PING_AT_LEAST_EVERY_MS = 10_000;
export const SILENCE_MS = 4250;
const LOOK_EVERY_MS = 250;

/** What the heartbeat needs of a session. */
export interface Pulse {
  /** Bytes ever received. */
  readonly received: number;
  /** Messages ever sent. */
  readonly sent: number;
  ping(): void;
  /** Nothing came for too long. */
  silent(ms: number): void;
}

interface Watched {
  pings: boolean;
  received: number;
  sent: number;
  /** When it was last known to have heard something; a pause of this process moves it on. */
  heardAt: number;
  /** Something was received, and something sent, no earlier than this. */
  receivedSince: number;
  sentSince: number;
  pingedAt: number;
}

export class Heartbeat {
  readonly #clock: Clock;
  readonly #watched = new Map<Pulse, Watched>();
  #cancel: (() => void) | undefined;
  #lookedAt = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Watches a session until `unwatch`. `pings`: this side dialled. */
  watch(pulse: Pulse, pings: boolean): void {
    const now = this.#clock.monotonicMs();
    this.#watched.set(pulse, {
      pings,
      received: pulse.received,
      sent: pulse.sent,
      heardAt: now,
      receivedSince: now,
      sentSince: now,
      pingedAt: now,
    });
    if (this.#cancel === undefined) {
      this.#lookedAt = now;
      this.#schedule();
    }
  }

  unwatch(pulse: Pulse): void {
    if (!this.#watched.delete(pulse) || this.#watched.size > 0) return;
    this.#cancel?.();
    this.#cancel = undefined;
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
    const before = this.#lookedAt;
    const pause = Math.max(0, now - before - LOOK_EVERY_MS);
    this.#lookedAt = now;
    for (const [pulse, entry] of this.#watched) {
      if (pulse.received !== entry.received) {
        entry.received = pulse.received;
        entry.heardAt = now;
        entry.receivedSince = before;
      } else {
        entry.heardAt = Math.min(now, entry.heardAt + pause);
        if (now - entry.heardAt >= SILENCE_MS) {
          pulse.silent(now - entry.heardAt);
          continue;
        }
      }
      if (pulse.sent !== entry.sent) {
        entry.sent = pulse.sent;
        entry.sentSince = before;
      }
      // Now rather than late: the next look comes a little after its time.
      if (now + LOOK_EVERY_MS <= (entry.pings ? pingAt(entry) : entry.sentSince + SPEAK_EVERY_MS)) continue;
      entry.pingedAt = now;
      // As if it were answered: one that is not is repeated when its time has come, not at every look.
      entry.receivedSince = now;
      entry.sentSince = now;
      pulse.ping();
      entry.sent = pulse.sent;
    }
  }
}

/** When the next ping is due of the side that dialled. */
function pingAt({ pingedAt, sentSince, receivedSince }: Watched): number {
  return Math.min(pingedAt + PING_AT_LEAST_EVERY_MS, Math.min(sentSince, receivedSince) + PING_EVERY_MS);
}
