/**
 * Keeps one session to a master open: the shell around the state machine of reconnect.ts.
 *
 * `greet` turns a fresh transport into a session and says hello on it; when it rejects with a code that no
 * repetition can mend, the dialer ends in `refused` and stays there. Every other end is tried again until `stop`.
 */
import { connect } from 'node:net';
import { isErrorCode, SUBPROTOCOL, TuttiError } from '@tutti/protocol';
import { WebSocket } from 'ws';
import { dialUrl, type Endpoint, unixPath } from './address.ts';
import { type Clock, systemClock } from './clock.ts';
import type { Heartbeat, Pulse } from './heartbeat.ts';
import { INITIAL, type LinkEvent, type LinkState, next } from './reconnect.ts';
import type { Session } from './session.ts';
import type { Transport } from './transport.ts';
import { WS_OPTIONS, WsTransport } from './ws-transport.ts';

/** From the first packet to the open WebSocket. */
const DIAL_MS = 5000;
/** From there to the answer to hello. */
const GREET_MS = 10_000;
/** A refusal is a line of JSON; whatever says more is no master. */
const LONGEST_REFUSAL = 65_536;

export interface DialOptions {
  address: string;
  endpoint: Endpoint;
  /** Read anew for every attempt: a token file may be replaced. */
  token: () => string | undefined;
  /** For the deadline of 5 s. */
  clock?: Clock;
  signal?: AbortSignal;
}

/** Opens one WebSocket. Rejects with the refusal's own code, with `NOT_CONNECTED`, or with `CANCELLED` by the signal. */
export function dial({
  address,
  endpoint,
  token,
  clock = systemClock,
  signal,
}: DialOptions): Promise<Transport> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) throw cancelled(address, signal);
    const ws = open(address, endpoint, token());
    const settled = () => {
      cancelDeadline();
      signal?.removeEventListener('abort', abort);
    };
    const fail = (error: TuttiError) => {
      settled();
      reject(error);
      ws.terminate();
    };
    const lost = (why: string, cause?: unknown) =>
      fail(new TuttiError('NOT_CONNECTED', `no master answers at ${address}: ${why}`, { cause }));
    const abort = () => fail(cancelled(address, signal));
    const cancelDeadline = clock.after(DIAL_MS, () => lost(`no WebSocket within ${DIAL_MS / 1000} s`));
    signal?.addEventListener('abort', abort);

    ws.once('upgrade', (response) => {
      const transport = new WsTransport(ws, response.socket);
      ws.once('open', () => {
        settled();
        resolve(transport);
      });
    });
    ws.once('unexpected-response', (_request, response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        body += text;
        if (body.length > LONGEST_REFUSAL) response.destroy();
      });
      response.on('error', () => {});
      // Also when the answer breaks off: what has come of it is all there will be.
      response.once('close', () => fail(refused(address, response.statusCode, body)));
    });
    ws.on('error', (cause) => lost(reason(cause), cause));
  });
}

function open(address: string, endpoint: Endpoint, secret: string | undefined): WebSocket {
  const path = unixPath(address);
  return new WebSocket(dialUrl(address, endpoint), SUBPROTOCOL, {
    ...WS_OPTIONS,
    headers: secret === undefined ? {} : { authorization: `Bearer ${secret}` },
    // In the URL, as `ws` has it, a path could hold neither colons nor blanks.
    ...(path === undefined ? {} : { createConnection: () => connect(path) }),
  });
}

function cancelled(address: string, signal: AbortSignal | undefined): TuttiError {
  return new TuttiError('CANCELLED', `dialling ${address} was given up`, { cause: signal?.reason });
}

/** Node puts the reason of each address it tried into an AggregateError without a message. */
function reason(error: Error): string {
  const [first] = error instanceof AggregateError ? (error.errors as Error[]) : [];
  return error.message || first?.message || String(error);
}

function refused(address: string, status: number | undefined, body: string): TuttiError {
  try {
    const { code, message } = JSON.parse(body) as { code?: unknown; message?: unknown };
    if (isErrorCode(code) && typeof message === 'string') return new TuttiError(code, message);
  } catch {
    // Not a master of ours: said below.
  }
  return new TuttiError(
    'NOT_CONNECTED',
    `what answers at ${address} is not a Tutti master (HTTP status ${status})`,
  );
}

/** What keeping a session open takes, whichever directions it speaks. */
export type LiveSession = Pulse & Pick<Session, 'close' | 'onClosed'>;

export interface DialerOptions extends Omit<DialOptions, 'signal'> {
  clock: Clock;
  heartbeat: Heartbeat;
  random: () => number;
  /** Makes the session and says hello; rejects when the transport is closed under it. */
  greet: (transport: Transport) => Promise<LiveSession>;
  onState: (state: LinkState) => void;
}

export class Dialer {
  readonly #options: DialerOptions;
  readonly #dialing = new AbortController();
  #state: LinkState = INITIAL;
  /** What `stop` has to close: the transport that is being greeted, then its session. */
  #current: Pick<LiveSession, 'close'> | undefined;
  #stopped: TuttiError | undefined;
  #cancelTimer: (() => void) | undefined;

  constructor(options: DialerOptions) {
    this.#options = options;
  }

  /** Dials now, also when it is waiting to dial. */
  start(): void {
    this.#dial();
  }

  stop(why: TuttiError): void {
    if (this.#stopped !== undefined) return;
    this.#stopped = why;
    this.#step({ type: 'stop' });
    this.#cancelTimer?.();
    this.#dialing.abort(why);
    this.#current?.close(why);
  }

  get state(): LinkState {
    return this.#state;
  }

  #step(event: LinkEvent): void {
    const before = this.#state;
    this.#state = next(before, event);
    if (this.#state === before) return;
    this.#options.onState(this.#state);
    if (this.#state.at === 'waiting') {
      this.#cancelTimer = this.#options.clock.after(this.#state.delayMs, () => this.#dial());
    }
  }

  #dial(): void {
    if (this.#state.at !== 'waiting') return;
    this.#cancelTimer?.();
    this.#step({ type: 'dial' });
    if (this.#stopped !== undefined) return;
    this.#connect().catch((error: unknown) => this.#lost(TuttiError.from(error)));
  }

  async #connect(): Promise<void> {
    const transport = await dial({ ...this.#options, signal: this.#dialing.signal });
    const session = await this.#greet(transport);
    this.#current = session;
    session.onClosed((why) => this.#lost(why));
    this.#options.heartbeat.watch(session, true);
    session.onClosed(() => this.#options.heartbeat.unwatch(session));
    session.ping();
    this.#step({ type: 'opened' });
  }

  /** A master that takes the connection and then says nothing is as good as none. */
  async #greet(transport: Transport): Promise<LiveSession> {
    this.#current = transport;
    if (this.#stopped !== undefined) transport.close(this.#stopped);
    const cancel = this.#options.clock.after(GREET_MS, () =>
      transport.close(new TuttiError('TIMED_OUT', 'the master did not answer hello')),
    );
    try {
      return await this.#options.greet(transport);
    } catch (error) {
      transport.close(TuttiError.from(error));
      throw error;
    } finally {
      cancel();
    }
  }

  #lost(error: TuttiError): void {
    this.#step({ type: 'lost', error, random: this.#options.random() });
  }
}
