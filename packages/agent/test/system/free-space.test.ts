import { FakeClock } from '@tutti/testkit';
import { expect, test } from 'vitest';
import { freeShare, watchSpace } from '../../src/system/free-space.ts';

test('a disk has a share that is free', () => {
  expect(freeShare('/')).toBeGreaterThanOrEqual(0);
  expect(freeShare('/')).toBeLessThanOrEqual(1);
  // What has no blocks at all is never full.
  expect(freeShare('/proc')).toBe(1);
});

test('a full disk is told while somebody runs, at once and then within seconds, until nobody watches', () => {
  const clock = new FakeClock();
  let [full, busy, told] = [true, false, 0];
  const stop = watchSpace({
    clock,
    isFull: () => full,
    isBusy: () => busy,
    onFull: () => {
      told += 1;
    },
  });
  clock.advance(60_000);
  expect(told).toBe(0);
  busy = true;
  clock.advance(5000);
  expect(told).toBe(1);
  full = false;
  clock.advance(60_000);
  expect(told).toBe(1);
  stop();
  full = true;
  clock.advance(60_000);
  expect([told, clock.timers]).toEqual([1, 0]);
});
