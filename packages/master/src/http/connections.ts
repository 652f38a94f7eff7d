/**
 * Connections to the master's port that ask nothing at present: made and silent, half a request, or kept alive after an
 * answer. Beyond a bound the one that has been idle longest is closed, so that whoever comes gets in and thousands of idle ones
 * cost a bounded amount. The bound is above the number of agents that may all come at once: each is such a connection at first.
 * Those that are being answered, and WebSockets, do not count.
 */
import { LIMITS } from '@tutti/protocol';

interface Connection {
  destroy(): unknown;
  once(event: 'close', listener: () => void): unknown;
}

export class IdleConnections {
  readonly #limit: number;
  /** In the order in which they became idle. */
  readonly #idle = new Set<Connection>();
  /** How many requests of each are being answered: several, where they come before the answers. */
  readonly #asking = new Map<Connection, number>();

  constructor(limit: number = LIMITS.idleConnections.value) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#idle.size;
  }

  opened(connection: Connection): void {
    connection.once('close', () => this.left(connection));
    this.#add(connection);
  }

  asks(connection: Connection): void {
    this.#idle.delete(connection);
    this.#asking.set(connection, (this.#asking.get(connection) ?? 0) + 1);
  }

  answered(connection: Connection): void {
    const others = (this.#asking.get(connection) ?? 0) - 1;
    if (others > 0) this.#asking.set(connection, others);
    // Else it was closed meanwhile.
    else if (this.#asking.delete(connection)) this.#add(connection);
  }

  /** It was closed, or is none of HTTP any more. */
  left(connection: Connection): void {
    this.#idle.delete(connection);
    this.#asking.delete(connection);
  }

  #add(connection: Connection): void {
    this.#idle.add(connection);
    if (this.#idle.size <= this.#limit) return;
    const [oldest] = this.#idle;
    if (oldest === undefined) return;
    this.#idle.delete(oldest);
    oldest.destroy();
  }
}
