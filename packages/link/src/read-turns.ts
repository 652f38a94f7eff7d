/**
 * Sockets that bring bulk take turns: who has brought a large message is read again when it is its turn, a few of them in each
 * turn of the event loop. So a short message, from whoever, waits behind a few large ones, and not behind one from everybody.
 *
 * Nobody is slowed down who is alone: as many are its own. What waits is at most one entry for each socket.
 */

/** A message of so many bytes is bulk: streams come in chunks of 64 KiB, what is said is short. */
const LARGE = 16_384;
/** Large messages that are read in one turn of the event loop; they take about a third of a millisecond each. */
const AT_A_TIME = 8;

interface Pausable {
  pause(): void;
  /** Nothing happens where it is closed. */
  resume(): void;
}

export class ReadTurns {
  /** In the order in which they came. */
  readonly #waiting = new Set<Pausable>();
  #scheduled = false;
  /** Large messages of this turn of the event loop. */
  #taken = 0;

  /** It has brought a message of so many bytes. */
  brought(bytes: number, socket: Pausable): void {
    if (bytes < LARGE) return;
    this.#taken += 1;
    this.#schedule();
    if (this.#taken < AT_A_TIME && this.#waiting.size === 0) return;
    socket.pause();
    this.#waiting.add(socket);
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#taken = 0;
      for (const socket of [...this.#waiting].slice(0, AT_A_TIME)) {
        this.#waiting.delete(socket);
        socket.resume();
      }
      if (this.#waiting.size > 0) this.#schedule();
    });
  }
}
