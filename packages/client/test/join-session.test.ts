/** A place in a session, asked for and waited for across connections. */
import type { CallParams } from '@tutti/protocol';
import { eventually, rejection } from '@tutti/testkit';
import { expect, test } from 'vitest';
import { joinSession } from '../src/join-session.ts';
import { connect, FakeMaster, ID } from './fake-master.ts';

const WISH = { session: 'nightly', role: 'client', agents: [ID], terms: {}, patience: 60 };
const JOINED = { run: 7, members: ['client.0'] };

/** Notes who asks, and lets them wait until they withdraw. */
function waitingRoom(master: FakeMaster): { asked: CallParams<'session.join'>[]; left: number } {
  const room = { asked: [] as CallParams<'session.join'>[], left: 0 };
  master.handlers['session.join'] = (params, { signal }) => {
    room.asked.push(params);
    return new Promise((_, reject) => {
      signal.addEventListener('abort', () => {
        room.left += 1;
        reject(signal.reason as Error);
      });
    });
  };
  return room;
}

test('asked again after a lost connection it is the same joiner, who waits only what is left', async () => {
  const master = await FakeMaster.open();
  const { client, sessions } = await connect(master);
  const room = waitingRoom(master);
  const joined = joinSession(client, WISH);
  await eventually(() => room.asked.length === 1);
  master.cut();
  master.handlers['session.join'] = (params) => {
    room.asked.push(params);
    return JOINED;
  };
  await sessions(2);
  await expect(joined).resolves.toEqual(JOINED);
  const [first, second] = room.asked;
  expect(second?.joiner).toBe(first?.joiner);
  expect(first?.patience).toBeLessThanOrEqual(60);
  expect(second?.patience).toBeLessThan(first?.patience ?? 0);
});

test('hears whom the session waits for, of this session alone, and each once', async () => {
  const master = await FakeMaster.open();
  const { client } = await connect(master);
  const told: string[] = [];
  master.handlers['session.join'] = () => {
    for (const [session, waitsFor] of [
      ['nightly', 'server'],
      ['other', 'nobody'],
      ['nightly', 'server'],
      ['nightly', 'judge'],
    ] as const)
      master.session.emit('session.changed', { session, waitsFor });
    return JOINED;
  };
  await joinSession(client, { ...WISH, onWaiting: (whom) => told.push(whom) });
  expect(told).toEqual(['server', 'judge']);
  expect(client.debugState().listeners).toBe(0);
});

test('who is cancelled withdraws, and leaves nothing behind', async () => {
  const master = await FakeMaster.open();
  const { client } = await connect(master);
  const room = waitingRoom(master);
  const stop = new AbortController();
  const joined = joinSession(client, { ...WISH, signal: stop.signal });
  await eventually(() => room.asked.length === 1);
  stop.abort(new Error('Ctrl-C'));
  expect(await rejection(joined)).toMatchObject({ message: 'Ctrl-C' });
  await eventually(() => room.left === 1);
  expect(client.debugState()).toMatchObject({ listeners: 0, waiting: 0 });
});

test('the wait ends also where the master does not say so', async () => {
  const master = await FakeMaster.open();
  const { client } = await connect(master);
  const room = waitingRoom(master);
  const joined = joinSession(client, { ...WISH, patience: 0.01, marginMs: 10 });
  expect(await rejection(joined)).toMatchObject({
    code: 'TIMED_OUT',
    message: 'session "nightly" was not complete after 0.01 s, and the master does not answer',
  });
  await eventually(() => room.left === 1);
});

test('a refusal is final', async () => {
  const master = await FakeMaster.open();
  const { client } = await connect(master);
  master.handlers['session.join'] = () => Promise.reject(new Error('no'));
  expect(await rejection(joinSession(client, WISH))).toMatchObject({ code: 'INTERNAL' });
  expect(master.count('session.join')).toBe(1);
});
