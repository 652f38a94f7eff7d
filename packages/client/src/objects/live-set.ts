/**
 * A set at the master as a client has it, from what it is told has changed. Pure.
 *
 * Guarantees: told everything in turn, from whichever connections and masters, it ends as the master's own; what it hands on
 * as changed really has changed. What it had when everything comes anew stays until it is known what of it is gone.
 */
import type { SeenChanges } from '@tutti/protocol';

export interface SetChanges<K, V> {
  readonly seen: SeenChanges;
  readonly fresh: boolean;
  readonly changed: readonly V[];
  readonly gone: readonly K[];
  readonly more: boolean;
}

export type Delta<K, V> =
  | { readonly kind: 'added'; readonly key: K; readonly now: V }
  | { readonly kind: 'changed'; readonly key: K; readonly before: V; readonly now: V }
  | { readonly kind: 'gone'; readonly key: K; readonly before: V };

export class LiveSet<K, V> {
  readonly items = new Map<K, V>();
  readonly #key: (value: V) => K;
  #seen: SeenChanges | undefined;
  /** While everything comes anew: what has not come yet. */
  #doubtful: Set<K> | undefined;

  constructor(key: (value: V) => K) {
    this.#key = key;
  }

  /** To ask on with. */
  get seen(): SeenChanges | undefined {
    return this.#seen;
  }

  apply({ seen, fresh, changed, gone, more }: SetChanges<K, V>): Delta<K, V>[] {
    this.#seen = seen;
    if (fresh) this.#doubtful = new Set(this.items.keys());
    const deltas: Delta<K, V>[] = [];
    for (const now of changed) deltas.push(...this.#set(now));
    for (const key of gone) deltas.push(...this.#remove(key));
    if (!more) {
      for (const key of this.#doubtful ?? []) deltas.push(...this.#remove(key));
      this.#doubtful = undefined;
    }
    return deltas;
  }

  #set(now: V): Delta<K, V>[] {
    const key = this.#key(now);
    this.#doubtful?.delete(key);
    const before = this.items.get(key);
    this.items.set(key, now);
    if (before === undefined) return [{ kind: 'added', key, now }];
    return JSON.stringify(before) === JSON.stringify(now) ? [] : [{ kind: 'changed', key, before, now }];
  }

  #remove(key: K): Delta<K, V>[] {
    const before = this.items.get(key);
    if (before === undefined) return [];
    this.items.delete(key);
    return [{ kind: 'gone', key, before }];
  }
}
