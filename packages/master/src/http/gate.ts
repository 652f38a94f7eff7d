/**
 * Who is let in to the HTTP API: whoever carries the token, and so many at a time.
 *
 * The API behind it is loaded when the first is let in: a master that nobody asks by HTTP starts and lives without it.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Bearer, bearer, type Logger } from '@tutti/link';
import { LIMITS, TuttiError } from '@tutti/protocol';
import type { Api } from './api.ts';
import { failureOf } from './failure.ts';

/** Of a connection that says nothing while it waits: how soon it is asked whether its other end still lives. */
const KEEP_ALIVE_MS = 30_000;

export interface GateOptions {
  readonly token: string;
  readonly load: () => Promise<Api>;
  readonly log: Logger;
  /** Requests at one time. */
  readonly limit?: number;
}

export class Gate {
  readonly #options: GateOptions;
  readonly #bearer: Bearer;
  readonly #open = new Set<ServerResponse>();
  #api: Promise<Api> | undefined;
  #closed = false;

  constructor(options: GateOptions) {
    this.#options = options;
    this.#bearer = bearer(options.token);
  }

  handle(request: IncomingMessage, response: ServerResponse): void {
    const refusal = this.#bearer(request.headers.authorization, 'the request');
    // What a stranger still sends is not read.
    if (refusal !== undefined)
      return refuse(response, refusal, { 'www-authenticate': 'Bearer', connection: 'close' });
    const { limit = LIMITS.openRequests.value } = this.#options;
    if (this.#open.size >= limit) {
      const error = new TuttiError(LIMITS.openRequests.code, `more than ${limit} HTTP requests are open`);
      return refuse(response, error, { 'retry-after': '1' });
    }
    request.socket.setKeepAlive(true, KEEP_ALIVE_MS);
    this.#open.add(response);
    response.once('close', () => this.#open.delete(response));
    void this.#pass(request, response);
  }

  /** After the door, which has ended the connections: every answer is over. */
  async close(): Promise<void> {
    this.#closed = true;
    const api = await this.#api?.catch(() => undefined);
    await api?.close();
  }

  debugState(): { requests: number } {
    return { requests: this.#open.size };
  }

  async #pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      this.#api ??= this.#options.load();
      const api = await this.#api;
      if (this.#closed) throw new TuttiError('MASTER_STOPPING', 'the master is shutting down');
      api.handle(request, response);
    } catch (error) {
      // The next one tries again.
      if (!this.#closed) this.#api = undefined;
      this.#options.log.error({ err: error }, 'the HTTP API could not be loaded');
      refuse(response, TuttiError.from(error), { connection: 'close' });
    }
  }
}

function refuse(response: ServerResponse, error: TuttiError, headers: Record<string, string>): void {
  const { status, body } = failureOf(error);
  const text = JSON.stringify(body);
  response.writeHead(status, {
    ...headers,
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
  });
  response.end(text);
}
