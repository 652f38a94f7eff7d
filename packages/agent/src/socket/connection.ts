/** One caller on a member's local socket: lines in, answers out, bounds in both directions. */
import type { Socket } from 'node:net';
import { type LocalAnswer, LocalRequest, TuttiError, validate } from '@tutti/protocol';
import type { Answer, Asker } from './calls.ts';
import { LineSplitter } from './line-splitter.ts';

export type LocalCall = ReturnType<typeof LocalRequest.parse>;

export interface ConnectionOptions {
  readonly lineLimit: number;
  readonly onRequest: (request: LocalCall) => void;
  /** The caller has closed, or was closed on. */
  readonly onGone: () => void;
}

/** Unanswered requests of one connection. */
const OPEN_REQUESTS = 1024;
/** Answers that a caller has not read. */
const UNREAD_BYTES = 8 * 1024 * 1024;

export class Connection implements Asker {
  readonly #socket: Socket;
  readonly #options: ConnectionOptions;
  readonly #lines: LineSplitter;
  readonly #open = new Set<string>();
  #gone = false;

  constructor(socket: Socket, options: ConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#lines = new LineSplitter(options.lineLimit);
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('error', () => undefined);
    socket.once('end', () => this.#leave());
    socket.once('close', () => this.#leave());
  }

  answer(id: string, answer: Answer): void {
    this.#open.delete(id);
    if ('result' in answer) this.#send({ id, result: answer.result });
    else this.#send({ id, error: { code: answer.error.code, message: answer.error.message } });
  }

  /** Says goodbye after what was already answered. */
  close(): void {
    this.#socket.end();
    this.#socket.destroySoon();
  }

  /** Goes without a word, and without `onGone`. */
  drop(): void {
    this.#gone = true;
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    if (this.#gone) return;
    let lines: Buffer[];
    try {
      lines = this.#lines.push(chunk);
    } catch (thrown) {
      this.#refuse('', TuttiError.from(thrown, 'BAD_PARAMS'));
      this.close();
      return;
    }
    for (const line of lines) {
      if (line.length > 0 && !this.#take(line)) return;
    }
  }

  /** False when nothing more is taken from this connection. */
  #take(line: Buffer): boolean {
    let value: unknown;
    try {
      value = JSON.parse(line.toString('utf8'));
    } catch {
      this.#refuse(
        '',
        new TuttiError('BAD_PARAMS', 'a line on the local socket is not JSON; send one object a line'),
      );
      this.close();
      return false;
    }
    const id = idOf(value);
    try {
      const request = validate(LocalRequest, value, 'BAD_PARAMS', 'a request on the local socket');
      if (this.#open.size >= OPEN_REQUESTS) {
        throw new TuttiError(
          'TOO_MANY_CALLS',
          `${OPEN_REQUESTS} requests of this connection are unanswered; wait for answers`,
        );
      }
      this.#open.add(request.id);
      this.#options.onRequest(request);
    } catch (thrown) {
      this.#refuse(id, TuttiError.from(thrown));
    }
    return true;
  }

  #refuse(id: string, error: TuttiError): void {
    this.#send({ id, error: { code: error.code, message: error.message } });
  }

  #send(answer: LocalAnswer): void {
    if (this.#gone || !this.#socket.writable) return;
    this.#socket.write(`${JSON.stringify(answer)}\n`);
    if (this.#socket.writableLength > UNREAD_BYTES) this.#socket.destroy();
  }

  #leave(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#options.onGone();
  }
}

function idOf(value: unknown): string {
  if (typeof value !== 'object' || value === null || !('id' in value)) return '';
  return typeof value.id === 'string' ? value.id : '';
}
