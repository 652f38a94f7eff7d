/**
 * A master as typed objects: its machines, its runs, and the suites to run there. What a program begins with.
 *
 * Guarantees: machines and runs are there when `connect` resolves, and are kept up to date across lost connections and
 * restarted masters, for an hour without one; every call is asked again then, and does once what it does.
 */
import type { TuttiError } from '@tutti/protocol';
import { type Environment, locateMaster, locateToken } from '../locate.ts';
import { MasterClient } from '../master-client.ts';
import type { Context } from './context.ts';
import { Nodes } from './nodes.ts';
import { Runs } from './runs.ts';
import { Suites } from './suites.ts';

export interface ConnectOptions {
  /** Default: `TUTTI_MASTER`, else a living one of this machine. */
  readonly master?: string | undefined;
  /** Default: `tokenFile`, else `TUTTI_TOKEN`, `TUTTI_TOKEN_FILE`, else that of a master of this machine. */
  readonly token?: string | undefined;
  readonly tokenFile?: string | undefined;
  /** What the master knows this program as. */
  readonly software?: string | undefined;
}

export interface ConnectionEvents {
  /** The connection is lost; it is sought again by itself. */
  lost(why: TuttiError): void;
  /** It is there again, after so many seconds. */
  back(seconds: number): void;
}

/** A connection to a master. */
export class Tutti implements AsyncDisposable {
  /** Where the master is. */
  readonly master: string;
  readonly nodes: Nodes;
  readonly runs: Runs;
  readonly suites: Suites;
  /** Resolves when `close` has been called; rejects with `NOT_CONNECTED` when the master has not come back for an hour. */
  readonly closed: Promise<void>;
  readonly #parts: TuttiParts;
  readonly #closed = Promise.withResolvers<void>();

  /** @internal */
  constructor(parts: TuttiParts) {
    const { context, master } = parts;
    this.#parts = parts;
    this.master = master;
    this.nodes = new Nodes(context);
    this.runs = new Runs(context);
    this.suites = new Suites(context, this.runs);
    this.closed = this.#closed.promise;
    this.closed.catch(() => {});
    void this.nodes.live.ended.then((why) => {
      if (why !== undefined) this.#closed.reject(why);
    });
  }

  on<E extends keyof ConnectionEvents>(event: E, listener: ConnectionEvents[E]): () => void {
    const listeners = this.#parts.listeners[event];
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** What is being stopped is waited for, a moment. */
  async close(): Promise<void> {
    const { context } = this.#parts;
    await settledWithin(context.behind, LAST_WORD_MS);
    this.nodes.live.close();
    this.runs.live.close();
    context.client.close();
    this.#closed.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

interface TuttiParts {
  readonly context: Context;
  readonly master: string;
  readonly listeners: { readonly [E in keyof ConnectionEvents]: Set<ConnectionEvents[E]> };
}

/** So long a closing program waits for commands to be told to stop. */
const LAST_WORD_MS = 2000;

/** Throws `NO_MASTER`, `WRONG_TOKEN`. */
export async function connect(options: ConnectOptions = {}): Promise<Tutti> {
  return connectIn(options, {}, { env: process.env, uid: process.getuid?.() });
}

/** @internal The same with what the REPL has of its own. */
export async function connectIn(
  { master, token, tokenFile, software = 'a program' }: ConnectOptions,
  { signal = () => undefined, cwd = () => process.cwd() }: Partial<Pick<Context, 'signal' | 'cwd'>>,
  environment: Environment,
): Promise<Tutti> {
  const address = locateMaster(master, environment);
  const listeners = { lost: new Set<ConnectionEvents['lost']>(), back: new Set<ConnectionEvents['back']>() };
  const client = await MasterClient.connect({
    address,
    token: () => token ?? locateToken(tokenFile, environment),
    software,
    onLost: (why) => {
      for (const listener of listeners.lost) listener(why);
    },
    onBack: (ms) => {
      for (const listener of listeners.back) listener(ms / 1000);
    },
  });
  const context: Context = { client, signal, cwd, behind: new Set() };
  const tutti = new Tutti({ context, master: address, listeners });
  try {
    await Promise.all([tutti.nodes.live.ready, tutti.runs.live.ready]);
    return tutti;
  } catch (error) {
    await tutti.close();
    throw error;
  }
}

async function settledWithin(work: ReadonlySet<Promise<unknown>>, ms: number): Promise<void> {
  if (work.size === 0) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  try {
    await Promise.race([Promise.allSettled(work), promise]);
  } finally {
    clearTimeout(timer);
  }
}
