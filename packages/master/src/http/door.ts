/**
 * The master's one port: health and the API for HTTP, and the two WebSocket endpoints behind the token.
 *
 * Guarantees: a peer that does not say hello within 10 s is shown out, and so is one that does not finish the head of its
 * request in that time, or all of it in five minutes; idle connections are bounded; heartbeats watch every session; closing the
 * door ends every connection. The web page will be a route of this server.
 */

import { chmod, lstat, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect, type Socket } from 'node:net';
import {
  type Clock,
  Heartbeat,
  type ListenAddress,
  type LiveSession,
  refuse,
  type Transport,
  Upgrader,
} from '@tutti/link';
import { TuttiError } from '@tutti/protocol';
import { IdleConnections } from './connections.ts';
import { HelloDeadlines } from './hello-deadlines.ts';

const HELLO_MS = 10_000;
const REQUEST_MS = 300_000;
/** How often connections are looked at for that. */
const LOOK_MS = 5000;
const API = '/api/';

type Served = LiveSession & { readonly opened: boolean };

export interface DoorOptions {
  address: ListenAddress;
  token: string;
  clock: Clock;
  agent: (transport: Transport) => Served;
  client: (transport: Transport) => Served;
  /** What is asked below `/api/`; without it there is nothing. */
  api?: (request: IncomingMessage, response: ServerResponse) => void;
  /** Default: `LIMITS.idleConnections`. */
  idleConnections?: number;
  /** Rejects with why new work is not taken at present. */
  ready: () => Promise<void>;
  /** A connection could not be accepted, for example because this process has too many files open. */
  onError?: (error: Error) => void;
}

export class Door {
  readonly #options: DoorOptions;
  readonly #upgrader: Upgrader;
  readonly #heartbeat: Heartbeat;
  readonly #deadlines: HelloDeadlines;
  readonly #server: Server;
  readonly #sessions = new Set<Served>();
  readonly #idle: IdleConnections;

  constructor(options: DoorOptions) {
    this.#options = options;
    this.#upgrader = new Upgrader(options.token);
    this.#idle = new IdleConnections(options.idleConnections);
    this.#heartbeat = new Heartbeat(options.clock);
    this.#deadlines = new HelloDeadlines(options.clock, HELLO_MS);
    const serverOptions = {
      headersTimeout: HELLO_MS,
      requestTimeout: REQUEST_MS,
      connectionsCheckingInterval: LOOK_MS,
      // Clients that would rather speak HTTP/2 offer that with their requests: those are answered all the same.
      shouldUpgradeCallback: ({ headers }: IncomingMessage) => headers.upgrade?.toLowerCase() === 'websocket',
    };
    this.#server = createServer(serverOptions, (request, response) => this.#answer(request, response));
    this.#server.on('connection', (socket) => this.#idle.opened(socket));
    this.#server.on('upgrade', (request, socket, head) => {
      this.#idle.left(socket);
      this.#upgrade(request, socket as Socket, head);
    });
  }

  /** Listens and returns the URL. Throws `ADDRESS_IN_USE` or `BAD_ADDRESS`. */
  async open(): Promise<string> {
    const { address } = this.#options;
    if ('path' in address) await clearDeadSocket(address.path);
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (cause: NodeJS.ErrnoException) => reject(listenError(address, cause)));
      this.#server.listen(address, () => {
        this.#server.removeAllListeners('error');
        // Without a listener an error would end the process.
        this.#server.on('error', (error) => this.#options.onError?.(error));
        resolve();
      });
    });
    if ('path' in address) {
      await chmod(address.path, 0o600);
      return `unix:${address.path}`;
    }
    const { port } = this.#server.address() as AddressInfo;
    const host = address.host.includes(':') ? `[${address.host}]` : address.host;
    return `ws://${host}:${port}`;
  }

  async close(): Promise<void> {
    const why = new TuttiError('NOT_CONNECTED', 'the master is shutting down');
    for (const session of this.#sessions) session.close(why);
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    this.#server.closeAllConnections();
    await closed;
  }

  debugState(): { sessions: number; watched: number } {
    return { sessions: this.#sessions.size, watched: this.#heartbeat.size };
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    this.#idle.asks(socket);
    response.once('close', () => this.#idle.answered(socket));
    const { api } = this.#options;
    if (api !== undefined && request.url?.startsWith(API)) api(request, response);
    else void answerHealth(request, response, this.#options.ready);
  }

  #upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    const path = request.url?.split('?')[0];
    const serve =
      path === '/agent' ? this.#options.agent : path === '/client' ? this.#options.client : undefined;
    if (serve === undefined) {
      refuse(socket, '404 Not Found', new TuttiError('BAD_ADDRESS', `there is no endpoint ${path}`));
      return;
    }
    this.#upgrader.upgrade(request, socket, head, (transport) => this.#serve(serve(transport)));
  }

  #serve(session: Served): void {
    this.#sessions.add(session);
    this.#heartbeat.watch(session, false);
    this.#deadlines.add(session);
    session.onClosed(() => {
      this.#sessions.delete(session);
      this.#heartbeat.unwatch(session);
      this.#deadlines.delete(session);
    });
  }
}

async function answerHealth(
  { url }: IncomingMessage,
  response: ServerResponse,
  ready: () => Promise<void>,
): Promise<void> {
  const say = (status: number, text: string) =>
    response.writeHead(status, { 'content-type': 'text/plain' }).end(`${text}\n`);
  if (url === '/healthz') say(200, 'ok');
  else if (url !== '/readyz') say(404, 'not found');
  else {
    await ready().then(
      () => say(200, 'ok'),
      (error: unknown) => say(503, TuttiError.from(error).message),
    );
  }
}

function listenError(address: ListenAddress, cause: NodeJS.ErrnoException): TuttiError {
  const where = 'path' in address ? address.path : `${address.host}:${address.port}`;
  if (cause.code === 'EADDRINUSE')
    return new TuttiError('ADDRESS_IN_USE', `${where} is in use by another process`, { cause });
  return new TuttiError('BAD_ADDRESS', `the master cannot listen on ${where}: ${cause.message}`, { cause });
}

/** A socket file left by a dead master is no listener. Whatever else has that name is left alone. */
async function clearDeadSocket(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (!found?.isSocket()) return;
  const alive = await new Promise<boolean>((resolve) => {
    const probe = connect(path, () => {
      probe.destroy();
      resolve(true);
    });
    probe.on('error', () => resolve(false));
  });
  if (!alive) await rm(path, { force: true });
}
