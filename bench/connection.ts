/**
 * One client of the barrier bench, the same for both sides: a bare `ws` and `msgpackr`. Servers are compared here; what an agent
 * makes of an answer it does on a machine of its own, and not a thousand of them on one.
 */
import { once } from 'node:events';
import { Packr } from 'msgpackr';
import { WebSocket } from 'ws';

const packr = new Packr({ useRecords: false });

export class Connection {
  readonly #ws: WebSocket;

  private constructor(ws: WebSocket) {
    this.#ws = ws;
  }

  /** Resolves when it is open. `heard`: every message that comes, decoded. */
  static async open(
    url: string,
    heard: (message: unknown[]) => void,
    { protocol, token }: { protocol?: string; token?: string } = {},
  ): Promise<Connection> {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const ws = new WebSocket(url, protocol, { perMessageDeflate: false, headers });
    ws.on('message', (data: Buffer) => heard(packr.unpack(data) as unknown[]));
    await once(ws, 'open');
    return new Connection(ws);
  }

  send(message: unknown[]): void {
    this.#ws.send(packr.pack(message));
  }
}
