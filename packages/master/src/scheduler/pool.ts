/**
 * What the scheduler knows of nodes and of what runs need: the nodes in their order of preference, and for each
 * selector which of them it fits.
 *
 * Preferred are machines with few labels, then those first by name, so that what anybody can fill does not take the
 * machines that few have. That order is the same for all runs, and changes only when a node does.
 */
import type { Machine } from '@tutti/protocol/selector';
import type { Group } from './matching.ts';
import type { Selectors } from './selectors.ts';

/** One distinct (role, where) of a run, and the largest number that any of its tests needs. */
export interface Need {
  readonly role: string;
  /** A selector; absent: any machine. */
  readonly where?: string;
  /** A label that it rather has than not; it is content with others. */
  readonly prefer?: string;
  readonly count: number;
}

/** Why a node is given to nobody. */
export type Out =
  | { readonly why: 'offline'; readonly since?: number }
  | { readonly why: 'drained' | 'maintenance'; readonly since?: number; readonly reason?: string }
  | { readonly why: 'quarantined'; readonly reason: string; readonly since?: number };

export interface Held {
  /** Absent: nobody's any more, but the agent has not confirmed the end of what ran there. */
  readonly run?: number;
  /** What is being done with it, in words that complete "n1 …", where that is not the work of its run. */
  readonly doing?: string;
  readonly since?: number;
  /** By its timeouts, when it is given back at the latest; absent: nobody knows. */
  readonly until?: number;
  /** Its run was started ahead of older ones, which the node counts for as if it were free. */
  readonly lent?: boolean;
}

export interface PoolNode {
  /** Never changed: a node with other labels or facts comes with another object. */
  readonly machine: Machine;
  /** Absent: in service. */
  readonly out?: Out;
  /** Absent: free. */
  readonly held?: Held;
}

/** n2 before n10. */
export const byName = new Intl.Collator('en', { numeric: true });

/** What one or more runs need, put together for these nodes. */
export interface Wish {
  readonly needs: readonly Need[];
  /** One for each distinct `where`. */
  readonly groups: readonly (Group & { readonly where: string | undefined })[];
  /** For each node: 1 if it can fill any place at all. */
  readonly any: Uint8Array;
}

/** When a node is free by the timeouts of who holds it: `-Infinity` when it is, Infinity when nobody knows. */
export function untilOf({ held }: PoolNode): number {
  return held === undefined ? -Infinity : (held.until ?? Infinity);
}

export class Pool {
  /** In order of preference; what is said of nodes by number means this order. */
  readonly nodes: readonly PoolNode[];
  readonly #selectors: Selectors;
  readonly #machines: readonly Machine[];
  readonly #fits = new Map<string | undefined, Uint8Array>();
  #byUntil: readonly number[] | undefined;
  readonly #wishes = new Map<string, Wish>();

  constructor(nodes: readonly PoolNode[], selectors: Selectors) {
    this.nodes = selectors.inOrder(nodes);
    this.#machines = this.nodes.map(({ machine }) => machine);
    this.#selectors = selectors;
  }

  /** The nodes in the order in which they come free. */
  get byUntil(): readonly number[] {
    if (this.#byUntil !== undefined) return this.#byUntil;
    const until = this.nodes.map(untilOf);
    this.#byUntil = [...until.keys()].toSorted((a, b) => compare(until[a] ?? 0, until[b] ?? 0));
    return this.#byUntil;
  }

  /** The same object for the same needs. */
  wish(needs: readonly Need[]): Wish {
    const { key, needs: sorted } = this.#selectors.canonical(needs);
    const known = this.#wishes.get(key);
    if (known !== undefined) return known;
    const counts = new Map<string | undefined, number>();
    for (const { where, count } of sorted) counts.set(where, (counts.get(where) ?? 0) + count);
    const groups = [...counts].map(([where, count]) => ({ where, count, fits: this.fits(where) }));
    const any = new Uint8Array(this.nodes.length);
    for (const { fits } of groups) {
      for (let node = 0; node < any.length; node += 1) any[node] = (any[node] ?? 0) | (fits[node] ?? 0);
    }
    const wish = { needs: sorted, groups, any };
    this.#wishes.set(key, wish);
    return wish;
  }

  /** For each node 1 if it is wanted. */
  fits(where: string | undefined): Uint8Array {
    const known = this.#fits.get(where);
    if (known !== undefined) return known;
    const fits = this.#selectors.fits(where, this.#machines);
    this.#fits.set(where, fits);
    return fits;
  }
}

/** Of numbers that may be infinite. */
function compare(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
