/**
 * The socket through which one member's script calls Tutti (its language: protocol/local.ts). It identifies the member;
 * nothing else authorises a caller.
 *
 * Guarantees that a request is carried out once, however often it is repeated, and that a caller's end withdraws its
 * waits. Whatever a peer sends (garbage, endless lines, thousands of requests, or nothing while it does not read its
 * answers) harms that connection alone. A peer that closes its sending side counts as gone.
 */
import { chmod, mkdir, rename, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { LIMITS } from '@tutti/protocol';
import type { Clock } from '../system/clock.ts';
import type { Log } from '../system/log.ts';
import { Calls } from './calls.ts';
import { Connection } from './connection.ts';
import { carryOut, type VerbContext } from './verbs.ts';

/** The ending of a socket that is not yet in its place. */
export const UNFINISHED = '.tmp';

const WITHDRAWAL_MS = 2000;

export interface LocalServerOptions extends VerbContext {
  readonly clock: Clock;
  readonly log: Log;
  readonly connections?: number;
}

export class LocalServer {
  readonly #options: LocalServerOptions;
  readonly #calls: Calls;
  readonly #server: Server;
  readonly #connections = new Set<Connection>();
  #path: string | undefined;

  constructor(options: LocalServerOptions) {
    this.#options = options;
    this.#calls = new Calls(() => options.clock.monotonicMs());
    this.#server = createServer((socket) => this.#accept(socket));
    this.#server.maxConnections = options.connections ?? 1024;
  }

  /** Takes the place of a socket that an earlier agent left at the path. */
  async listen(path: string): Promise<void> {
    // Listening elsewhere first: nobody ever sees the socket with another mode, nor the path without a socket.
    const temporary = `${path}${UNFINISHED}`;
    // Whoever tidies up temporary directories may have removed it.
    await mkdir(dirname(path), { recursive: true, mode: 0o755 });
    await rm(temporary, { force: true });
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ path: temporary, backlog: 511 }, () => {
        this.#server.removeListener('error', reject);
        resolve();
      });
    });
    this.#server.on('error', (thrown) => this.#options.log.warn({ err: thrown }, 'local socket'));
    await chmod(temporary, 0o600);
    await rename(temporary, path);
    this.#path = path;
  }

  /** The requests that have a living caller. */
  pending(): string[] {
    return this.#calls.pending();
  }

  get connections(): number {
    return this.#connections.size;
  }

  /** The member has ended: everything it still waits for is withdrawn, the socket removed. */
  async close(): Promise<void> {
    // Twice is no mistake.
    const closed = promisify(this.#server.close.bind(this.#server))().catch(() => undefined);
    await Promise.race([this.#calls.withdraw(), this.#patience()]);
    for (const connection of this.#connections) connection.close();
    await closed;
    if (this.#path !== undefined) await rm(this.#path, { force: true });
  }

  /** The agent goes, the member stays: nothing is withdrawn, and callers repeat their requests to the next agent. */
  detach(): void {
    this.#server.close();
    for (const connection of this.#connections) connection.drop();
    this.#connections.clear();
  }

  /** A master that does not answer a withdrawal must not keep a member from ending. */
  async #patience(): Promise<void> {
    await delay(WITHDRAWAL_MS, undefined, { ref: false });
  }

  #accept(socket: Socket): void {
    const connection = new Connection(socket, {
      lineLimit: LIMITS.localLine.value,
      onRequest: (request) => {
        this.#calls.ask(request.id, connection, (at, signal) => carryOut(request, at, signal, this.#options));
      },
      onGone: () => {
        this.#connections.delete(connection);
        this.#calls.leave(connection);
      },
    });
    this.#connections.add(connection);
  }
}
