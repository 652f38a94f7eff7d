import { expect, test } from 'vitest';
import { nextTry } from '../../src/notify/retry.ts';

test('tries are further and further apart, to five minutes', () => {
  const longest = Array.from({ length: 11 }, (_, n) => nextTry(n + 1, 0, () => 1));
  expect(longest).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300].map((seconds) => seconds * 1000));
  expect(nextTry(1_000_000, 0, () => 1)).toBe(300_000);
});

test('chance takes away up to half of the wait', () => {
  expect(nextTry(3, 0, () => 0)).toBe(2000);
});

test('after an hour it is given up', () => {
  expect(nextTry(5, 3_599_999, () => 1)).toBeDefined();
  expect(nextTry(5, 3_600_000, () => 1)).toBeUndefined();
});
