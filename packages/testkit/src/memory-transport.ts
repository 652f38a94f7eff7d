/**
 * Two connected `Transport`s in memory, for tests of what lies above a socket. They pass the transport
 * contract suite that a WebSocket passes, and a test decides what the network between them does.
 *
 * Arrivals come in microtasks; delays, and the second a goodbye may take, are of the clock given.
 */
import { type Clock, closeReason, fromCloseReason, type Transport, type TransportEvents } from '@tutti/link';
import { LIMITS, TuttiError } from '@tutti/protocol';
import { FakeClock } from './fake-clock.ts';
import { MemoryWire, type Parcel, type WireFaults } from './memory-wire.ts';

const GOODBYE_MS = 1000;

export interface MemoryOptions {
  clock?: Clock;
  /** Of both directions; `MemoryPair.leftToRight.faults` and its twin set them apart. */
  faults?: WireFaults;
}

export interface MemoryPair {
  left: MemoryTransport;
  right: MemoryTransport;
  leftToRight: MemoryWire;
  rightToLeft: MemoryWire;
  /** The connection is reset: both sides hear of it at once. */
  cut: () => void;
  /** The cable is pulled: neither side hears of it. */
  lose: () => void;
}

export function memoryTransports({ clock = new FakeClock(), faults = {} }: MemoryOptions = {}): MemoryPair {
  const wireTo = (receiver: () => MemoryTransport) =>
    new MemoryWire(clock, {
      moved: (bytes) => receiver().moved(bytes),
      arrived: (parcel) => receiver().arrived(parcel),
    });
  const leftToRight = wireTo(() => right);
  const rightToLeft = wireTo(() => left);
  leftToRight.faults = { ...faults };
  rightToLeft.faults = { ...faults };
  const left = new MemoryTransport('left', leftToRight, clock);
  const right = new MemoryTransport('right', rightToLeft, clock);
  return {
    left,
    right,
    leftToRight,
    rightToLeft,
    cut: () => {
      for (const wire of [leftToRight, rightToLeft]) wire.lose();
      for (const end of [left, right]) end.reset();
    },
    lose: () => {
      for (const wire of [leftToRight, rightToLeft]) wire.lose();
    },
  };
}

export class MemoryTransport implements Transport {
  readonly peer: string;
  readonly remoteAddress = undefined;
  received = 0;
  readonly #wire: MemoryWire;
  readonly #clock: Clock;
  readonly #early: Uint8Array[] = [];
  #events: TransportEvents | undefined;
  #closedWith: TuttiError | undefined;
  #wanted: TuttiError | undefined;
  #cancelCutOff: (() => void) | undefined;

  constructor(name: string, outgoing: MemoryWire, clock: Clock) {
    this.peer = `the peer of ${name}`;
    this.#wire = outgoing;
    this.#clock = clock;
  }

  start(events: TransportEvents): void {
    queueMicrotask(() => {
      this.#events = events;
      for (const bytes of this.#early.splice(0)) events.message(bytes);
      if (this.#closedWith !== undefined) events.ended(this.#closedWith);
    });
  }

  send(bytes: Uint8Array): void {
    this.#send(bytes, undefined);
  }

  sendData(head: Uint8Array, payload: Uint8Array, flushed: () => void): void {
    this.#send(Buffer.concat([head, payload]), flushed);
    // As a real one may: who looks at its bytes too late sees it.
    payload.fill(0xee);
  }

  close(why: TuttiError): void {
    if (this.#wanted !== undefined || this.#closedWith !== undefined) return;
    this.#wanted = why;
    this.#wire.send({ goodbye: why });
    this.#cancelCutOff = this.#clock.after(GOODBYE_MS, () => this.#end(why));
  }

  get queued(): number {
    return this.#wire.held;
  }

  /** For the pair. */
  moved(bytes: number): void {
    this.received += bytes;
  }

  /** For the pair. */
  arrived(parcel: Parcel): void {
    if (this.#closedWith !== undefined) return;
    if ('goodbye' in parcel) {
      const theirs = fromCloseReason(closeReason(parcel.goodbye));
      this.#end(this.#wanted ?? theirs ?? parcel.goodbye, parcel.goodbye);
    } else if (this.#wanted === undefined) this.#deliver(parcel.bytes);
  }

  /** For the pair: the connection is gone. */
  reset(): void {
    this.#end(this.#wanted ?? new TuttiError('NOT_CONNECTED', 'the connection was lost'));
  }

  #send(bytes: Uint8Array, flushed: (() => void) | undefined): void {
    if (this.#wanted === undefined && this.#closedWith === undefined) this.#wire.send({ bytes, flushed });
  }

  #deliver(bytes: Uint8Array): void {
    if (bytes.byteLength > LIMITS.frame.value) {
      this.close(new TuttiError('FRAME_TOO_LARGE', 'the peer sent a frame larger than allowed'));
    } else if (this.#events === undefined) this.#early.push(bytes);
    else this.#events.message(bytes);
  }

  #end(why: TuttiError, reply?: TuttiError): void {
    if (this.#closedWith !== undefined) return;
    this.#closedWith = why;
    this.#cancelCutOff?.();
    // A goodbye is answered, so that the peer need not wait for its own deadline.
    if (reply !== undefined && this.#wanted === undefined) this.#wire.send({ goodbye: reply });
    this.#events?.ended(why);
  }
}
