/**
 * When a waiting run starts at the latest. Pure.
 *
 * It is a bound, not a guess: whatever ends early, the run starts by then, provided that no machine goes out of
 * service and no run is submitted that goes before it. For the first in turn among those that could use the same
 * machines: when enough of these come back by the timeouts of who holds them. For others: when all have ended that
 * hold one of its machines, or are before it and could use one. So it is exact for the first, and cautious for
 * the others, whose true start depends on who gets which machine.
 */
import type { QueuedRun } from './order.ts';
import { type Pool, untilOf, type Wish } from './pool.ts';
import { earliestBound, inService, satisfiable } from './prospects.ts';

interface Prospect {
  readonly wish: Wish;
  readonly satisfiable: boolean;
  /** Until when others may hold machines that it could use; Infinity: nobody knows. */
  readonly held: number;
  /** When it starts if it is first. */
  readonly alone: number;
  /** Those before it that could use the same machines; itself, when there is another run like it. */
  readonly rivals: Prospect[];
  /** When the last of its runs so far has ended; `-Infinity`: there is none. */
  end: number;
}

/** `turns`: the queue in turn, up to the run, which is its last. Undefined: there is no bound, or it cannot start at all. */
export function latestStart(turns: readonly QueuedRun[], pool: Pool, now: number): number | undefined {
  const prospects = new Map<Wish, Prospect>();
  let latest = Infinity;
  for (const { needs, longest } of turns) {
    const wish = pool.wish(needs);
    const prospect = prospects.get(wish) ?? prospectOf(wish, pool);
    if (!prospects.has(wish)) meet(prospect, prospects);
    latest = Infinity;
    // It keeps nothing, for who knows how long: nobody waits for it.
    if (!prospect.satisfiable) continue;
    const before = prospect.rivals.reduce((last, { end }) => Math.max(last, end), -Infinity);
    const start = before === -Infinity ? prospect.alone : Math.max(prospect.held, before);
    latest = Math.max(now, start);
    prospect.end = Math.max(prospect.end, latest + (longest ?? Infinity));
  }
  return latest === Infinity ? undefined : latest;
}

function prospectOf(wish: Wish, pool: Pool): Prospect {
  const candidates = pool.nodes.filter((node, number) => wish.any[number] === 1 && inService(node));
  return {
    wish,
    satisfiable: satisfiable(pool, wish),
    held: candidates.reduce((last, node) => Math.max(last, untilOf(node)), -Infinity),
    alone: earliestBound(pool, wish) ?? Infinity,
    rivals: [],
    end: -Infinity,
  };
}

function meet(newcomer: Prospect, known: Map<Wish, Prospect>): void {
  known.set(newcomer.wish, newcomer);
  for (const other of known.values()) {
    if (!newcomer.wish.any.some((fits, number) => fits === 1 && other.wish.any[number] === 1)) continue;
    newcomer.rivals.push(other);
    if (other !== newcomer) other.rivals.push(newcomer);
  }
}
