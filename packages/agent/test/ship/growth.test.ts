import { appendFileSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, FakeClock, settled } from '@tutti/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { watchGrowth } from '../../src/ship/growth.ts';
import { temporaryDirectory } from './member-on-disk.ts';

function watching(dir: string) {
  const clock = new FakeClock();
  const seen = { wakes: 0, blind: [] as unknown[] };
  const stop = watchGrowth(dir, {
    clock,
    wake: () => {
      seen.wakes += 1;
    },
    onBlind: (error) => seen.blind.push(error),
  });
  onTestFinished(stop);
  return { clock, seen, stop };
}

test('wakes at once, for what grew before', () => {
  const { seen } = watching(temporaryDirectory());
  expect(seen.wakes).toBe(1);
});

test('wakes when a file grows or comes, without any time passing', async () => {
  const dir = temporaryDirectory();
  const { seen } = watching(dir);
  appendFileSync(join(dir, 'new'), 'x');
  await eventually(() => seen.wakes > 1);
  await settled();
  const before = seen.wakes;
  appendFileSync(join(dir, 'new'), 'y');
  await eventually(() => {
    expect(seen.wakes).toBeGreaterThan(before);
  });
});

test('sweeps every 5 s', () => {
  const { clock, seen } = watching(temporaryDirectory());
  clock.advance(4999);
  expect(seen.wakes).toBe(1);
  clock.advance(1);
  expect(seen.wakes).toBe(2);
  clock.advance(10_000);
  expect(seen.wakes).toBe(4);
});

test('where nothing can be watched the sweep goes on alone, and it is said once', () => {
  const { clock, seen } = watching(join(temporaryDirectory(), 'absent'));
  expect(seen.blind).toEqual([expect.objectContaining({ code: 'ENOENT' })]);
  clock.advance(5000);
  expect(seen.wakes).toBe(2);
  expect(seen.blind).toHaveLength(1);
});

test('a directory that goes is no failure', async () => {
  const dir = join(temporaryDirectory(), 'd');
  mkdirSync(dir);
  const { seen } = watching(dir);
  rmSync(dir, { recursive: true });
  await eventually(() => seen.wakes > 1);
  expect(seen.blind).toEqual([]);
});

test('stopped, it neither wakes nor holds a timer', async () => {
  const dir = temporaryDirectory();
  const { clock, seen, stop } = watching(dir);
  stop();
  const before = seen.wakes;
  appendFileSync(join(dir, 'new'), 'x');
  clock.advance(20_000);
  await settled();
  expect(seen.wakes).toBe(before);
  expect(clock.timers).toBe(0);
});
