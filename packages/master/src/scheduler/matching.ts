/**
 * Which nodes fill which places: a largest matching between nodes and groups of places with a capacity.
 *
 * Nodes are added one by one. `add` takes a node if then, by moving others between groups, one place more is filled:
 * Kuhn's augmenting paths (H. W. Kuhn, "The Hungarian method for the assignment problem", 1955; for sets with
 * representatives: Hall 1935). Guarantees: a node taken stays taken; the number of places filled is the largest
 * possible for the nodes added so far; which nodes are taken is the *first* largest set in the order in which they were
 * added. The sets of nodes that can be placed together are the independent sets of a matroid (Edmonds and Fulkerson,
 * "Transversals and matroid partition", 1965), and taking whoever still fits is its greedy algorithm. The scheduler's
 * promises (pass.ts) rest on that.
 */

export interface Group {
  /** How many places. */
  readonly count: number;
  /** For each node, by its number: 1 if it can fill them. */
  readonly fits: Uint8Array;
}

export class Matching {
  readonly #groups: readonly Group[];
  readonly #members: number[][];
  readonly #groupOf = new Map<number, number>();
  /** Full, and none of its nodes can move to where there is room: no node is ever taken by way of it again. */
  readonly #closed: Uint8Array;
  #missing: number;

  constructor(groups: readonly Group[]) {
    this.#groups = groups;
    this.#members = groups.map(() => []);
    this.#closed = new Uint8Array(groups.length);
    this.#missing = groups.reduce((sum, { count }) => sum + count, 0);
  }

  get complete(): boolean {
    return this.#missing === 0;
  }

  /** How many places are filled. */
  get size(): number {
    return this.#groupOf.size;
  }

  /** The nodes taken, group by group, in each by number. */
  get members(): readonly (readonly number[])[] {
    return this.#members.map((nodes) => nodes.toSorted((a, b) => a - b));
  }

  /** Whether the node is taken. Each node may be added once. */
  add(node: number): boolean {
    let closed = true;
    for (let group = 0; group < this.#groups.length; group += 1) {
      if (this.#groups[group]?.fits[node] !== 1) continue;
      if (this.#room(group)) {
        this.#enter(node, group);
        this.#missing -= 1;
        return true;
      }
      closed &&= this.#closed[group] === 1;
    }
    return !closed && this.#makeRoom(node);
  }

  #makeRoom(node: number): boolean {
    /** For each group on the way, the node that would move into it. */
    const via = new Map<number, number>();
    this.#open(node, via);
    for (const [group] of via) {
      if (this.#room(group)) {
        this.#shift(group, via);
        this.#missing -= 1;
        return true;
      }
      for (const member of this.#members[group] ?? []) this.#open(member, via);
    }
    for (const [group] of via) this.#closed[group] = 1;
    return false;
  }

  /**
   * Groups that together have too few nodes (Hall's condition fails for them), by their numbers; none when complete.
   * `added`: all nodes that were offered.
   */
  shortage(added: Iterable<number>): number[] {
    const nodes = [...added];
    const short = new Set(this.#groups.keys().filter((group) => this.#room(group)));
    for (const group of short) {
      for (const node of nodes) {
        const other = this.#groupOf.get(node);
        if (other !== undefined && this.#groups[group]?.fits[node] === 1) short.add(other);
      }
    }
    return [...short].toSorted((a, b) => a - b);
  }

  #enter(node: number, group: number): void {
    this.#members[group]?.push(node);
    this.#groupOf.set(node, group);
  }

  #room(group: number): boolean {
    return (this.#members[group]?.length ?? 0) < (this.#groups[group]?.count ?? 0);
  }

  #open(node: number, via: Map<number, number>): void {
    for (let group = 0; group < this.#groups.length; group += 1) {
      if (this.#closed[group] === 1 || via.has(group)) continue;
      if (this.#groups[group]?.fits[node] === 1) via.set(group, node);
    }
  }

  /** Moves nodes along the way that ends in a group with room. */
  #shift(last: number, via: ReadonlyMap<number, number>): void {
    let group: number | undefined = last;
    while (group !== undefined) {
      const node = via.get(group);
      if (node === undefined) return;
      const from = this.#groupOf.get(node);
      this.#enter(node, group);
      if (from !== undefined) {
        const members: number[] = this.#members[from] ?? [];
        members.splice(members.indexOf(node), 1);
      }
      group = from;
    }
  }
}
