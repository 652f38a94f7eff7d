import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { allocate, describeNeeds, total } from '../../src/scheduler/allocate.ts';

describe('an allocation', () => {
  test('takes idle nodes in their order, role by role', () => {
    const needs = new Map([
      ['server', 1],
      ['client', 2],
    ]);
    expect([...allocate(needs, ['n1', 'n2', 'n3', 'n4'])!]).toEqual([
      ['server', ['n1']],
      ['client', ['n2', 'n3']],
    ]);
  });

  test('is all or nothing, and never gives one node twice', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.nat({ max: 4 })),
        fc.uniqueArray(fc.nat({ max: 50 }), { maxLength: 12 }),
        (counts, idle) => {
          const needs = new Map(Object.entries(counts));
          const cast = allocate(needs, idle);
          if (total(needs) > idle.length) {
            expect(cast).toBeUndefined();
            return;
          }
          const given = [...cast!.values()].flat();
          expect(given).toEqual(idle.slice(0, total(needs)));
          for (const [role, count] of needs) expect(cast!.get(role)).toHaveLength(count);
        },
      ),
    );
  });
});

test.for([
  [{ server: 1 }, '1 node (server 1)'],
  [{ server: 1, client: 4 }, '5 nodes (server 1, client 4)'],
])('needs %j are told as "%s"', ([needs, words]) => {
  expect(describeNeeds(new Map(Object.entries(needs as Record<string, number>)))).toBe(words);
});
