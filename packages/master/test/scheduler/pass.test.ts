import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { inTurn } from '../../src/scheduler/order.ts';
import { pass } from '../../src/scheduler/pass.ts';
import { canBeFilled, fits, HOUR, machines, need, node, queue, queued, simulate } from './lab.ts';

const settings = { ageing: 1, backfill: false };
const backfill = { ageing: 1, backfill: true };
const either = fc.constantFrom(settings, backfill);
const later = 100 * HOUR;

function namesOf(starts: ReturnType<typeof pass>): Record<number, string[]> {
  return Object.fromEntries(starts.map(({ run, cast }) => [run, cast.flatMap(({ nodes }) => nodes)]));
}

describe('a pass', () => {
  test('gives each role nodes that its selector wants, and the plain ones to those who want any', () => {
    const nodes = [node('n1', ['gpu', 'fast']), node('n2', ['gpu']), node('n10'), node('n9')];
    const run = queued(1, [need('server', 1, 'gpu'), need('client', 2)]);
    expect(pass({ queue: [run], nodes, now: 0, settings })[0]?.cast).toEqual([
      { need: need('client', 2), nodes: ['n9', 'n10'] },
      { need: need('server', 1, 'gpu'), nodes: ['n2'] },
    ]);
  });

  test('moves a node to another role when only so all get theirs', () => {
    const nodes = [node('n1', ['a', 'b']), node('n2', ['a', 'x'])];
    const run = queued(1, [need('first', 1, 'a'), need('second', 1, 'b')]);
    expect(namesOf(pass({ queue: [run], nodes, now: 0, settings }))).toEqual({ 1: ['n2', 'n1'] });
  });

  test('starts the older of two that want the last node, and by priority the other', () => {
    const nodes = [node('n1')];
    const two = [queued(2, [need('x', 1)]), queued(1, [need('x', 1)])];
    expect(namesOf(pass({ queue: two, nodes, now: 9, settings }))).toEqual({ 1: ['n1'] });
    const urgent = [queued(1, [need('x', 1)]), queued(2, [need('x', 1)], { priority: 1 })];
    expect(namesOf(pass({ queue: urgent, nodes, now: 9, settings }))).toEqual({ 2: ['n1'] });
  });

  test.for([
    ['offline', { why: 'offline' }],
    ['drained', { why: 'drained' }],
    ['in maintenance', { why: 'maintenance' }],
    ['quarantined', { why: 'quarantined', reason: 'prepare failed' }],
  ] as const)('gives no node that is %s', ([, out]) => {
    expect(
      pass({ queue: [queued(1, [need('x', 1)])], nodes: [node('n1', [], { out })], now: 0, settings }),
    ).toEqual([]);
  });

  test('keeps free nodes for a run that waits for others, and no more than it needs', () => {
    const nodes = [node('n1', ['gpu'], { held: { run: 7, since: 0 } }), node('n2'), node('n3')];
    const waiting = queued(1, [need('gpu', 1, 'gpu'), need('any', 1)]);
    const younger = [queued(2, [need('x', 1)]), queued(3, [need('x', 1)])];
    expect(namesOf(pass({ queue: [waiting, ...younger], nodes, now: 9, settings }))).toEqual({ 2: ['n3'] });
  });

  test('keeps nothing for a run whose machines are out of service', () => {
    const nodes = [node('n1', ['gpu'], { out: { why: 'drained' } }), node('n2')];
    const waiting = queued(1, [need('gpu', 1, 'gpu'), need('any', 1)]);
    const younger = queued(2, [need('x', 1)]);
    expect(namesOf(pass({ queue: [waiting, younger], nodes, now: 9, settings }))).toEqual({ 2: ['n2'] });
  });

  test('with backfill lends a kept node to a run that ends before the older one could start', () => {
    const held = { run: 7, since: 0, until: 2 * HOUR };
    const nodes = [node('n1', ['gpu'], { held }), node('n2')];
    const waiting = queued(1, [need('gpu', 1, 'gpu'), need('any', 1)]);
    const short = queued(2, [need('x', 1)], { longest: 2 * HOUR });
    const long = queued(3, [need('x', 1)], { longest: 2 * HOUR + 1 });
    const endless = { run: 4, priority: 0, submitted: 4, needs: [need('x', 1)] };
    const input = { nodes, now: 0, settings: backfill };
    expect(pass({ ...input, queue: [waiting, short] })).toMatchObject([{ run: 2, lent: true }]);
    expect(pass({ ...input, queue: [waiting, long] })).toEqual([]);
    expect(pass({ ...input, queue: [waiting, endless] })).toEqual([]);
    expect(pass({ ...input, queue: [waiting, short], settings })).toEqual([]);
    // Run 3 could use the node as well, and at once: nobody passes it there.
    const shorter = { ...short, run: 5, submitted: 5 };
    expect(pass({ ...input, queue: [waiting, long, shorter] })).toEqual([]);
    const unbounded = [node('n1', ['gpu'], { held: { run: 7, since: 0 } }), node('n2')];
    expect(pass({ ...input, nodes: unbounded, queue: [waiting, short] })).toEqual([]);
  });

  test('counts a lent node as kept, so that nobody pays for the loan', () => {
    const held = { run: 7, since: 0, until: 10 * HOUR };
    const lent = { run: 8, since: 0, until: 2 * HOUR, lent: true };
    const nodes = [node('n1', ['a'], { held }), node('n2', ['b'], { held: lent }), node('n3', ['c'])];
    const waiting = queued(1, [need('gpu', 1, 'a'), need('any', 1)]);
    const next = queued(2, [need('x', 1, 'c')], { longest: 100 * HOUR });
    const input = { queue: [waiting, next], nodes, now: HOUR, settings: backfill };
    expect(namesOf(pass(input))).toEqual({ 2: ['n3'] });
  });
});

