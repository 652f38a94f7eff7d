import fc from 'fast-check';
import { expect, test } from 'vitest';
import { editDistance, nearest } from '../src/nearest.ts';

const KEYS = ['name', 'timeout', 'linger', 'grace', 'params', 'roles'];

test.each([
  ['timout', 'timeout'],
  ['tiemout', 'timeout'],
  ['role', 'roles'],
  ['parmas', 'params'],
])('%s is a slip for %s', (typed, meant) => {
  expect(nearest(typed, KEYS)).toBe(meant);
});

test.each(['x', 'before', 'timeoutpolicy', ''])('%j resembles none of the keys', (typed) => {
  expect(nearest(typed, KEYS)).toBeUndefined();
});

test('short names are never taken for one another', () => {
  expect(nearest('a', ['b'])).toBeUndefined();
});

test('swapping two neighbours is one edit', () => {
  expect(editDistance('barrier', 'barreir')).toBe(1);
});

test('the distance is symmetric, zero only to itself, and at most the longer length', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
      expect(editDistance(a, b)).toBe(editDistance(b, a));
      expect(editDistance(a, b) === 0).toBe(a === b);
      expect(editDistance(a, b)).toBeLessThanOrEqual(Math.max(a.length, b.length));
    }),
  );
});
