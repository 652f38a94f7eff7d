/**
 * Machines with a label that a role rather has than not: taken instead of others where that costs nobody anything. Pure.
 *
 * Guarantees: as many nodes of each group as before, all of which fit it; only nodes that are `free` come in, only nodes of the
 * choice go out. So who starts, and what is kept for whom, does not depend on it.
 */
import type { PoolNode, Wish } from './pool.ts';

/** The nodes taken, group by group, by their numbers. */
type Members = readonly (readonly number[])[];

/** The same choice with as many preferred nodes as there are. */
export function withPreferred(
  { needs, groups }: Wish,
  members: Members,
  nodes: readonly PoolNode[],
  free: (node: number) => boolean,
): Members {
  if (needs.every(({ prefer }) => prefer === undefined)) return members;
  const chosen = members.map((group) => [...group]);
  for (const { where, prefer, count } of needs) {
    if (prefer === undefined) continue;
    const at = groups.findIndex((group) => group.where === where);
    const [group, taken] = [groups[at], chosen[at]];
    if (group === undefined || taken === undefined) continue;
    for (let node = 0; node < nodes.length; node += 1) {
      if (taken.filter((each) => has(nodes[each], prefer)).length >= count) break;
      if (group.fits[node] !== 1 || !has(nodes[node], prefer) || !free(node)) continue;
      if (chosen.some((each) => each.includes(node))) continue;
      const without = taken.findLastIndex(
        (each) => !needs.some(({ prefer: label }) => has(nodes[each], label)),
      );
      if (without === -1) break;
      taken[without] = node;
    }
  }
  return chosen.map((group) => group.toSorted((a, b) => a - b));
}

/** Those of a group for one need, which are then gone: first those that it prefers, and for others first the rest. */
export function takeFor(
  need: Wish['needs'][number],
  group: number[],
  needs: Wish['needs'],
  nodes: readonly PoolNode[],
): number[] {
  const { prefer, count } = need;
  const wanted =
    prefer === undefined
      ? (node: number) => !needs.some(({ prefer: label }) => has(nodes[node], label))
      : (node: number) => has(nodes[node], prefer);
  const inOrder = [...group.filter(wanted), ...group.filter((node) => !wanted(node))];
  const taken = inOrder.slice(0, count).toSorted((a, b) => a - b);
  for (const node of taken) group.splice(group.indexOf(node), 1);
  return taken;
}

function has(node: PoolNode | undefined, label: string | undefined): boolean {
  return node !== undefined && label !== undefined && Object.hasOwn(node.machine.labels, label);
}
