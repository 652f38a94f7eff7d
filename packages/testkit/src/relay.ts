/**
 * A real socket server that passes bytes on to another, and lets a test slow, stop or sever them on the way:
 * the network between two daemons.
 */

import { once } from 'node:events';
import {
  connect,
  createServer,
  type ListenOptions,
  type NetConnectOpts,
  type Server,
  type Socket,
} from 'node:net';
import type { Flow } from './flow.ts';

export class Relay {
  readonly #server: Server;
  readonly #connections = new Set<RelayedConnection>();

  private constructor(server: Server, target: NetConnectOpts) {
    this.#server = server;
    server.on('connection', (client) => {
      const connection = new RelayedConnection(client, connect({ ...target, allowHalfOpen: true }));
      this.#connections.add(connection);
      connection.onGone(() => this.#connections.delete(connection));
    });
  }

  static async open(listen: ListenOptions, target: NetConnectOpts): Promise<Relay> {
    const server = createServer({ allowHalfOpen: true });
    const relay = new Relay(server, target);
    server.listen(listen);
    await once(server, 'listening');
    return relay;
  }

  /** Of TCP. */
  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the relay has no port');
    return address.port;
  }

  get connections(): RelayedConnection[] {
    return [...this.#connections];
  }

  async close(): Promise<void> {
    for (const connection of this.#connections) connection.sever();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

export class RelayedConnection {
  readonly toServer: Flow;
  readonly toClient: Flow;
  readonly #client: Socket;
  readonly #server: Socket;

  constructor(client: Socket, server: Socket) {
    this.#client = client;
    this.#server = server;
    this.toServer = new RelayedFlow(client, server);
    this.toClient = new RelayedFlow(server, client);
    for (const socket of [client, server]) {
      socket.on('error', () => {});
      socket.on('close', () => this.sever());
    }
  }

  /** Both ends see a reset or an end of file, in the middle of whatever they were at. */
  sever(): void {
    this.#client.destroy();
    this.#server.destroy();
  }

  onGone(listener: () => void): void {
    this.#client.once('close', listener);
  }
}

class RelayedFlow implements Flow {
  readonly #to: Socket;
  readonly #from: Socket;
  #held = Buffer.alloc(0);
  #allowed = Number.POSITIVE_INFINITY;
  #ended = false;

  constructor(from: Socket, to: Socket) {
    this.#from = from;
    this.#to = to;
    from.on('data', (bytes: Buffer) => {
      this.#held = Buffer.concat([this.#held, bytes]);
      this.#forward();
    });
    from.on('end', () => {
      this.#ended = true;
      this.#forward();
    });
    to.on('drain', () => this.#forward());
  }

  hold(): void {
    this.#allowed = 0;
  }

  pass(bytes: number): void {
    this.#allowed += bytes;
    this.#forward();
  }

  release(): void {
    this.pass(Number.POSITIVE_INFINITY);
  }

  get held(): number {
    return this.#held.byteLength;
  }

  #forward(): void {
    const bytes = this.#held.subarray(0, this.#allowed);
    this.#held = this.#held.subarray(bytes.byteLength);
    this.#allowed -= bytes.byteLength;
    const full = bytes.byteLength > 0 && !this.#to.write(bytes);
    if (this.#held.byteLength > 0 || full) this.#from.pause();
    else if (this.#ended) this.#to.end();
    else this.#from.resume();
  }
}
