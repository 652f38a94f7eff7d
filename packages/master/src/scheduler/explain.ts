/** What a queued run waits for, who has it, since when, and when it starts at the latest. Pure; explain-words.ts says it to people. */
import { latestStart } from './latest.ts';
import { inTurn } from './order.ts';
import { Board, type Cast, type Queue } from './pass.ts';
import type { Need } from './pool.ts';
import { satisfiable } from './prospects.ts';
import { Selectors } from './selectors.ts';

/** A machine that the run could use, and why it does not get it. */
export interface Obstacle {
  readonly node: string;
  /**
   * `held` by a run that is under way; `kept` for a queued one that is before it, or about to start; `clearing`: its
   * last run has left something that has not ended; else out of service.
   */
  readonly why: 'held' | 'kept' | 'clearing' | 'offline' | 'drained' | 'maintenance' | 'quarantined';
  /** Who has it. */
  readonly run?: number;
  /** Unix ms. */
  readonly since?: number;
  /** When it is given back at the latest. */
  readonly until?: number;
  /** Why it is out of service, where that was said. */
  readonly reason?: string;
  /** What it is at, in words that complete "n1 …". */
  readonly doing?: string;
}

export interface Shortage {
  /** What cannot be filled: needs that together have too few machines. */
  readonly needs: readonly Need[];
  readonly wanted: number;
  /** How many machines would do, whatever their state. */
  readonly matching: number;
  /** How many of these it can have now. */
  readonly free: number;
  /** Why it cannot have the others, by name. */
  readonly others: readonly Obstacle[];
}

export type Explanation =
  | { readonly at: 'starting'; readonly run: number; readonly cast: Cast }
  | {
      readonly at: 'waiting';
      readonly run: number;
      /** Unix ms. */
      readonly since: number;
      /** How many are before it in the queue. */
      readonly before: number;
      readonly shortage: Shortage;
      /** False: the machines in service do not suffice, even when all other runs have ended. */
      readonly possible: boolean;
      /** Unix ms; absent when somebody before it has no bound. */
      readonly latest?: number;
    };

/** Undefined for a run that is not queued. */
export function explain(
  input: Queue,
  number: number,
  selectors: Selectors = new Selectors(),
): Explanation | undefined {
  const order = inTurn(input.queue, input.settings.ageing);
  const place = order.findIndex(({ run }) => run === number);
  const run = order[place];
  if (run === undefined) return undefined;
  const board = new Board(input, selectors);
  for (const older of order.slice(0, place)) board.place(older);
  const shortage = shortageOf(board, run.needs, input.now);
  const start = board.place(run);
  if (start !== undefined) return { at: 'starting', run: number, cast: start.cast };
  const latest = latestStart(order.slice(0, place + 1), board.pool, input.now);
  return {
    at: 'waiting',
    run: number,
    since: run.submitted,
    before: place,
    shortage,
    possible: satisfiable(board.pool, board.pool.wish(run.needs)),
    ...(latest === undefined ? {} : { latest }),
  };
}

function shortageOf(board: Board, needs: readonly Need[], now: number): Shortage {
  const { pool } = board;
  const wish = pool.wish(needs);
  const isFree = (node: number) => board.isFree(node);
  const free = [...pool.nodes.keys()].filter((node) => wish.any[node] === 1 && isFree(node));
  const groups = board
    .match(wish, isFree)
    .shortage(free)
    .flatMap((group) => wish.groups[group] ?? []);
  const selectors = new Set(groups.map(({ where }) => where));
  const matching = [...pool.nodes.keys()].filter((node) => groups.some(({ fits }) => fits[node] === 1));
  return {
    needs: wish.needs.filter(({ where }) => selectors.has(where)),
    wanted: groups.reduce((sum, { count }) => sum + count, 0),
    matching: matching.length,
    free: matching.filter(isFree).length,
    others: matching.filter((node) => !isFree(node)).map((node) => obstacle(board, node, now)),
  };
}

function obstacle(board: Board, number: number, now: number): Obstacle {
  const node = board.pool.nodes[number];
  if (node === undefined) throw new Error(`there is no node ${number}`);
  const { machine, out, held } = node;
  if (out !== undefined) {
    const since = out.since === undefined ? {} : { since: out.since };
    return { node: machine.name, ...since, ...reasonOf(out) };
  }
  if (held !== undefined) {
    const { lent: _, ...more } = held;
    return { node: machine.name, why: held.run === undefined ? 'clearing' : 'held', ...more };
  }
  const run = board.takenBy(number);
  return { node: machine.name, why: 'kept', since: now, ...(run === undefined ? {} : { run }) };
}

function reasonOf(out: NonNullable<Board['pool']['nodes'][number]['out']>): Pick<Obstacle, 'why' | 'reason'> {
  const reason = out.why === 'offline' ? undefined : out.reason;
  return { why: out.why, ...(reason === undefined ? {} : { reason }) };
}
