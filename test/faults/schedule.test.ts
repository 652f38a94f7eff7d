/** Schedules of faults, for any seed. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { KINDS, kindOf } from './kinds.ts';
import { type Fault, longestAway, makeSchedule, RECOVERY } from './schedule.ts';

const MACHINES = ['n1', 'n2', 'n3'];
const GRACE = 30;
const make = (seed: number, length: number) =>
  makeSchedule({ seed, length, machines: MACHINES, grace: GRACE });

const anySchedule = fc.record({ seed: fc.integer(), length: fc.integer({ min: 1, max: 400 }) });

function holds(property: (faults: Fault[], about: { seed: number; length: number }) => void): void {
  fc.assert(fc.property(anySchedule, (about) => property(make(about.seed, about.length), about)));
}

test('the same seed makes the same schedule, and another seed another one', () => {
  holds((faults, { seed, length }) => {
    expect(make(seed, length)).toEqual(faults);
  });
  expect(make(1, 300)).not.toEqual(make(2, 300));
});

test('every fault lasts for as long as its kind may, and is healed by the end', () => {
  holds((faults, { length }) => {
    for (const { kind, from, until } of faults) {
      const [least, most] = kindOf(kind).lasts;
      expect(until - from).toBeGreaterThanOrEqual(least - 0.002);
      expect(until - from).toBeLessThanOrEqual(most + 0.002);
      expect(from).toBeGreaterThan(0);
      expect(until).toBeLessThanOrEqual(length);
    }
  });
});

test('no two faults hold the same part of a machine at the same time', () => {
  holds((faults) => {
    const parts = faults.flatMap((fault) => kindOf(fault.kind).holds.map((part) => ({ ...fault, part })));
    const both = parts.flatMap((a, i) =>
      parts
        .slice(i + 1)
        .filter((b) => a.on === b.on && a.part === b.part && a.from < b.until && b.from < a.until)
        .map((b) => [a, b]),
    );
    expect(both).toEqual([]);
  });
});

test('nobody is away for longer than the grace who is not meant to be', () => {
  holds((faults) => {
    for (const machine of MACHINES) expect(longestAway(faults, machine)).toBeLessThanOrEqual(GRACE);
  });
});

test('while a machine is meant to be lost, nothing happens to the master that would begin the grace anew', () => {
  holds((faults) => {
    for (const lost of faults.filter(({ kind }) => kind === 'vanish')) {
      expect(lost.until - lost.from).toBeGreaterThan(GRACE + RECOVERY);
      const meanwhile = faults.filter(({ from, until }) => from < lost.until && until > lost.from);
      expect(meanwhile.filter(({ on }) => on === 'master')).toEqual([]);
    }
  });
});

test('times away that are too close together for an agent to come back in between count as one', () => {
  const cut = (from: number, until: number): Fault => ({ kind: 'cut-agent', on: 'n1', from, until, dice: 0 });
  const killed: Fault = { kind: 'kill-master', on: 'master', from: 12, until: 14, dice: 0 };
  expect(longestAway([cut(0, 5)], 'n1')).toBe(5 + RECOVERY);
  expect(longestAway([cut(0, 5), killed], 'n1')).toBe(14 + RECOVERY);
  expect(longestAway([cut(0, 5), killed], 'n2')).toBe(2 + RECOVERY);
  expect(longestAway([cut(0, 5), cut(40, 46)], 'n1')).toBe(6 + RECOVERY);
});

test('in an hour every kind of fault comes, and never a minute goes by without any', () => {
  const faults = make(7, 3600);
  const kinds = new Set(faults.map(({ kind }) => kind));
  expect([...kinds].toSorted()).toEqual(Object.keys(KINDS).toSorted());
  for (const [i, { from }] of faults.entries()) expect(from - (faults[i - 1]?.from ?? 0)).toBeLessThan(60);
});
