/**
 * A master as clients use it. `call` means the master, not a connection: when that breaks it goes on with the
 * next one, until it is answered, refused for good, or its signal is aborted. A master that does not come back
 * within `orphanMs` is given up: all that waits for it is rejected with `NOT_CONNECTED`.
 */
import { randomBytes } from 'node:crypto';
import {
  type Clock,
  Dialer,
  Heartbeat,
  type LinkState,
  Session,
  type StreamSink,
  systemClock,
  type Transport,
} from '@tutti/link';
import {
  type Blob,
  type CallName,
  type CallParams,
  type CallResult,
  type EventParams,
  PROTOCOL,
  type StreamTarget,
  TuttiError,
} from '@tutti/protocol';

export type MasterSession = Session<'client→master', 'master→client'>;

export interface MasterClientOptions {
  address: string;
  token: () => string | undefined;
  software: string;
  clock?: Clock;
  /** Give up when the first connection has not come about by then, in ms. */
  patienceMs?: number;
  /** Told once for each time the connection is lost; it is sought again by itself. */
  onLost?: (why: TuttiError) => void;
  /** Told when it is found again, and how long it was away. */
  onBack?: (ms: number) => void;
  /** Give up when a lost connection has not come back by then, in ms; default 1 h. */
  orphanMs?: number;
}

export interface MasterEvents {
  run?(params: EventParams<'run.changed'>): void;
  test?(params: EventParams<'test.changed'>): void;
  session?(params: EventParams<'session.changed'>): void;
}

const PATIENCE_MS = 3000;
/** As long as agents go on with a run whose master does not come back. */
const ORPHAN_MS = 3_600_000;

/** One try on a living session; `over` is aborted with the reason when that ends. */
export type Attempt<T> = (session: MasterSession, over: AbortSignal) => Promise<T>;

type ResultTarget = StreamTarget & { to: 'result' | 'resultLink' };

type Accept = (target: ResultTarget) => Promise<StreamSink>;

type AcceptBlob = (blob: Blob) => Promise<StreamSink>;

/** Where a stream of log frames goes. */
type Feed = () => StreamSink;

interface Connection {
  session: MasterSession;
  over: AbortSignal;
}

interface Waiting {
  resolve: (connection: Connection) => void;
  reject: (error: unknown) => void;
}

export class MasterClient {
  readonly #options: MasterClientOptions;
  /** The same on every connection: what it starts on machines ends when it does not come back. */
  readonly #id = randomBytes(16).toString('hex');
  readonly #clock: Clock;
  readonly #dialer: Dialer;
  readonly #listeners = new Set<MasterEvents>();
  readonly #fetches = new Map<number, Accept>();
  readonly #feeds = new Map<string, Feed>();
  readonly #blobs = new Map<string, AcceptBlob>();
  readonly #waiting = new Set<Waiting>();
  #connection: Connection | undefined;
  #refused: TuttiError | undefined;
  /** Why there was no connection the last time. */
  #lost: TuttiError | undefined;
  #awaySince: number | undefined;
  #cancelGivingUp: (() => void) | undefined;

