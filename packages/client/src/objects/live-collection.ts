/**
 * A set of the master's, kept up to date for as long as the connection is wanted. What listeners and iterators hear are the
 * changes of it; one that is slow hears of each thing once, as it is then.
 */
import { TuttiError } from '@tutti/protocol';
import { type Delta, LiveSet, type SetChanges } from './live-set.ts';

export interface CollectionSource<K, V> {
  readonly key: (value: V) => K;
  /** Asks for what has changed; across lost connections. */
  readonly ask: (seen: LiveSet<K, V>['seen'], signal: AbortSignal) => Promise<SetChanges<K, V>>;
}

export class LiveCollection<K, V> {
  readonly #set: LiveSet<K, V>;
  readonly #listeners = new Set<(delta: Delta<K, V>) => void>();
  readonly #closing = new AbortController();
  /** Resolves when all that there is has come once; rejects when that cannot be. */
  readonly ready: Promise<void>;
  /** Resolves when it is not kept up to date any more; with why, if nobody has closed it. */
  readonly ended: Promise<unknown>;
  readonly #ready = Promise.withResolvers<void>();

  constructor({ key, ask }: CollectionSource<K, V>) {
    this.#set = new LiveSet(key);
    this.ready = this.#ready.promise;
    this.ready.catch(() => {});
    this.ended = this.#follow(ask);
  }

  get items(): ReadonlyMap<K, V> {
    return this.#set.items;
  }

  listen(listener: (delta: Delta<K, V>) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Ends with the connection, or when `signal` aborts. */
  async *changes(signal?: AbortSignal): AsyncGenerator<Delta<K, V>, void> {
    const waiting = new Map<K, Delta<K, V>>();
    let wake = Promise.withResolvers<void>();
    const over =
      signal === undefined ? this.#closing.signal : AbortSignal.any([this.#closing.signal, signal]);
    const stop = this.listen((delta) => {
      joinDelta(waiting, delta);
      wake.resolve();
    });
    const end = () => wake.resolve();
    over.addEventListener('abort', end);
    try {
      while (!over.aborted) {
        const [next] = waiting.values();
        if (next !== undefined) {
          waiting.delete(next.key);
          yield next;
          continue;
        }
        wake = Promise.withResolvers<void>();
        await wake.promise;
      }
    } finally {
      stop();
      over.removeEventListener('abort', end);
    }
  }

  close(): void {
    this.#closing.abort(new TuttiError('CANCELLED', 'the client was closed'));
  }

  async #follow(ask: CollectionSource<K, V>['ask']): Promise<unknown> {
    const { signal } = this.#closing;
    try {
      while (!signal.aborted) {
        const changes = await ask(this.#set.seen, signal);
        for (const delta of this.#set.apply(changes)) this.#tell(delta);
        if (!changes.more) this.#ready.resolve();
      }
    } catch (error) {
      this.#ready.reject(error);
      const why = signal.aborted ? undefined : error;
      this.close();
      return why;
    }
    return undefined;
  }

  #tell(delta: Delta<K, V>): void {
    for (const listener of this.#listeners) listener(delta);
  }
}

/** Two changes of one thing as the one that they come to. Pure but for `waiting`. */
function joinDelta<K, V>(waiting: Map<K, Delta<K, V>>, delta: Delta<K, V>): void {
  const { key } = delta;
  const earlier = waiting.get(key);
  waiting.delete(key);
  const joined = earlier === undefined ? delta : joinedDelta(earlier, delta);
  if (joined !== undefined) waiting.set(key, joined);
}

function joinedDelta<K, V>(earlier: Delta<K, V>, later: Delta<K, V>): Delta<K, V> | undefined {
  const { key } = later;
  const before = earlier.kind === 'added' ? undefined : earlier.before;
  const now = later.kind === 'gone' ? undefined : later.now;
  if (before === undefined) return now === undefined ? undefined : { kind: 'added', key, now };
  return now === undefined ? { kind: 'gone', key, before } : { kind: 'changed', key, before, now };
}
