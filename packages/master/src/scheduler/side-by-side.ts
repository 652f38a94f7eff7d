/**
 * Which tests of one run begin now, on which of its nodes. Pure.
 *
 * A test gets the first free nodes of each of its roles that are there, then such as have gone; alone it always gets the first, so
 * that role → node stays the same through the run as long as all are there. Tests that are `parallel` run beside each other on disjoint nodes, in the suite's order, though one
 * that does not fit yet lets others pass: they are finitely many. Any other test runs alone, and nothing
 * that is behind it begins before it has ended.
 */
import type { Cast } from './pass.ts';
import type { Need } from './pool.ts';

const NOBODY: ReadonlySet<string> = new Set();

export interface WaitingTest {
  readonly index: number;
  readonly parallel: boolean;
  /** Of each distinct (role, where) at most what the run has. */
  readonly needs: readonly Need[];
}

/** `waiting` in the suite's order; `running`: the nodes of the tests that are under way, and whether all are parallel; `away`: nodes that are not there. */
export function beginNow(
  waiting: readonly WaitingTest[],
  running: { readonly nodes: readonly (readonly string[])[]; readonly parallel: boolean },
  run: Cast,
  away: ReadonlySet<string> = NOBODY,
): { index: number; cast: Cast }[] {
  const busy = new Set(running.nodes.flat());
  const begun: { index: number; cast: Cast }[] = [];
  if (running.nodes.length > 0 && !running.parallel) return begun;
  for (const { index, parallel, needs } of waiting) {
    if (!parallel && (running.nodes.length > 0 || begun.length > 0)) break;
    const cast = needs.map((need) => ({ need, nodes: free(need, run, busy, away) }));
    if (cast.every(({ need, nodes }) => nodes.length === need.count)) {
      for (const { nodes } of cast) for (const node of nodes) busy.add(node);
      begun.push({ index, cast });
    }
    if (!parallel) break;
  }
  return begun;
}

function free(need: Need, run: Cast, busy: ReadonlySet<string>, away: ReadonlySet<string>): string[] {
  const all = run.find(({ need: { role, where } }) => role === need.role && where === need.where);
  const idle = (all?.nodes ?? []).filter((node) => !busy.has(node));
  const there = idle.filter((node) => !away.has(node));
  return [...there, ...idle.filter((node) => away.has(node))].slice(0, need.count);
}
