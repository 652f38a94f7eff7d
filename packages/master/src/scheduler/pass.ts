/**
 * One scheduling pass: which of the queued runs start now, and on which nodes. Pure.
 *
 * Runs are looked at in turn (order.ts). A run that can have all its nodes starts. One that cannot **keeps** free nodes
 * of those it could use: a largest set that would fill its places (matching.ts), and no more. Younger runs get neither
 * what is taken nor what is kept. A run that could not start even if all others ended, because machines are offline,
 * drained, in maintenance or quarantined, keeps nothing: nobody knows how long it will wait.
 *
 * What follows, each of it a property test:
 *
 * - *All or nothing, no node twice.* A run never holds nodes while it waits for others: there is no deadlock.
 * - *No starvation.* Whoever is first keeps its nodes as they come free; what runs ends by its timeouts.
 * - *A younger run is invisible to older ones*: they start at the same time, on the same nodes, as if it did not exist,
 *   as long as nodes do not go out of service. Kept is the first largest set M of the free nodes F in an order that never
 *   changes. Whatever R comes free later, M ∪ R fills as many places as F ∪ R, and the first largest set of F ∪ R has no
 *   node of F outside of M: in a matroid, what earlier nodes of a smaller set make superfluous stays so in a larger one.
 * - *The order of the input does not matter.*
 * - Runs that no node could serve alike never block each other.
 *
 * **Backfill**, where it is on, also lends kept nodes to a younger run that by its timeouts ends before any of the
 * waiting runs that it would be in the way of could start, if all who hold nodes use their time in full. Older runs go on
 * counting lent nodes as free. So, if all use their time in full, they still start exactly when they would have;
 * should others end early, a run may wait for one that was let ahead, but never beyond the time at
 * which it could start at the latest (latest.ts).
 */
import { Matching } from './matching.ts';
import { inTurn, type QueuedRun } from './order.ts';
import { type Need, Pool, type PoolNode, type Wish } from './pool.ts';
import { takeFor, withPreferred } from './preference.ts';
import { earliestBound, inService, satisfiable } from './prospects.ts';
import { Selectors } from './selectors.ts';

export interface Settings {
  /** Points of priority that a waiting run gains an hour; above 0. */
  readonly ageing: number;
  readonly backfill: boolean;
}

export const DEFAULT_SETTINGS: Settings = { ageing: 10, backfill: false };

export interface Queue {
  readonly queue: readonly QueuedRun[];
  readonly nodes: readonly PoolNode[];
  /** Unix ms. */
  readonly now: number;
  readonly settings: Settings;
}

/** The nodes of each need, by name. */
export type Cast = readonly { readonly need: Need; readonly nodes: readonly string[] }[];

export interface Start {
  readonly run: number;
  readonly cast: Cast;
  /** It goes ahead of older runs: its nodes are lent (`Held.lent`). */
  readonly lent: boolean;
}

/** Which runs start now, first those whose turn is first. `selectors` makes the next pass faster. */
export function pass(input: Queue, selectors: Selectors = new Selectors()): Start[] {
  const board = new Board(input, selectors);
  const starts: Start[] = [];
  for (const run of inTurn(input.queue, input.settings.ageing)) {
    if (board.settled) break;
    const start = board.place(run);
    if (start !== undefined) starts.push(start);
  }
  return starts;
}

/** What became of a node in this pass. */
const FREE = 0;
/** Free for the runs that it is lent by, if not now. */
const LENT = 1;
const KEPT = 2;
const GONE = 3;

/** What is found out once for all runs with the same needs. */
interface Standing {
  readonly wish: Wish;
  readonly satisfiable: boolean;
  /** One like it has found too few nodes, and there are only fewer by now. */
  short: boolean;
  /** No free node is left that it could keep. */
  nothingLeft: boolean;
  /** Candidates that were still free when one like it was looked at last; what is not free does not come back in a pass. */
  left: number[];
  /** A longer run than this cannot go ahead: one like it has failed, and no further node is lent for as long. */
  longest: number;
  /** When the first of them could start if all use their time in full. */
  earliest: number | undefined;
}

/** The nodes in the course of a pass. */
export class Board {
  readonly pool: Pool;
  readonly #input: Queue;
  readonly #now: Uint8Array;
  /** For each node who keeps it, or has taken it in this pass. */
  readonly #by: Int32Array;
  /** For each kept node, until when it can be lent. */
  readonly #limit: Float64Array;
  readonly #standings = new Map<Wish, Standing>();
  #free: number;
  /** Free or kept. */
  #idle: number;

