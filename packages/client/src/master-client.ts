/**
 * A master as clients use it. `call` means the master, not a connection: when that breaks it goes on with the
 * next one, until it is answered, refused for good, or its signal is aborted.
 */
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
}

export interface RunEvents {
  run(params: EventParams<'run.changed'>): void;
  test(params: EventParams<'test.changed'>): void;
}

const PATIENCE_MS = 3000;

export class MasterClient {
  readonly #options: MasterClientOptions;
  readonly #clock: Clock;
  readonly #dialer: Dialer;
  readonly #listeners = new Set<RunEvents>();
  #session: MasterSession | undefined;
  #waiting: { resolve: (session: MasterSession) => void; reject: (error: TuttiError) => void }[] = [];
  #refused: TuttiError | undefined;
  #accept: (target: StreamTarget) => Promise<StreamSink> = () => {
    throw new TuttiError('BAD_PARAMS', 'no results were asked for');
  };

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
      const { state } = client.#dialer;
      const why =
        state.at === 'waiting' && state.error
          ? state.error.message
          : `the master at ${options.address} does not answer`;
      client.#refuse(new TuttiError('NO_MASTER', why));
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
  async persist<T>(attempt: (session: MasterSession) => Promise<T>, signal?: AbortSignal): Promise<T> {
    for (;;) {
      const session = await this.#connected(signal);
      try {
        return await attempt(session);
      } catch (error) {
        signal?.throwIfAborted();
        if (session.closed === undefined) throw error;
      }
    }
  }

  /** Resolves when the current session has ended; at once when there is none. */
  async lost(signal?: AbortSignal): Promise<void> {
    const session = this.#session;
    if (session === undefined) return;
    await new Promise<void>((resolve) => {
      session.onClosed(() => resolve());
      signal?.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  listen(events: RunEvents): () => void {
    this.#listeners.add(events);
    return () => this.#listeners.delete(events);
  }

  /** Where the streams of `run.fetch` go. */
  receive(accept: (target: StreamTarget) => Promise<StreamSink>): void {
    this.#accept = accept;
  }

  close(): void {
    this.#dialer.stop(new TuttiError('NOT_CONNECTED', 'the client is done'));
  }

  #connected(signal?: AbortSignal): Promise<MasterSession> {
    if (this.#refused) return Promise.reject(this.#refused);
    if (this.#session?.closed === undefined && this.#session) return Promise.resolve(this.#session);
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      this.#waiting.push({ resolve, reject });
    });
  }

  async #greet(transport: Transport): Promise<MasterSession> {
    const session: MasterSession = new Session({
      transport,
      sends: 'client→master',
      receives: 'master→client',
      handlers: {},
      events: {
        'run.changed': (params) => {
          for (const listener of this.#listeners) listener.run(params);
        },
        'test.changed': (params) => {
          for (const listener of this.#listeners) listener.test(params);
        },
      },
      accept: (target) => this.#accept(target),
      clock: this.#clock,
    });
    const { major, minor } = PROTOCOL;
    await session.call('client.hello', { protocol: { major, minor }, software: this.#options.software });
    this.#session = session;
    for (const { resolve } of this.#waiting.splice(0)) resolve(session);
    return session;
  }

  #onState(state: LinkState): void {
    if (state.at === 'refused') this.#refuse(state.error);
    if (state.at === 'stopped') this.#refuse(new TuttiError('CANCELLED', 'the client was closed'));
  }

  #refuse(error: TuttiError): void {
    this.#refused ??= error;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#refused);
  }
}
