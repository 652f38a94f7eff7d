import { FakeClock, rejection } from '@tutti/testkit';
import { expect, test } from 'vitest';
import { ChangesLog } from '../../src/clients/changes-log.ts';
import { Watch } from '../../src/clients/watch.ts';

function watch() {
  const clock = new FakeClock();
  const log = new ChangesLog<string>(10);
  const versions = new Map<string, number>();
  const watched = new Watch<string, string>({
    ...{ clock, log, page: 2 },
    view: (key) => (versions.has(key) ? `${key}${versions.get(key)}` : undefined),
  });
  const set = (key: string) => {
    versions.set(key, (versions.get(key) ?? 0) + 1);
    log.touch(key);
    watched.changed();
  };
  return { clock, watched, set };
}

const here = new AbortController().signal;

test('the first answer comes at once, also where there is nothing', async () => {
  const { watched } = watch();
  const answer = await watched.ask({}, here);
  expect(answer).toMatchObject({ fresh: true, changed: [], gone: [], more: false });
});

test('who waits is answered when something changes; what changes together is one answer, as it is then', async () => {
  const { watched, set, clock } = watch();
  const { seen } = await watched.ask({}, here);
  const first = watched.ask({ since: seen }, here);
  set('a');
  const { seen: next, ...answer } = await first;
  expect(answer).toEqual({ fresh: false, changed: ['a1'], gone: [], more: false });
  const second = watched.ask({ since: next }, here);
  set('a');
  set('b');
  set('a');
  expect(watched.waiting).toBe(1);
  clock.advance(50);
  expect(await second).toMatchObject({ changed: ['b1', 'a3'], more: false });
  expect(watched.waiting).toBe(0);
});

test('who asks from another master is told everything, a page at a time', async () => {
  const { watched, set } = watch();
  for (const key of ['a', 'b', 'c']) set(key);
  const since = { epoch: 'f'.repeat(32), begun: 3, revision: 3 };
  const first = await watched.ask({ since }, here);
  expect(first).toMatchObject({ fresh: true, changed: ['a1', 'b1'], more: true });
  expect(await watched.ask({ since: first.seen }, here)).toMatchObject({
    ...{ fresh: false, changed: ['c1'], more: false },
  });
});

test('a time limit answers with nothing, and the next question goes on from there', async () => {
  const { watched, set, clock } = watch();
  const { seen } = await watched.ask({}, here);
  const waiting = watched.ask({ since: seen, timeout: 30 }, here);
  clock.advance(30_000);
  const answer = await waiting;
  expect(answer).toEqual({ seen, fresh: false, changed: [], gone: [], more: false });
  set('a');
  expect(await watched.ask({ since: answer.seen }, here)).toMatchObject({ changed: ['a1'] });
  expect(clock.timers).toBe(0);
});

test('who goes away leaves nothing behind', async () => {
  const { watched, clock } = watch();
  const { seen } = await watched.ask({}, here);
  const gone = new AbortController();
  const failure = rejection(Promise.resolve(watched.ask({ since: seen, timeout: 5 }, gone.signal)));
  expect(watched.waiting).toBe(1);
  gone.abort(new Error('gone'));
  expect(await failure).toMatchObject({ message: 'gone' });
  expect(watched.waiting).toBe(0);
  expect(clock.timers).toBe(0);
});
