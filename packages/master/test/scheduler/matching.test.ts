import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Matching } from '../../src/scheduler/matching.ts';

const NODES = 7;

const groups = fc.array(
  fc.record({
    count: fc.integer({ min: 1, max: 3 }),
    fits: fc.uint8Array({ minLength: NODES, maxLength: NODES, max: 1 }),
  }),
  { minLength: 1, maxLength: 5 },
);

/** Whether all these nodes find distinct places: by trying all. */
function placeable([first, ...rest]: readonly number[], places: readonly Uint8Array[]): boolean {
  if (first === undefined) return true;
  return places.some((fits, at) => fits[first] === 1 && placeable(rest, places.toSpliced(at, 1)));
}

test('a node is taken exactly if all taken before and it find distinct places', () => {
  fc.assert(
    fc.property(groups, (all) => {
      const places = all.flatMap(({ count, fits }) => Array.from({ length: count }, () => fits));
      const matching = new Matching(all);
      const taken: number[] = [];
      for (let node = 0; node < NODES; node += 1) {
        const fits = placeable([...taken, node], places);
        expect(matching.add(node)).toBe(fits);
        if (fits) taken.push(node);
      }
      expect(matching.size).toBe(taken.length);
      expect(matching.complete).toBe(taken.length === places.length);
      expect(matching.members.flat().toSorted((a, b) => a - b)).toEqual(taken);
      for (const [group, nodes] of matching.members.entries()) {
        expect(nodes.length).toBeLessThanOrEqual(all[group]?.count ?? 0);
        for (const node of nodes) expect(all[group]?.fits[node]).toBe(1);
      }
    }),
    { numRuns: 2000 },
  );
});

test('the groups that are short together have fewer nodes than places', () => {
  fc.assert(
    fc.property(groups, (all) => {
      const matching = new Matching(all);
      const nodes = Array.from({ length: NODES }, (_, node) => node);
      for (const node of nodes) matching.add(node);
      const short = matching.shortage(nodes).map((group) => all[group]);
      const wanted = short.reduce((sum, group) => sum + (group?.count ?? 0), 0);
      const have = nodes.filter((node) => short.some((group) => group?.fits[node] === 1)).length;
      expect(short.length === 0).toBe(matching.complete);
      if (!matching.complete) expect(have).toBeLessThan(wanted);
    }),
  );
});

test('a node that finds no place does not close the way for one that does', () => {
  const fits = (...nodes: number[]) =>
    Uint8Array.from({ length: 5 }, (_, node) => (nodes.includes(node) ? 1 : 0));
  const matching = new Matching([
    { count: 1, fits: fits(0, 1) },
    { count: 1, fits: fits(2, 3) },
    { count: 1, fits: fits(2) },
  ]);
  expect([0, 1, 2, 3].map((node) => matching.add(node))).toEqual([true, false, true, true]);
  expect(matching.members).toEqual([[0], [3], [2]]);
});
