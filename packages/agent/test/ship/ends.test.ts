import { getEventListeners } from 'node:events';
import type { MemberEnd } from '@tutti/protocol';
import { TuttiError } from '@tutti/protocol';
import { rejection } from '@tutti/testkit';
import { expect, test } from 'vitest';
import { Ends } from '../../src/ship/ends.ts';

const END: MemberEnd = { exit: { how: 'killed' }, duration: 1, logs: [], lastLine: '', survivors: 0 };
const never = new AbortController().signal;

test('the end of a member that has ended is there at once', async () => {
  expect(await new Ends(() => END).of('a', never)).toBe(END);
});

test('everybody who waits is told, and only of the member waited for', async () => {
  const ends = new Ends(() => undefined);
  const waiting = [ends.of('a', never), ends.of('a', never)];
  const other = new AbortController();
  const elsewhere = rejection(ends.of('b', other.signal));
  expect(ends.size).toBe(2);
  ends.tell('a', END);
  expect(await Promise.all(waiting)).toEqual([END, END]);
  expect(ends.size).toBe(1);
  other.abort(new TuttiError('NOT_CONNECTED', 'gone'));
  expect(await elsewhere).toMatchObject({ code: 'NOT_CONNECTED' });
  expect(ends.size).toBe(0);
});

test('a wait that is aborted leaves nothing behind, and the others go on', async () => {
  const ends = new Ends(() => undefined);
  const stop = new AbortController();
  const aborted = rejection(ends.of('a', stop.signal));
  const staying = ends.of('a', never);
  stop.abort(new TuttiError('NOT_CONNECTED', 'gone'));
  expect(await aborted).toMatchObject({ message: 'gone' });
  ends.tell('a', END);
  expect(await staying).toBe(END);
  expect(ends.size).toBe(0);
});

test('what is aborted already does not wait; an end that is known is told all the same', async () => {
  const reason = new TuttiError('NOT_CONNECTED', 'gone');
  await expect(new Ends(() => undefined).of('a', AbortSignal.abort(reason))).rejects.toBe(reason);
  expect(await new Ends(() => END).of('a', AbortSignal.abort(reason))).toBe(END);
});

test('whoever waits for a member that is forgotten is told that', async () => {
  const ends = new Ends(() => undefined);
  const waiting = rejection(ends.of('a', never));
  ends.drop('b');
  ends.drop('a');
  expect(await waiting).toMatchObject({ code: 'CANCELLED' });
  expect(ends.size).toBe(0);
});

test('a signal that outlives many waits keeps no listener of theirs', async () => {
  const ends = new Ends(() => undefined);
  const { signal } = new AbortController();
  const waiting = [ends.of('a', signal), ends.of('b', signal)];
  expect(getEventListeners(signal, 'abort')).toHaveLength(2);
  ends.tell('a', END);
  ends.drop('b');
  await Promise.allSettled(waiting);
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
});
