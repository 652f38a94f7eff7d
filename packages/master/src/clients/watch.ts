/**
 * Clients that want to hear what changes: each is answered at once where there is something it has not been told, else when
 * there is. One that does not ask costs nothing, however slow it is: what it is told then is what is so then.
 */
import { randomBytes } from 'node:crypto';
import type { Clock } from '@tutti/link';
import { type CallParams, type SeenChanges, TuttiError } from '@tutti/protocol';
import { Coalesced } from '../runs/coalesced.ts';
import type { Changes, ChangesLog, Told } from './changes-log.ts';

/** Those who wait hear at most this often: a thousand machines that come are few answers. */
const PAUSE_MS = 50;

const NOTHING = { fresh: false, changed: [], gone: [], more: false } as const;

export interface WatchOptions<K, V> {
  readonly clock: Clock;
  readonly log: ChangesLog<K>;
  /** So many surely fit into a frame. */
  readonly page: number;
  /** As it is now; undefined when it has gone since it was marked. */
  readonly view: (key: K) => V | undefined;
  /** Brings the log up to date, where nobody tells what it was that changed. */
  readonly look?: () => void;
}

export interface Answer<K, V> {
  readonly seen: SeenChanges;
  readonly fresh: boolean;
  readonly changed: V[];
  readonly gone: K[];
  readonly more: boolean;
}

interface Waiter<K, V> {
  readonly told: Told;
  readonly resolve: (answer: Answer<K, V>) => void;
}

export class Watch<K, V> {
  readonly #options: WatchOptions<K, V>;
  readonly #epoch = randomBytes(16).toString('hex');
  readonly #waiters = new Set<Waiter<K, V>>();
  readonly #tell: Coalesced;
  #dirty = true;

  constructor(options: WatchOptions<K, V>) {
    this.#options = options;
    this.#tell = new Coalesced(options.clock, PAUSE_MS, () => this.#answerAll());
  }

  get waiting(): number {
    return this.#waiters.size;
  }

  /** Something may have changed. */
  changed(): void {
    this.#dirty = true;
    if (this.#waiters.size > 0) this.#tell.wish();
  }

  /** Rejects when `signal` aborts: its caller has gone, or does not want to know any more. */
  ask(
    { since, timeout }: CallParams<'nodes.watch'>,
    signal: AbortSignal,
  ): Promise<Answer<K, V>> | Answer<K, V> {
    const told = since?.epoch === this.#epoch ? since : undefined;
    const found = this.#since(told);
    if (found !== undefined) return this.#answer(found);
    // Who has been told nothing is always answered.
    if (told === undefined) throw new TuttiError('INTERNAL', 'a watch has no beginning');
    const { promise, resolve, reject } = Promise.withResolvers<Answer<K, V>>();
    const waiter = { told, resolve };
    this.#waiters.add(waiter);
    const withdrawn = () => reject(signal.reason as Error);
    signal.addEventListener('abort', withdrawn, { once: true });
    const inTime = () => resolve(this.#answer({ ...told, ...NOTHING }));
    const cancel = timeout === undefined ? () => {} : this.#options.clock.after(timeout * 1000, inTime);
    return promise.finally(() => {
      this.#waiters.delete(waiter);
      signal.removeEventListener('abort', withdrawn);
      cancel();
    });
  }

  close(): void {
    this.#tell.stop();
  }

  #answerAll(): void {
    for (const { told, resolve } of this.#waiters) {
      const found = this.#since(told);
      if (found !== undefined) resolve(this.#answer(found));
    }
  }

  #since(told: Told | undefined): Changes<K> | undefined {
    const { log, page, look } = this.#options;
    if (this.#dirty) look?.();
    this.#dirty = false;
    return log.since(told, page);
  }

  #answer({ begun, revision, fresh, changed, gone, more }: Changes<K>): Answer<K, V> {
    const views: V[] = [];
    // What has gone meanwhile is told as that, by its next mark.
    for (const key of changed) {
      const view = this.#options.view(key);
      if (view !== undefined) views.push(view);
    }
    const seen = { epoch: this.#epoch, begun, revision };
    return { seen, fresh, changed: views, gone: [...gone], more };
  }
}
