/**
 * A map whose entries go again soon, though thousands may come: calls and waits.
 *
 * Why not a plain `Map`: V8 makes a new table whenever one has filled up or emptied, and has the old one point to it
 * (for iterators under way). Once one table is old, all that follow, and all they held when they were left,
 * survive until the next full collection; waits at barriers make that 20 MB a second and pauses of 10 ms. This
 * map begins anew whenever it is empty, which ends the chain, and an empty one takes no room.
 */
export class FleetingMap<K, V> {
  #map: Map<K, V> | undefined;

  get size(): number {
    return this.#map === undefined ? 0 : this.#map.size;
  }

  has(key: K): boolean {
    return this.#map !== undefined && this.#map.has(key);
  }

  get(key: K): V | undefined {
    return this.#map?.get(key);
  }

  set(key: K, value: V): void {
    this.#map ??= new Map();
    this.#map.set(key, value);
  }

  delete(key: K): boolean {
    const deleted = this.#map !== undefined && this.#map.delete(key);
    if (deleted && this.size === 0) this.clear();
    return deleted;
  }

  clear(): void {
    this.#map = undefined;
  }

  /** Of the entries there are now: what comes while they are gone through may be missed. */
  entries(): Iterable<[K, V]> {
    return this.#map?.entries() ?? [];
  }

  values(): Iterable<V> {
    return this.#map?.values() ?? [];
  }
}
