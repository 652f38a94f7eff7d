import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { deal } from '../../src/scheduler/deal.ts';
import { DEFAULT_SETTINGS, pass } from '../../src/scheduler/pass.ts';
import type { Need, PoolNode } from '../../src/scheduler/pool.ts';
import { machines, needs, node, queued } from './lab.ts';

const settings = DEFAULT_SETTINGS;
const driver: Need = { role: 'driver', count: 1, prefer: 'driver' };
const db: Need = { role: 'db', count: 1 };

function castOf(nodes: PoolNode[], wanted: Need[]) {
  const [start] = pass({ queue: [queued(1, wanted)], nodes, now: 0, settings });
  return (
    start && Object.fromEntries(deal(start.cast, wanted).map(({ need, nodes: names }) => [need.role, names]))
  );
}

test('a preferred machine is taken where it is free, though others come first', () => {
  const nodes = [node('n1'), node('n2'), node('n3', ['driver', 'rack'])];
  expect(castOf(nodes, [db, driver])).toEqual({ db: ['n1'], driver: ['n3'] });
  expect(castOf(nodes, [driver])).toEqual({ driver: ['n3'] });
});

test('among the machines that a run gets anyway, the preferred one goes to who prefers it', () => {
  expect(castOf([node('n1', ['driver']), node('n2')], [db, driver])).toEqual({ db: ['n2'], driver: ['n1'] });
});

test('without one any other will do', () => {
  expect(castOf([node('n1'), node('n2')], [db, driver])).toEqual({ db: ['n1'], driver: ['n2'] });
  const held = [node('n1'), node('n2'), node('n3', ['driver'], { held: { run: 7 } })];
  expect(castOf(held, [db, driver])).toEqual({ db: ['n1'], driver: ['n2'] });
});

test('a preference changes neither whether a run starts, nor how many machines it has, nor that they fit', () => {
  fc.assert(
    fc.property(machines, needs, fc.constantFrom('a', 'b', 'c'), (nodes, plain, prefer) => {
      const wanted = plain.map((need, index) => (index === 0 ? { ...need, prefer } : need));
      const [start] = pass({ queue: [queued(1, wanted)], nodes, now: 0, settings });
      const [without] = pass({ queue: [queued(1, plain)], nodes, now: 0, settings });
      expect(start === undefined).toBe(without === undefined);
      if (start === undefined) return;
      const names = start.cast.flatMap((part) => part.nodes);
      expect(new Set(names).size).toBe(names.length);
      for (const { need, nodes: taken } of start.cast) {
        expect(taken).toHaveLength(need.count);
        const label = /"(.)" in labels/.exec(need.where ?? '')?.[1];
        for (const name of taken) {
          const { labels = {} } = nodes.find(({ machine }) => machine.name === name)?.machine ?? {};
          if (label !== undefined) expect(Object.keys(labels)).toContain(label);
        }
      }
    }),
  );
});
