import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Cast } from '../../src/scheduler/pass.ts';
import { beginNow } from '../../src/scheduler/side-by-side.ts';
import { need } from './lab.ts';

const run: Cast = [
  { need: need('server', 2), nodes: ['s1', 's2'] },
  { need: need('client', 3, 'a'), nodes: ['c1', 'c2', 'c3'] },
];
const nothing = { nodes: [], parallel: true };
const server = (index: number, parallel: boolean, count = 1) => ({
  index,
  parallel,
  needs: [need('server', count)],
});
const client = (index: number, parallel: boolean, count = 1) => ({
  index,
  parallel,
  needs: [need('client', count, 'a')],
});
const begun = (...args: Parameters<typeof beginNow>) =>
  beginNow(...args).map(({ index, cast }) => [index, ...cast.flatMap(({ nodes }) => nodes)]);

test('a test that is not parallel runs alone, on the first nodes of its roles', () => {
  expect(begun([server(0, false), client(1, true)], nothing, run)).toEqual([[0, 's1']]);
  expect(begun([client(1, true)], { nodes: [['s1']], parallel: false }, run)).toEqual([]);
  expect(begun([server(1, false)], { nodes: [['c1']], parallel: true }, run)).toEqual([]);
});

test('parallel tests run beside each other on disjoint nodes, up to the next that is not', () => {
  const tests = [
    server(0, true),
    server(1, true),
    server(2, true),
    client(3, true, 2),
    server(4, false),
    client(5, true),
  ];
  expect(begun(tests, nothing, run)).toEqual([
    [0, 's1'],
    [1, 's2'],
    [3, 'c1', 'c2'],
  ]);
  expect(begun(tests.slice(2, 3), { nodes: [['s2'], ['c1', 'c2']], parallel: true }, run)).toEqual([
    [2, 's1'],
  ]);
});

test('nodes that are away are taken last, and only as many as are needed', () => {
  const away = new Set(['s1', 'c2']);
  expect(begun([server(0, false)], nothing, run, away)).toEqual([[0, 's2']]);
  expect(begun([server(0, false, 2)], nothing, run, away)).toEqual([[0, 's2', 's1']]);
  expect(begun([client(0, true, 2), client(1, true)], nothing, run, away)).toEqual([
    [0, 'c1', 'c3'],
    [1, 'c2'],
  ]);
});

test('whatever the suite, all its tests are run, never two on one node', () => {
  const tests = fc
    .array(
      fc.record({
        parallel: fc.boolean(),
        server: fc.integer({ min: 1, max: 2 }),
        client: fc.nat({ max: 3 }),
      }),
    )
    .map((all) =>
      all.map(({ parallel, server: servers, client: clients }, index) => ({
        index,
        parallel,
        needs: [need('server', servers), ...(clients > 0 ? [need('client', clients, 'a')] : [])],
      })),
    );
  fc.assert(
    fc.property(tests, fc.infiniteStream(fc.nat({ max: 99 })), (all, chance) => {
      let waiting = all;
      let running: { index: number; nodes: string[] }[] = [];
      while (waiting.length > 0 || running.length > 0) {
        const parallel = running.every(({ index }) => all[index]?.parallel === true);
        const state = { nodes: running.map(({ nodes }) => nodes), parallel };
        for (const { index, cast } of beginNow(waiting, state, run)) {
          running.push({ index, nodes: cast.flatMap(({ nodes }) => nodes) });
          waiting = waiting.filter((one) => one.index !== index);
        }
        const used = running.flatMap(({ nodes }) => nodes);
        expect(new Set(used).size).toBe(used.length);
        expect(running.length).toBeGreaterThan(0);
        if (running.some(({ index }) => all[index]?.parallel === false)) expect(running).toHaveLength(1);
        const ends = (chance.next().value ?? 0) % running.length;
        running = running.filter((_, index) => index !== ends);
      }
    }),
  );
});
