import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { ReadTurns } from '../src/read-turns.ts';

const LARGE = 65_536;

function sockets(count: number) {
  const log: number[] = [];
  const all = Array.from({ length: count }, (_, at) => {
    const socket = {
      paused: false,
      pause: () => {
        socket.paused = true;
      },
      resume: () => {
        socket.paused = false;
        log.push(at);
      },
    };
    return socket;
  });
  return { all, log };
}

test('who brings a short message is not kept waiting', () => {
  const { all } = sockets(1);
  new ReadTurns().brought(200, all[0]!);
  expect(all[0]!.paused).toBe(false);
});

test('who is alone is read on, until it has brought as much as a turn has room for', async () => {
  const { all } = sockets(1);
  const turns = new ReadTurns();
  for (let n = 0; n < 7; n += 1) turns.brought(LARGE, all[0]!);
  expect(all[0]!.paused).toBe(false);
  turns.brought(LARGE, all[0]!);
  expect(all[0]!.paused).toBe(true);
  await nextTurn();
  expect(all[0]!.paused).toBe(false);
});

test('of many a few are read in each turn of the event loop, each once, in the order in which they came', async () => {
  const { all, log } = sockets(100);
  const turns = new ReadTurns();
  for (const socket of all) turns.brought(LARGE, socket);
  // Twice in one turn is one turn to wait for.
  turns.brought(LARGE, all[99]!);
  // The first ones were not kept waiting.
  const waiting = all.flatMap(({ paused }, at) => (paused ? [at] : []));
  expect(waiting).toEqual(all.map((_, at) => at).slice(7));
  const sizes: number[] = [];
  while (log.length < waiting.length) {
    const before = log.length;
    await nextTurn();
    sizes.push(log.length - before);
  }
  expect(Math.max(...sizes)).toBeLessThanOrEqual(8);
  expect(log).toEqual(waiting);
  await nextTurn();
  expect(log).toHaveLength(waiting.length);
});

test('who brings more waits behind those that wait already', async () => {
  const { all, log } = sockets(20);
  const turns = new ReadTurns();
  for (const socket of all) turns.brought(LARGE, socket);
  await nextTurn();
  turns.brought(LARGE, all[0]!);
  await nextTurn();
  await nextTurn();
  expect(log).toEqual([...all.keys()].slice(7).concat(0));
});
