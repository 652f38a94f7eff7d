/**
 * Short frames that a server makes in one turn of the event loop leave together, when all of them have been made: five hundred
 * at a time. A longer message, to whomever, sends them on at once.
 *
 * Each write wakes its receiver, and where thousands are told something at once, making the next frame between two
 * writes costs both sides: a receiver that finds one message, sleeps, and is woken for the next takes half as long again
 * for the whole as one that finds many. On its way out a frame waits for nothing but the work of its own turn.
 */

interface Outlet {
  /** Hands it to the system; nothing happens where the connection is closed. */
  write(frame: Uint8Array): void;
}

/** Then their receivers have enough to do while the next ones are made; and ten thousand frames take no more room. */
const MOST = 512;

export class Outbox {
  #waiting: (readonly [Outlet, Uint8Array])[] = [];

  add(outlet: Outlet, frame: Uint8Array): void {
    if (this.#waiting.length === 0) process.nextTick(() => this.flush());
    this.#waiting.push([outlet, frame]);
    if (this.#waiting.length === MOST) this.flush();
  }

  /** For what must not overtake them. */
  flush(): void {
    if (this.#waiting.length === 0) return;
    const frames = this.#waiting;
    this.#waiting = [];
    for (const [outlet, frame] of frames) outlet.write(frame);
  }
}
