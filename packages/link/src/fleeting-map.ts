/**
 * A map whose entries go again soon, though thousands may come: calls and waits.
 *
 * Why not a plain `Map`: V8 makes a new table whenever one has filled up or emptied, and has the old one point to it
 * (for iterators under way). Once one table is old, all that follow, and all they held when they were left,
 * survive until the next full collection; waits at barriers make that 20 MB a second and pauses of 10 ms. This
 * map begins anew whenever it is empty, which ends the chain. Most sessions have one call at a time: a single
 * entry takes no table at all.
 */
export class FleetingMap<K, V> {
  #only: [K, V] | undefined;
  /** There is either this or the one above, or neither. */
  #map: Map<K, V> | undefined;

  get size(): number {
    return this.#only === undefined ? (this.#map?.size ?? 0) : 1;
  }

  has(key: K): boolean {
    return this.#only === undefined ? this.#map?.has(key) === true : this.#only[0] === key;
  }

  get(key: K): V | undefined {
    if (this.#only === undefined) return this.#map?.get(key);
    return this.#only[0] === key ? this.#only[1] : undefined;
  }

  set(key: K, value: V): void {
    if (this.#map !== undefined) this.#map.set(key, value);
    else if (this.#only === undefined || this.#only[0] === key) this.#only = [key, value];
    else {
      this.#map = new Map([this.#only, [key, value]]);
      this.#only = undefined;
    }
  }

  delete(key: K): boolean {
    const deleted = this.#only === undefined ? this.#map?.delete(key) === true : this.#only[0] === key;
    if (deleted && (this.#only !== undefined || this.#map?.size === 0)) this.clear();
    return deleted;
  }

  clear(): void {
    this.#only = undefined;
    this.#map = undefined;
  }

  /** Of the entries there are now: what comes while they are gone through may be missed. */
  entries(): Iterable<[K, V]> {
    return this.#only === undefined ? (this.#map?.entries() ?? []) : [this.#only];
  }

  /** As `entries`. */
  *values(): Iterable<V> {
    for (const [, value] of this.entries()) yield value;
  }
}