  constructor(input: Queue, selectors: Selectors) {
    this.#input = input;
    this.pool = new Pool(input.nodes, selectors);
    this.#now = Uint8Array.from(this.pool.nodes, (node) => {
      if (!inService(node)) return GONE;
      return node.held === undefined ? FREE : node.held.lent === true ? LENT : GONE;
    });
    this.#by = new Int32Array(this.pool.nodes.length);
    this.#limit = new Float64Array(this.pool.nodes.length).fill(Infinity);
    this.#free = this.#now.reduce((sum, state) => sum + (state === FREE ? 1 : 0), 0);
    this.#idle = this.#free;
  }

  /** No run that comes now can start. */
  get settled(): boolean {
    return this.#idle === 0 || (this.#free === 0 && !this.#input.settings.backfill);
  }

  /** Whether the node can be had by the run that comes next. */
  isFree(node: number): boolean {
    return this.#now[node] === FREE;
  }

  /** Which queued run keeps the node, or starts on it. */
  takenBy(node: number): number | undefined {
    return this.#by[node] === 0 ? undefined : this.#by[node];
  }

  /** The next run in turn: it starts, or keeps what it can. */
  place(run: QueuedRun): Start | undefined {
    const standing = this.#standing(run.needs);
    if (!standing.short) {
      const found = this.#matchLeft(standing, FREE);
      if (found.complete) return this.#start(run, standing, found, false);
      standing.short = true;
    }
    if (!standing.satisfiable) return undefined;
    const ahead = this.#ahead(run, standing);
    if (ahead !== undefined) return this.#start(run, standing, ahead, true);
    if (!standing.nothingLeft) this.#keep(run, standing);
    return undefined;
  }

  /** With what is free, or lent at most. */
  #matchLeft(standing: Standing, most: typeof FREE | typeof LENT): Matching {
    standing.left = standing.left.filter((node) => (this.#now[node] ?? GONE) <= LENT);
    const matching = new Matching(standing.wish.groups);
    for (const node of standing.left) {
      if (matching.complete) break;
      if ((this.#now[node] ?? GONE) <= most) matching.add(node);
    }
    return matching;
  }

  match({ groups, any }: Wish, usable: (node: number) => boolean): Matching {
    const matching = new Matching(groups);
    for (let node = 0; node < any.length && !matching.complete; node += 1) {
      if (any[node] === 1 && usable(node)) matching.add(node);
    }
    return matching;
  }

  #standing(needs: readonly Need[]): Standing {
    const wish = this.pool.wish(needs);
    const known = this.#standings.get(wish);
    if (known !== undefined) return known;
    const standing = {
      wish,
      satisfiable: satisfiable(this.pool, wish),
      short: false,
      nothingLeft: false,
      left: numbersOf(wish.any),
      longest: Infinity,
      earliest: undefined,
    };
    this.#standings.set(wish, standing);
    return standing;
  }

  #ahead({ longest }: QueuedRun, standing: Standing): Matching | undefined {
    const { settings, now } = this.#input;
    if (!settings.backfill || longest === undefined || longest > standing.longest) return undefined;
    const end = now + longest;
    let next = -Infinity;
    const found = this.match(standing.wish, (node) => {
      if (this.#now[node] === FREE) return true;
      if (this.#now[node] !== KEPT || this.pool.nodes[node]?.held !== undefined) return false;
      const limit = this.#limit[node] ?? -Infinity;
      if (end > limit) next = Math.max(next, limit);
      return end <= limit;
    });
    if (found.complete) return found;
    standing.longest = next - now;
    return undefined;
  }

  #keep({ run }: QueuedRun, standing: Standing): void {
    const { wish } = standing;
    const found = this.#matchLeft(standing, LENT);
    standing.nothingLeft = found.size === 0;
    this.#take(found, KEPT, run);
    if (!this.#input.settings.backfill) return;
    standing.earliest ??= earliestBound(this.pool, wish) ?? -Infinity;
    for (let node = 0; node < wish.any.length; node += 1) {
      if (wish.any[node] === 1 && this.#now[node] === KEPT) {
        this.#limit[node] = Math.min(this.#limit[node] ?? Infinity, standing.earliest);
      }
    }
  }

  #start({ run }: QueuedRun, { wish }: Standing, found: Matching, lent: boolean): Start {
    const members = withPreferred(wish, found.members, this.pool.nodes, (node) => this.isFree(node));
    this.#take({ members }, GONE, run);
    return { run, cast: castOf(this.pool, wish, members), lent };
  }

  #take({ members }: Pick<Matching, 'members'>, state: number, run: number): void {
    for (const node of members.flat()) {
      if (this.#now[node] === FREE) this.#free -= 1;
      if (state === GONE) this.#idle -= 1;
      this.#now[node] = state;
      this.#by[node] = run;
    }
  }
}

function numbersOf(set: Uint8Array): number[] {
  const numbers: number[] = [];
  for (let number = 0; number < set.length; number += 1) if (set[number] === 1) numbers.push(number);
  return numbers;
}

/** The nodes of each group, shared out among its needs in their order. */
function castOf({ nodes }: Pool, { needs, groups }: Wish, members: Matching['members']): Cast {
  const left = new Map(groups.map(({ where }, index) => [where, [...(members[index] ?? [])]]));
  return needs.map((need) => ({
    need,
    nodes: takeFor(need, left.get(need.where) ?? [], needs, nodes).map(
      (node) => nodes[node]?.machine.name ?? '',
    ),
  }));
}