  private constructor(options: MasterClientOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#dialer = new Dialer({
      address: options.address,
      endpoint: '/client',
      token: options.token,
      clock: this.#clock,
      heartbeat: new Heartbeat(this.#clock),
      random: Math.random,
      greet: (transport) => this.#greet(transport),
      onState: (state) => this.#onState(state),
    });
  }

  /** Connects. Rejects with `NO_MASTER`, or with the master's refusal. */
  static async connect(options: MasterClientOptions): Promise<MasterClient> {
    const client = new MasterClient(options);
    client.#dialer.start();
    const cancel = client.#clock.after(options.patienceMs ?? PATIENCE_MS, () => {
      const cause = client.#lost;
      const why = cause?.message ?? `the master at ${options.address} does not answer`;
      client.#refuse(new TuttiError('NO_MASTER', why, { cause }));
    });
    try {
      await client.#connected();
      return client;
    } catch (error) {
      client.close();
      throw error;
    } finally {
      cancel();
    }
  }

  async call<K extends CallName<'client→master'>>(
    name: K,
    params: CallParams<K>,
    signal?: AbortSignal,
  ): Promise<CallResult<K>> {
    return this.persist((session) => session.call(name, params, { signal }), signal);
  }

  /** Does `attempt` on a living session, and once more on the next when that one breaks under it. */
  async persist<T>(attempt: Attempt<T>, signal?: AbortSignal): Promise<T> {
    for (;;) {
      const { session, over } = await this.#connected(signal);
      try {
        return await attempt(session, over);
      } catch (error) {
        signal?.throwIfAborted();
        if (session.closed === undefined) throw error;
      }
    }
  }

  listen(events: MasterEvents): () => void {
    this.#listeners.add(events);
    return () => this.#listeners.delete(events);
  }

  /** Where the files of `run.fetch` go, until the returned function is called. */
  receive(run: number, accept: Accept): () => void {
    this.#fetches.set(run, accept);
    return () => this.#fetches.delete(run);
  }

  /** Where these contents of `blob.fetch` go, until the returned function is called. */
  receiveBlobs(blobs: readonly Blob[], accept: AcceptBlob): () => void {
    for (const { digest } of blobs) this.#blobs.set(digest, accept);
    return () => {
      for (const { digest } of blobs) if (this.#blobs.get(digest) === accept) this.#blobs.delete(digest);
    };
  }

  /** Where the stream of that feed goes, until the returned function is called. */
  receiveFeed(id: string, feed: Feed): () => void {
    this.#feeds.set(id, feed);
    return () => this.#feeds.delete(id);
  }

  /** There is a connection now. */
  get reachable(): boolean {
    return this.#connection !== undefined && this.#connection.session.closed === undefined;
  }

  close(): void {
    this.#cancelGivingUp?.();
    this.#dialer.stop(new TuttiError('NOT_CONNECTED', 'the client is done'));
  }

  debugState(): { link: string; waiting: number; listeners: number; fetches: number; feeds: number } {
    return {
      link: this.#dialer.state.at,
      waiting: this.#waiting.size,
      listeners: this.#listeners.size,
      fetches: this.#fetches.size,
      feeds: this.#feeds.size,
    };
  }

  async #connected(signal?: AbortSignal): Promise<Connection> {
    signal?.throwIfAborted();
    if (this.#refused) throw this.#refused;
    if (this.#connection?.session.closed === undefined && this.#connection) return this.#connection;
    const { promise, resolve, reject } = Promise.withResolvers<Connection>();
    const waiting = { resolve, reject };
    const abort = () => reject(signal?.reason);
    this.#waiting.add(waiting);
    signal?.addEventListener('abort', abort);
    try {
      return await promise;
    } finally {
      this.#waiting.delete(waiting);
      signal?.removeEventListener('abort', abort);
    }
  }

  async #greet(transport: Transport): Promise<MasterSession> {
    const session: MasterSession = new Session({
      transport,
      sends: 'client→master',
      receives: 'master→client',
      handlers: {},
      events: {
        'run.changed': (params) => {
          for (const listener of this.#listeners) listener.run?.(params);
        },
        'test.changed': (params) => {
          for (const listener of this.#listeners) listener.test?.(params);
        },
        'session.changed': (params) => {
          for (const listener of this.#listeners) listener.session?.(params);
        },
      },
      accept: (target) => this.#accept(target),
      clock: this.#clock,
    });
    const { major, minor } = PROTOCOL;
    await session.call('client.hello', {
      protocol: { major, minor },
      software: this.#options.software,
      client: this.#id,
    });
    const over = new AbortController();
    session.onClosed((why) => {
      over.abort(why);
      if (this.#refused === undefined) this.#leftAlone(why);
    });
    const connection = { session, over: over.signal };
    this.#connection = connection;
    this.#foundAgain();
    for (const { resolve } of this.#waiting) resolve(connection);
    return session;
  }

  #leftAlone(why: TuttiError): void {
    const { address, orphanMs = ORPHAN_MS } = this.#options;
    this.#awaySince = this.#clock.monotonicMs();
    this.#cancelGivingUp = this.#clock.after(orphanMs, () => {
      const last = this.#lost ?? why;
      const message = `the master at ${address} has not come back for ${orphanMs / 60_000} min: ${last.message}`;
      const error = new TuttiError('NOT_CONNECTED', message, { cause: last });
      this.#refuse(error);
      this.#dialer.stop(error);
    });
    this.#options.onLost?.(why);
  }

  #foundAgain(): void {
    if (this.#awaySince === undefined) return;
    this.#cancelGivingUp?.();
    const away = this.#clock.monotonicMs() - this.#awaySince;
    this.#awaySince = undefined;
    this.#options.onBack?.(away);
  }

  #accept(target: StreamTarget): Promise<StreamSink> | StreamSink {
    const feed = target.to === 'logs' ? this.#feeds.get(target.feed) : undefined;
    if (feed) return feed();
    const contents = target.to === 'blob' ? this.#blobs.get(target.digest) : undefined;
    if (target.to === 'blob' && contents) return contents(target);
    const accept = isResult(target) ? this.#fetches.get(target.run) : undefined;
    if (isResult(target) && accept) return accept(target);
    throw new TuttiError('BAD_PARAMS', 'the master sends a file that was not asked for');
  }

  #onState(state: LinkState): void {
    if (state.at === 'waiting') this.#lost = state.error;
    if (state.at === 'refused') this.#refuse(state.error);
    if (state.at === 'stopped') this.#refuse(new TuttiError('CANCELLED', 'the client was closed'));
  }

  #refuse(error: TuttiError): void {
    this.#refused ??= error;
    for (const { reject } of this.#waiting) reject(this.#refused);
  }
}

function isResult(target: StreamTarget): target is ResultTarget {
  return target.to === 'result' || target.to === 'resultLink';
}
