/** A Unix socket behind which WebSockets are let in as at a master's door; its connections can be reset. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { type Transport, Upgrader } from '@tutti/link';

export class TestDoor {
  /** As agents and clients take it. */
  readonly address: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(path: string, token: string, enter: (transport: Transport) => void) {
    this.address = `unix:${path}`;
    this.#server = createServer();
    const upgrader = new Upgrader(token);
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    this.#server.on('upgrade', (request, socket, early) =>
      upgrader.upgrade(request, socket as Socket, early, enter),
    );
  }

  /** Whoever has the token comes in. */
  static async open(path: string, token: string, enter: (transport: Transport) => void): Promise<TestDoor> {
    const door = new TestDoor(path, token, enter);
    door.#server.listen(path);
    await once(door.#server, 'listening');
    return door;
  }

  /** The connections are reset: neither side has said goodbye. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
