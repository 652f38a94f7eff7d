/**
 * A map whose entries come by the thousand and go again soon: everybody's waits at a barrier.
 *
 * Why not a plain `Map`: V8 makes a new table whenever one has filled up or emptied, and lets the old one point to it
 * (for iterators under way). Once one table is old, all that follow it, and what they held when they were left,
 * survive until the next full collection; waits make that megabytes a second, copied in pauses of 10 ms. This map
 * begins anew whenever it is empty, which ends the chain.
 */
export class FleetingMap<K, V> {
  #map = new Map<K, V>();

  get size(): number {
    return this.#map.size;
  }

  has(key: K): boolean {
    return this.#map.has(key);
  }

  get(key: K): V | undefined {
    return this.#map.get(key);
  }

  set(key: K, value: V): void {
    this.#map.set(key, value);
  }

  delete(key: K): boolean {
    const deleted = this.#map.delete(key);
    if (deleted && this.#map.size === 0) this.clear();
    return deleted;
  }

  clear(): void {
    this.#map = new Map();
  }

  /** Of the entries there are now: what is added meanwhile may be missed. */
  entries(): IterableIterator<[K, V]> {
    return this.#map.entries();
  }

  values(): IterableIterator<V> {
    return this.#map.values();
  }
}