describe('every pass', () => {
  test('starts all or nothing, on distinct nodes that are free and wanted', () => {
    fc.assert(
      fc.property(machines, queue, either, (pool, runs, set) => {
        simulate(pool, runs, set, undefined, ({ nodes, ...input }) => {
          const starts = pass({ nodes, ...input });
          const given = starts.flatMap(({ cast }) => cast.flatMap((part) => part.nodes));
          expect(new Set(given).size).toBe(given.length);
          for (const { run, cast } of starts) {
            const wanted = runs.find((other) => other.run === run)?.needs ?? [];
            expect(new Set(cast.map((part) => part.need))).toEqual(new Set(wanted));
            for (const part of cast) {
              expect(part.nodes).toHaveLength(part.need.count);
              for (const name of part.nodes) {
                const one = nodes.find(({ machine }) => machine.name === name);
                expect(one?.held).toBeUndefined();
                expect(one !== undefined && fits(part.need, one)).toBe(true);
              }
            }
          }
        });
      }),
    );
  });

  test('comes to the same whatever the order of its input', () => {
    fc.assert(
      fc.property(
        machines.chain((nodes) => fc.tuple(fc.constant(nodes), permuted(nodes))),
        queue.chain((runs) => fc.tuple(fc.constant(runs), permuted(runs))),
        either,
        ([nodes, shuffledNodes], [runs, shuffledRuns], set) => {
          const shuffled = shuffledRuns.map((run) => ({ ...run, needs: run.needs.toReversed() }));
          const straight = pass({ nodes, queue: runs, now: later, settings: set });
          expect(pass({ nodes: shuffledNodes, queue: shuffled, now: later, settings: set })).toEqual(
            straight,
          );
        },
      ),
    );
  });

  test('starts the first in turn exactly if a search through all assignments finds one', () => {
    fc.assert(
      fc.property(machines, queue, either, (nodes, runs, set) => {
        const [first] = inTurn(runs, 1);
        fc.pre(first !== undefined);
        const starts = pass({ nodes, queue: runs, now: later, settings: set });
        expect(starts.some(({ run }) => run === first.run)).toBe(canBeFilled(first.needs, nodes));
      }),
    );
  });

  test('decides about each run as a search through all largest sets to keep would', () => {
    fc.assert(
      fc.property(machines, queue, (nodes, runs) => {
        const starts = namesOf(pass({ nodes, queue: runs, now: later, settings }));
        for (const names of Object.values(starts)) names.sort();
        expect(starts).toEqual(reference(nodes, runs));
      }),
      { numRuns: 300 },
    );
  });
});

