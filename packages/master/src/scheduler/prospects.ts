/** What a run can hope for: whether the machines in service suffice for it at all, and when it could have them. Pure. */
import { Matching } from './matching.ts';
import { type Pool, type PoolNode, untilOf, type Wish } from './pool.ts';

/** Given to runs, now or when who holds it ends. */
export function inService({ out }: PoolNode): boolean {
  return out === undefined;
}

/** Whether the nodes in service, all of them together, suffice. */
export function satisfiable({ nodes }: Pool, { groups, any }: Wish): boolean {
  const matching = new Matching(groups);
  for (const [number, node] of nodes.entries()) {
    if (any[number] === 1 && inService(node)) matching.add(number);
    if (matching.complete) return true;
  }
  return matching.complete;
}

/**
 * When it could start if it were first, and all who hold nodes now use their time in full; undefined if only after
 * somebody who has no bound. `-Infinity`: now. Nothing can make it earlier but that others end before their time.
 */
export function earliestBound(pool: Pool, { groups, any }: Wish): number | undefined {
  const matching = new Matching(groups);
  for (const number of pool.byUntil) {
    const node = pool.nodes[number];
    if (node === undefined || any[number] !== 1 || !inService(node)) continue;
    const until = untilOf(node);
    if (until === Infinity) return undefined;
    matching.add(number);
    if (matching.complete) return until;
  }
  return matching.complete ? -Infinity : undefined;
}
