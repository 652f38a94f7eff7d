import { calls, events } from '@tutti/protocol';
import { describe, expect, test } from 'vitest';
import { eventually } from '../src/eventually.ts';
import { rejection } from '../src/rejection.ts';
import { seededRandom } from '../src/seeded-random.ts';
import { refuseStreams, stubEvents, stubHandlers } from '../src/stub-handlers.ts';

describe('eventually', () => {
  test('returns what the check yields as soon as it neither throws nor is false', async () => {
    let looks = 0;
    const value = await eventually(() => {
      looks += 1;
      if (looks === 1) throw new Error('not yet');
      return looks === 2 ? false : `look ${looks}`;
    });
    expect(value).toBe('look 3');
  });

  test('fails after its time with what was wrong the last time', async () => {
    const error = await rejection(
      eventually(() => Promise.reject(new Error('still closed')), { timeout: 1, every: 1 }),
    );
    expect(error).toMatchObject({ message: 'not within 1 ms: still closed' });
  });

  test('looks once even when there is no time at all', async () => {
    expect(await eventually(() => 7, { timeout: 0 })).toBe(7);
  });
});

test('rejection gives the error, and fails when there is none', async () => {
  const error = new Error('x');
  expect(await rejection(Promise.reject(error))).toBe(error);
  await expect(rejection(Promise.resolve(1))).rejects.toThrow('should have been rejected');
});

test('random numbers of one seed are the same each time, in [0, 1), and others for another seed', () => {
  const take = (seed: number) => {
    const random = seededRandom(seed);
    return Array.from({ length: 1000 }, random);
  };
  expect(take(1)).toEqual(take(1));
  expect(take(1)).not.toEqual(take(2));
  expect(take(3).every((n) => n >= 0 && n < 1)).toBe(true);
  expect(new Set(take(4)).size).toBeGreaterThan(990);
});

describe('stubs', () => {
  test('there is a handler for every call and event of the direction, and for no other', () => {
    const names = (table: Record<string, { directions: readonly string[] }>) =>
      Object.keys(table).filter((name) => table[name]?.directions.includes('agent→master'));
    expect(Object.keys(stubHandlers('agent→master')).toSorted()).toEqual(names(calls).toSorted());
    expect(Object.keys(stubEvents('agent→master')).toSorted()).toEqual(names(events).toSorted());
  });

  test('the rest fails with INTERNAL, named', async () => {
    const handlers = stubHandlers('master→agent', { 'node.probe': () => ({}) });
    const { signal } = new AbortController();
    const context = { signal, withdrawal: signal };
    expect(handlers['node.probe']({}, context)).toEqual({});
    expect(await rejection(Promise.resolve(handlers['blob.missing']({ blobs: [] }, context)))).toMatchObject({
      code: 'INTERNAL',
      message: 'this test expects no call blob.missing',
    });
    expect(() => refuseStreams({ to: 'result', run: 1, path: 'x', size: 0, mode: 0o644 })).toThrow(
      'expects no stream to result',
    );
  });
});
