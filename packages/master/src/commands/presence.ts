/**
 * Clients that started something, across their connections: who has been gone for a while is told of once, and what it
 * started ends.
 */
import type { Clock } from '@tutti/link';

/** As long as a run waits for its client. */
const GRACE_MS = 30_000;

export class Presence {
  readonly #clock: Clock;
  readonly #onGone: (client: string) => void;
  readonly #connections = new Map<string, number>();
  readonly #graces = new Map<string, () => void>();

  constructor(clock: Clock, onGone: (client: string) => void) {
    this.#clock = clock;
    this.#onGone = onGone;
  }

  /** It has connected; the returned function, called once, says that this connection has ended. */
  come(client: string): () => void {
    this.#connections.set(client, (this.#connections.get(client) ?? 0) + 1);
    this.#graces.get(client)?.();
    this.#graces.delete(client);
    return () => this.#left(client);
  }

  close(): void {
    for (const cancel of this.#graces.values()) cancel();
    this.#graces.clear();
  }

  get size(): number {
    return this.#connections.size + this.#graces.size;
  }

  #left(client: string): void {
    const others = (this.#connections.get(client) ?? 1) - 1;
    if (others > 0) {
      this.#connections.set(client, others);
      return;
    }
    this.#connections.delete(client);
    const cancel = this.#clock.after(GRACE_MS, () => {
      this.#graces.delete(client);
      this.#onGone(client);
    });
    this.#graces.set(client, cancel);
  }
}
