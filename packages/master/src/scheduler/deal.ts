/** Who of the machines that a run gets fills which role. Pure. */
import type { Cast } from './pass.ts';
import { byName, type Need } from './pool.ts';

/**
 * In the order in which the suite names its roles, first the first by name; among roles that want the same machines. Who was given
 * one for its label keeps it.
 */
export function deal(cast: Cast, needs: readonly Need[]): Cast {
  const pools = new Map<string, string[]>();
  for (const { need, nodes } of cast) pools.set(kindOf(need), [...(pools.get(kindOf(need)) ?? []), ...nodes]);
  for (const pool of pools.values()) pool.sort(byName.compare);
  return needs.map((need) => ({ need, nodes: pools.get(kindOf(need))?.splice(0, need.count) ?? [] }));
}

function kindOf({ where, prefer }: Need): string {
  return JSON.stringify([where ?? null, prefer ?? null]);
}
