import { expect, test } from 'vitest';
import type { Wait } from '../../src/sync/wait-graph.ts';
import { WaitLog } from '../../src/sync/wait-log.ts';

const wait = (since: number, more: Partial<Wait> = {}): Wait => ({
  ...{ member: 'client.0', on: 'key "k"', since, missing: [], needs: 0 },
  ...more,
});

test('a wait that took no time is not worth a word, unless it came to nothing', () => {
  const log = new WaitLog();
  log.add(wait(10), 10.05);
  log.add(wait(11), 11.5);
  log.add(wait(12), 12.01, 'key "k" can no longer be set');
  expect(log.conclude([])).toEqual({
    waits: [
      { member: 'client.0', what: 'key "k"', from: 11, to: 11.5 },
      { member: 'client.0', what: 'key "k"', from: 12, to: 12.01, error: 'key "k" can no longer be set' },
    ],
    omitted: 0,
  });
});

test('what goes on has no end; whom it waits for is named, the first ten of them, of other tests with their test', () => {
  const log = new WaitLog();
  const missing = Array.from({ length: 30 }, (_, n) => `client.${n + 1}`);
  log.add(wait(3, { missing: ['server.0'], test: 't' }), 5, 'broken');
  expect(log.conclude([wait(1, { on: 'barrier "b"', missing })]).waits).toEqual([
    { member: 'client.0', what: 'barrier "b"', from: 1, missing: missing.slice(0, 10) },
    { member: 'client.0', what: 'key "k"', from: 3, to: 5, error: 'broken', missing: ['t/server.0'] },
  ]);
});

test('of too many those stay that came to nothing and those that took longest, in the order in which they began', () => {
  const log = new WaitLog(5);
  for (let n = 0; n < 40; n += 1) log.add(wait(n), n + 1 + n / 100);
  for (let n = 40; n < 43; n += 1) log.add(wait(n), n + 1, 'broken');
  const { waits, omitted } = log.conclude([wait(50)]);
  expect(waits.map(({ from }) => from)).toEqual([39, 40, 41, 42, 50]);
  expect(omitted).toBe(39);
});

test('even those that came to nothing have a bound', () => {
  const log = new WaitLog(5);
  for (let n = 0; n < 9; n += 1) log.add(wait(n), n + 1, 'broken');
  const { waits, omitted } = log.conclude([]);
  expect(waits).toHaveLength(5);
  expect(omitted).toBe(4);
});
