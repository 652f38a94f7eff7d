/**
 * The master's door: an HTTP upgrade request becomes a `Transport`, or an HTTP answer that says why not.
 *
 * Every connection carries the master's secret as a bearer token. A refusal's body is `{"code", "message"}`, so that the other
 * side can show it to a person.
 */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { SUBPROTOCOL, TuttiError } from '@tutti/protocol';
import { WebSocketServer } from 'ws';
import { type Bearer, bearer } from './bearer.ts';
import { Outbox } from './outbox.ts';
import { ReadTurns } from './read-turns.ts';
import type { Transport } from './transport.ts';
import { type ServerSide, WS_OPTIONS, WsTransport } from './ws-transport.ts';

export class Upgrader {
  readonly #server = new WebSocketServer({
    ...WS_OPTIONS,
    noServer: true,
    handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
  });
  readonly #side: ServerSide = { turns: new ReadTurns(), outbox: new Outbox() };
  readonly #bearer: Bearer;

  constructor(token: string) {
    this.#bearer = bearer(token);
  }

  upgrade(
    request: IncomingMessage,
    socket: Socket,
    head: Buffer,
    connected: (transport: Transport) => void,
  ): void {
    const refusal = this.#refusal(request);
    if (refusal !== undefined) {
      refuse(socket, refusal.status, refusal.error);
      return;
    }
    socket.setNoDelay(true);
    this.#server.handleUpgrade(request, socket, head, (ws) =>
      connected(new WsTransport(ws, socket, this.#side)),
    );
  }

  #refusal(request: IncomingMessage): { status: string; error: TuttiError } | undefined {
    const error = this.#bearer(request.headers.authorization, 'the connection');
    if (error !== undefined) return { status: '401 Unauthorized', error };
    const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
    if (!offered.includes(SUBPROTOCOL)) {
      const message = `the peer offers "${offered.join(', ')}", this master speaks "${SUBPROTOCOL}": upgrade the older one`;
      return { status: '426 Upgrade Required', error: new TuttiError('PROTOCOL_MISMATCH', message) };
    }
    return undefined;
  }
}

/** Answers an upgrade request in plain HTTP and closes. */
export function refuse(socket: Socket, status: string, { code, message }: TuttiError): void {
  const body = JSON.stringify({ code, message });
  // A peer that vanishes before it has read why needs no telling; one that stays is not waited for.
  socket.on('error', () => {});
  socket.once('finish', () => socket.destroy());
  socket.end(
    `HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
