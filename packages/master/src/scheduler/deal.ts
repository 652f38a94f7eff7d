/** Who of the machines that a run gets fills which role. Pure. */
import type { Cast } from './pass.ts';
import { byName, type Need } from './pool.ts';

/** In the order in which the suite names its roles, first the first by name; among roles that want the same machines. */
export function deal(cast: Cast, needs: readonly Need[]): Cast {
  const pools = new Map<string | undefined, string[]>();
  for (const { need, nodes } of cast) pools.set(need.where, [...(pools.get(need.where) ?? []), ...nodes]);
  for (const pool of pools.values()) pool.sort(byName.compare);
  return needs.map((need) => ({ need, nodes: pools.get(need.where)?.splice(0, need.count) ?? [] }));
}
