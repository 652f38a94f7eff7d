/**
 * What has changed since when, of a set of things known by their keys. Pure.
 *
 * Each change has a revision, one more than that before it; of each thing only the last is kept. So what changed since a
 * revision is at most all there is, however long ago that was, and everything since revision 0 is the whole set. Of what has
 * gone a bounded number is remembered; who asks from before those has to begin anew.
 */

/** How far somebody has been told. */
export interface Told {
  /** The revision at which the telling began: of what had gone by then it knows nothing. */
  readonly begun: number;
  readonly revision: number;
}

export interface Changes<K> extends Told {
  /** The asker may have what has gone since, and is forgotten: what it has is void. */
  readonly fresh: boolean;
  readonly changed: readonly K[];
  readonly gone: readonly K[];
  readonly more: boolean;
}

interface Mark {
  readonly revision: number;
  readonly gone: boolean;
}

export class ChangesLog<K> {
  readonly #mostGone: number;
  /** In the order of their revisions. */
  readonly #marks = new Map<K, Mark>();
  /** In the order in which they went. */
  readonly #gone = new Set<K>();
  #revision = 0;
  /** Of the last that went and is not remembered. */
  #forgotten = 0;

  constructor(mostGone: number) {
    this.#mostGone = mostGone;
  }

  get revision(): number {
    return this.#revision;
  }

  /** It is new, or has changed. */
  touch(key: K): void {
    this.#gone.delete(key);
    this.#mark(key, false);
  }

  drop(key: K): void {
    const mark = this.#marks.get(key);
    if (mark === undefined || mark.gone) return;
    this.#gone.add(key);
    this.#mark(key, true);
    if (this.#gone.size <= this.#mostGone) return;
    const [oldest] = this.#gone as Iterable<K>;
    this.#forget(oldest as K);
  }

  /** The first so many changes behind that, in their order; undefined where there are none. Who has been told nothing begins. */
  since(told: Told | undefined, most: number): Changes<K> | undefined {
    const fresh = told === undefined || this.#isVoid(told);
    const { begun, revision: from } = fresh ? { begun: this.#revision, revision: 0 } : told;
    const changed: K[] = [];
    const gone: K[] = [];
    let revision = from;
    for (const [key, mark] of this.#marks) {
      if (mark.revision <= from || (mark.gone && mark.revision <= begun)) continue;
      if (changed.length + gone.length >= most) return { begun, revision, fresh, changed, gone, more: true };
      if (mark.gone) gone.push(key);
      else changed.push(key);
      revision = mark.revision;
    }
    if (!fresh && changed.length + gone.length === 0) return undefined;
    return { begun, revision: this.#revision, fresh, changed, gone, more: false };
  }

  #isVoid({ begun, revision }: Told): boolean {
    return Math.max(begun, revision) > this.#revision || Math.max(begun, revision) < this.#forgotten;
  }

  #mark(key: K, gone: boolean): void {
    this.#revision += 1;
    this.#marks.delete(key);
    this.#marks.set(key, { revision: this.#revision, gone });
  }

  #forget(key: K): void {
    this.#forgotten = this.#marks.get(key)?.revision ?? this.#forgotten;
    this.#gone.delete(key);
    this.#marks.delete(key);
  }
}
