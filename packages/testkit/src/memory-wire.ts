/** One direction of a pair of in-memory transports: what a network may do to the bytes between two sockets. */
import type { Clock } from '@tutti/link';
import type { TuttiError } from '@tutti/protocol';
import type { Flow } from './flow.ts';

/** A message, or the goodbye after which nothing comes. */
export type Parcel = { bytes: Uint8Array; flushed: (() => void) | undefined } | { goodbye: TuttiError };

export interface WireEnds {
  /** That many bytes have left the sender and come in at the receiver. */
  moved(bytes: number): void;
  /** The parcel is complete at the receiver. */
  arrived(parcel: Parcel): void;
}

export interface WireFaults {
  /** How long a parcel is under way, in ms of the clock. Order is kept. */
  delayMs?: () => number;
  /** True for a message that never arrives, though its sender is told that it has left. */
  drop?: (bytes: Uint8Array) => boolean;
}

export class MemoryWire implements Flow {
  faults: WireFaults = {};
  readonly #clock: Clock;
  readonly #ends: WireEnds;
  readonly #queue: Parcel[] = [];
  /** Of the first of the queue: bytes that are through. */
  #through = 0;
  /** Bytes that may still pass. */
  #allowed = Number.POSITIVE_INFINITY;
  #lastDue = 0;
  #lost = false;

  constructor(clock: Clock, ends: WireEnds) {
    this.#clock = clock;
    this.#ends = ends;
  }

  /** From now on everything disappears without a word to either side. */
  lose(): void {
    this.#lost = true;
  }

  hold(): void {
    this.#allowed = 0;
  }

  pass(bytes: number): void {
    this.#allowed += bytes;
    this.#transmit();
  }

  release(): void {
    this.pass(Number.POSITIVE_INFINITY);
  }

  get held(): number {
    return this.#queue.reduce((sum, parcel) => sum + size(parcel), -this.#through);
  }

  send(parcel: Parcel): void {
    this.#queue.push(parcel);
    this.#transmit();
  }

  #transmit(): void {
    for (let parcel = this.#queue[0]; parcel !== undefined; parcel = this.#queue[0]) {
      const left = size(parcel) - this.#through;
      const moved = Math.min(left, this.#allowed);
      if (moved === 0 && this.#allowed === 0) return;
      this.#through += moved;
      this.#allowed -= moved;
      const complete = moved === left ? parcel : undefined;
      if (complete) {
        this.#queue.shift();
        this.#through = 0;
        if ('bytes' in complete) queueMicrotask(() => complete.flushed?.());
      }
      this.#travel(moved, complete);
    }
  }

  #travel(moved: number, complete: Parcel | undefined): void {
    const dropped = complete && 'bytes' in complete && this.faults.drop?.(complete.bytes) === true;
    const arrive = () => {
      if (this.#lost) return;
      this.#ends.moved(moved);
      if (complete && !dropped) this.#ends.arrived(complete);
    };
    const due = this.#clock.monotonicMs() + (this.faults.delayMs?.() ?? 0);
    this.#lastDue = Math.max(this.#lastDue, due);
    const wait = this.#lastDue - this.#clock.monotonicMs();
    if (wait > 0) this.#clock.after(wait, arrive);
    else queueMicrotask(arrive);
  }
}

function size(parcel: Parcel): number {
  return 'bytes' in parcel ? parcel.bytes.byteLength : 0;
}
