import { FakeClock, settled } from '@tutti/testkit';
import { beforeEach, describe, expect, test } from 'vitest';
import { Ownership } from '../../src/runs/ownership.ts';
import type { RunUnderWay } from '../../src/runs/run-under-way.ts';

function aRun() {
  const finished = Promise.withResolvers<void>();
  const model = { phase: 'running' };
  const run = { model, finished: finished.promise } as unknown as RunUnderWay;
  const finish = async () => {
    model.phase = 'finished';
    finished.resolve();
    await settled();
  };
  return { run, finish };
}

let clock: FakeClock;
let abandoned: RunUnderWay[];
let ownership: Ownership;

beforeEach(() => {
  clock = new FakeClock();
  abandoned = [];
  ownership = new Ownership(clock, (run) => abandoned.push(run));
});

describe('a run whose owner goes', () => {
  test('is given up when the owner has not come back within 30 s', () => {
    const { run } = aRun();
    ownership.own(run)();
    clock.advance(29_999);
    expect(abandoned).toEqual([]);
    clock.advance(1);
    expect(abandoned).toEqual([run]);
    expect(ownership.debugState()).toEqual({ owned: 0, abandoned: 0 });
  });

  test('goes on when the owner comes back', () => {
    const { run } = aRun();
    ownership.own(run)();
    clock.advance(20_000);
    const leave = ownership.own(run);
    clock.advance(100_000);
    expect(abandoned).toEqual([]);
    leave();
    clock.advance(30_000);
    expect(abandoned).toEqual([run]);
  });

  test('goes on while it has another owner', () => {
    const { run } = aRun();
    const [first, second] = [ownership.own(run), ownership.own(run)];
    first();
    clock.advance(100_000);
    expect(abandoned).toEqual([]);
    second();
    clock.advance(30_000);
    expect(abandoned).toEqual([run]);
  });

  test('and that finishes meanwhile is left alone', async () => {
    const { run, finish } = aRun();
    ownership.own(run)();
    await finish();
    expect(clock.timers).toBe(0);
    clock.advance(100_000);
    expect(abandoned).toEqual([]);
  });

  test('after it was finished leaves nothing behind', async () => {
    const { run, finish } = aRun();
    const leave = ownership.own(run);
    await finish();
    leave();
    expect(ownership.debugState()).toEqual({ owned: 0, abandoned: 0 });
    expect(clock.timers).toBe(0);
  });
});
