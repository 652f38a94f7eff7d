/** A real HTTP server with an `Upgrader` behind it, on loopback or on a Unix socket. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { ListenOptions, NetConnectOpts, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@tutti/testkit';
import type { Transport } from '../src/transport.ts';
import { Upgrader } from '../src/upgrade.ts';

export type Where = 'tcp' | 'unix';

export const TOKEN = 'open-sesame';

/** Where something can listen, and how to get there; removed with `remove`. */
export class Place {
  readonly listen: ListenOptions;
  readonly #directory: string | undefined;

  private constructor(listen: ListenOptions, directory: string | undefined) {
    this.listen = listen;
    this.#directory = directory;
  }

  static async find(where: Where): Promise<Place> {
    if (where === 'tcp') return new Place({ host: '127.0.0.1', port: 0 }, undefined);
    const directory = await mkdtemp(join(tmpdir(), 'tutti door:'));
    return new Place({ path: join(directory, 'a socket') }, directory);
  }

  /** As `connect` of node:net takes it. `port`: what the system chose. */
  target(port: number): NetConnectOpts {
    const { path } = this.listen;
    return path === undefined ? { host: '127.0.0.1', port } : { path };
  }

  /** As `dial` takes it. */
  address(port: number): string {
    const { path } = this.listen;
    return path === undefined ? `ws://127.0.0.1:${port}` : `unix:${path}`;
  }

  async remove(): Promise<void> {
    if (this.#directory !== undefined) await rm(this.#directory, { recursive: true });
  }
}

export class Door {
  readonly accepted: Transport[] = [];
  readonly #place: Place;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(place: Place, server: Server) {
    this.#place = place;
    this.#server = server;
    const upgrader = new Upgrader(TOKEN);
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    server.on('upgrade', (request, socket, head) => {
      upgrader.upgrade(request, socket as Socket, head, (transport) => this.accepted.push(transport));
    });
  }

  static async open(place: Place, port = 0): Promise<Door> {
    const server = createServer();
    const door = new Door(place, server);
    server.listen({ ...place.listen, ...(place.listen.path === undefined ? { port } : {}) });
    await once(server, 'listening');
    return door;
  }

  get port(): number {
    const address = this.#server.address();
    return address !== null && typeof address === 'object' ? address.port : 0;
  }

  get address(): string {
    return this.#place.address(this.port);
  }

  get target(): NetConnectOpts {
    return this.#place.target(this.port);
  }

  /** Sockets that are open at this end. */
  get sockets(): number {
    return this.#sockets.size;
  }

  /** The transport of the `n`th connection that was let in. */
  nth(n: number): Promise<Transport> {
    return eventually(() => this.accepted[n] ?? false) as Promise<Transport>;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