describe('over time', () => {
  test('every run that the machines suffice for starts, and none else', () => {
    fc.assert(
      fc.property(machines, queue, either, (pool, runs, set) => {
        const begun = simulate(pool, runs, set);
        for (const { run, needs } of runs) expect(begun.has(run)).toBe(canBeFilled(needs, pool));
      }),
    );
  });

  test('a younger run changes neither when nor where an older one starts', () => {
    const shares = fc.array(fc.double({ min: 0.1, max: 1, noNaN: true }), { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(machines, queue, shares, (pool, runs, share) => {
        const taken = ({ run, longest = HOUR }: (typeof runs)[0]) => longest * (share[run - 1] ?? 1);
        const turns = inTurn(runs, 1);
        const last = turns.at(-1);
        // Submitted after a younger one has begun, an older one does find it there.
        fc.pre(last !== undefined && turns.every(({ submitted }) => submitted <= last.submitted));
        const all = simulate(pool, runs, settings, taken);
        all.delete(last.run);
        expect(all).toEqual(
          simulate(
            pool,
            runs.filter((run) => run !== last),
            settings,
            taken,
          ),
        );
      }),
      { numRuns: 500 },
    );
  });

  test('backfill delays nobody when all use their time in full', () => {
    fc.assert(
      fc.property(machines, queue, (pool, unordered) => {
        // All are known from the beginning: whoever comes later finds what has begun.
        const runs = unordered.map((run) => ({ ...run, submitted: 0 }));
        const without = simulate(pool, runs, settings);
        const withIt = simulate(pool, runs, backfill);
        for (const [run, { at }] of without) expect(withIt.get(run)?.at).toBeLessThanOrEqual(at);
      }),
      { numRuns: 1000 },
    );
  });

  test('a run of little priority is overtaken only by those submitted soon after it', () => {
    const low = queued(1, [need('x', 1)], { priority: 0, submitted: 0 });
    const soon = queued(2, [need('x', 1)], { priority: 5, submitted: 5 * HOUR - 1 });
    const late = queued(3, [need('x', 1)], { priority: 5, submitted: 5 * HOUR + 1 });
    expect(inTurn([low, soon, late], 1).map(({ run }) => run)).toEqual([2, 1, 3]);
  });
});

function permuted<T>(all: readonly T[]): fc.Arbitrary<T[]> {
  return fc.shuffledSubarray([...all], { minLength: all.length, maxLength: all.length });
}

/** The rules of pass.ts without backfill, by trying everything. */
function reference(
  nodes: ReturnType<typeof node>[],
  runs: ReturnType<typeof queued>[],
): Record<number, string[]> {
  const order = nodes.toSorted(
    (a, b) =>
      Object.keys(a.machine.labels).length - Object.keys(b.machine.labels).length ||
      a.machine.name.localeCompare(b.machine.name),
  );
  let free = order;
  const started: Record<number, string[]> = {};
  for (const { run, needs } of inTurn(runs, 1)) {
    const set = largest(needs, free);
    const size = needs.reduce((sum, { count }) => sum + count, 0);
    if (set.length === size) {
      // Who of the set plays which role is not the reference's business.
      started[run] = set.map(({ machine }) => machine.name);
    }
    if (set.length === size || canBeFilled(needs, nodes)) free = free.filter((one) => !set.includes(one));
  }
  const sorted = (names: string[]) => names.toSorted();
  return Object.fromEntries(Object.entries(started).map(([run, names]) => [run, sorted(names)]));
}

/** The first largest set of nodes that fills distinct places: first by the order of its nodes. */
function largest(
  needs: readonly ReturnType<typeof need>[],
  nodes: readonly ReturnType<typeof node>[],
): ReturnType<typeof node>[] {
  const places = needs.flatMap((one) => Array.from({ length: one.count }, () => ({ ...one, count: 1 })));
  let best: ReturnType<typeof node>[] = [];
  for (let bits = 0; bits < 2 ** nodes.length; bits += 1) {
    // The first node is the highest bit: among sets of one size the largest number is the first set.
    const set = nodes.filter((_, index) => (bits >> (nodes.length - 1 - index)) & 1);
    if (set.length < best.length || !placeable(set, places)) continue;
    best = set;
  }
  return best;
}

function placeable(
  [first, ...rest]: readonly ReturnType<typeof node>[],
  places: readonly ReturnType<typeof need>[],
): boolean {
  if (first === undefined) return true;
  return places.some((place, at) => fits(place, first) && placeable(rest, places.toSpliced(at, 1)));
}
