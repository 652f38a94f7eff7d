import { expect, test } from 'vitest';
import { backOffMs } from '../src/back-off.ts';

test('the wait doubles from 50 ms to 1 s and stays there', () => {
  expect([0, 1, 2, 3, 4, 5, 5000].map((attempt) => backOffMs(attempt, () => 1))).toEqual([
    50, 100, 200, 400, 800, 1000, 1000,
  ]);
});

test('chance takes away up to half of it', () => {
  expect([0, 4, 9].map((attempt) => backOffMs(attempt, () => 0))).toEqual([25, 400, 500]);
});
