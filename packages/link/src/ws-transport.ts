/**
 * A WebSocket as a `Transport`.
 *
 * A close reason travels in the close frame (close-reason.ts), so that either side can name why the other
 * left. An abnormal end (no close frame) becomes `NOT_CONNECTED`; bytes that are no WebSocket frames become
 * `BAD_FRAME` or `FRAME_TOO_LARGE` at the side that received them.
 */
import type { Socket } from 'node:net';
import { LIMITS, TuttiError } from '@tutti/protocol';
import type { WebSocket } from 'ws';
import { closeReason, fromCloseReason } from './close-reason.ts';
import { dataFrame } from './data-frame.ts';
import type { Outbox } from './outbox.ts';
import type { ReadTurns } from './read-turns.ts';
import { shortFrame } from './short-frame.ts';
import type { Transport, TransportEvents } from './transport.ts';

/** Private use range of RFC 6455, section 7.4.2. */
const CLOSED_WITH_REASON = 4000;
/** RFC 6455, section 7.4.1. */
const NORMAL = 1000;
const TOO_BIG = 1009;

/** For both ends. `closeTimeout`: a peer that has not answered a close frame by then (ms) is cut off. */
export const WS_OPTIONS = { perMessageDeflate: false, maxPayload: LIMITS.frame.value, closeTimeout: 1000 };

/** What the connections that one server has accepted share. */
export interface ServerSide {
  readonly turns: ReadTurns;
  readonly outbox: Outbox;
}

export class WsTransport implements Transport {
  readonly peer: string;
  readonly remoteAddress: string | undefined;
  readonly #ws: WebSocket;
  readonly #socket: Socket;
  readonly #server: ServerSide | undefined;
  readonly #early: Uint8Array[] = [];
  #events: TransportEvents | undefined;
  #closedWith: TuttiError | undefined;
  #wanted: TuttiError | undefined;
  #error: Error | undefined;

  /** `ws` was made with `WS_OPTIONS`, on `socket`; `server`: that has accepted it. */
  constructor(ws: WebSocket, socket: Socket, server?: ServerSide) {
    this.#ws = ws;
    this.#socket = socket;
    this.#server = server;
    this.remoteAddress = socket.remoteAddress?.replace(/^::ffff:/, '');
    this.peer =
      this.remoteAddress === undefined ? 'a local socket' : `${this.remoteAddress}:${socket.remotePort}`;
    ws.binaryType = 'fragments';
    ws.on('message', (data: Buffer[], isBinary) => {
      if (this.#wanted !== undefined) return;
      if (isBinary) this.#received(whole(data));
      else this.close(new TuttiError('BAD_FRAME', 'a text frame, where only binary ones are used'));
    });
    // Without a listener an error would end the process; 'close' always follows it.
    ws.on('error', (error) => {
      this.#error = error;
    });
    ws.on('close', (code, reason) => {
      this.#closedWith = this.#wanted ?? whyClosed(code, reason.toString('utf8'), this.#error);
      this.#events?.ended(this.#closedWith);
    });
  }

  #received(message: Buffer): void {
    if (this.#events === undefined) this.#early.push(message);
    else this.#events.message(message);
    this.#server?.turns.brought(message.byteLength, this.#ws);
  }

  start(events: TransportEvents): void {
    // No I/O event comes between here and there, so nothing overtakes what was kept.
    queueMicrotask(() => {
      this.#events = events;
      for (const bytes of this.#early.splice(0)) events.message(bytes);
      if (this.#closedWith !== undefined) events.ended(this.#closedWith);
    });
  }

  send(bytes: Uint8Array): void {
    if (this.#ws.readyState !== this.#ws.OPEN) return;
    const frame = this.#server && shortFrame(bytes);
    if (frame !== undefined) this.#server?.outbox.add(this, frame);
    else {
      this.#server?.outbox.flush();
      this.#ws.send(bytes);
    }
  }

  sendData(head: Uint8Array, payload: Uint8Array, flushed: () => void): void {
    if (this.#ws.readyState !== this.#ws.OPEN) return;
    this.#server?.outbox.flush();
    const before = dataFrame(head, payload, this.#server === undefined);
    this.#socket.cork();
    this.#socket.write(before);
    this.#socket.write(payload, (error) => error || flushed());
    this.#socket.uncork();
  }

  /**
   * For the outbox. Without compression `ws` keeps nothing back, so its way and ours cannot overtake each other; what a peer that
   * closes was still to be told is dropped.
   */
  write(frame: Uint8Array): void {
    if (this.#ws.readyState === this.#ws.OPEN) this.#socket.write(frame);
  }

  close(why: TuttiError): void {
    if (this.#wanted !== undefined || this.#closedWith !== undefined) return;
    this.#server?.outbox.flush();
    this.#wanted = why;
    this.#ws.close(CLOSED_WITH_REASON, closeReason(why));
  }

  get queued(): number {
    return this.#socket.writableLength;
  }

  get received(): number {
    return this.#socket.bytesRead;
  }
}

/**
 * The parts of a message as one, taken out of the list that had them. `ws` makes the list for the next message ahead, so that on a
 * quiet connection it has grown old when the message comes; and V8 takes for living what something old still points to, until
 * the next full collection: of ten thousand idle connections 3 MB a second.
 */
function whole(parts: Buffer[]): Buffer {
  const [only] = parts;
  const message = only !== undefined && parts.length === 1 ? only : Buffer.concat(parts);
  parts.length = 0;
  return message;
}

function whyClosed(code: number, reason: string, cause: Error | undefined): TuttiError {
  const told = code === CLOSED_WITH_REASON ? fromCloseReason(reason) : undefined;
  if (told !== undefined) return told;
  if (
    cause !== undefined &&
    'code' in cause &&
    typeof cause.code === 'string' &&
    cause.code.startsWith('WS_ERR_')
  ) {
    return cause.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH'
      ? new TuttiError('FRAME_TOO_LARGE', 'the peer sent a frame larger than allowed', { cause })
      : new TuttiError('BAD_FRAME', `the peer does not speak WebSocket: ${cause.message}`, { cause });
  }
  if (code === TOO_BIG) return new TuttiError('FRAME_TOO_LARGE', 'the peer refused a frame as too large');
  if (code === NORMAL) return new TuttiError('NOT_CONNECTED', 'the peer closed the connection');
  return new TuttiError('NOT_CONNECTED', `the connection was lost${cause ? `: ${cause.message}` : ''}`, {
    cause,
  });
}
