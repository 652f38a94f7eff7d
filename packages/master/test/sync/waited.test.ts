/** What a space tells of waits that are over, for the report: each once, with who was missing and why it came to nothing. */
import { type SyncArgs, type SyncVerb } from '@tutti/protocol';
import { FakeClock } from '@tutti/testkit';
import { expect, test } from 'vitest';
import { SyncBroker } from '../../src/sync/broker.ts';
import { players } from './players.ts';

const SESSION = { closed: undefined, sendEncoded: () => {} };
const RUN = 'f'.repeat(32);
const [FIRST, SECOND] = ['a'.repeat(32), 'b'.repeat(32)];

function lab() {
  const clock = new FakeClock({ wallMs: 1_000_000 });
  const broker = new SyncBroker(clock);
  broker.openRun(RUN);
  broker.open(FIRST, players({ server: 1, client: 2 }), 60, { inRun: { run: RUN, test: 'one', more: true } });
  broker.open(SECOND, players({ server: 1 }), 60, { inRun: { run: RUN, test: 'two', more: true } });
  let requests = 0;
  const ask = <V extends SyncVerb>(member: string, verb: V, args: SyncArgs<V>, attempt = FIRST) => {
    requests += 1;
    const call = { attempt, member, request: `request-${requests}`, at: clock.monotonicMs(), args };
    // What the callers are told is another story.
    broker.call(verb, call, SESSION, () => new AbortController().signal).catch(() => {});
  };
  const waits = (attempt = FIRST) => broker.waited(attempt)?.waits;
  return { clock, broker, ask, waits };
}

test('keys, messages and locks that were waited for, as they were had', () => {
  const { clock, ask, waits } = lab();
  ask('server.0', 'lock', { name: 'door' });
  ask('client.0', 'get', { key: 'k', wait: true });
  ask('client.1', 'lock', { name: 'door' });
  ask('server.0', 'recv', { topic: 't' });
  clock.advance(1000);
  ask('server.0', 'set', { key: 'k', value: 1 });
  clock.advance(500);
  ask('server.0', 'unlock', { name: 'door' });
  ask('client.0', 'send', { topic: 't', data: 2 });
  ask('client.0', 'get', { key: 'k', wait: true });
  expect(waits()).toEqual([
    { member: 'client.0', what: 'key "k"', from: 1000, to: 1001 },
    { member: 'client.1', what: 'lock "door"', from: 1000, to: 1001.5 },
    { member: 'server.0', what: 'topic "t"', from: 1000, to: 1001.5 },
  ]);
});

test('a barrier that breaks: each of its waiters, who was missing, and what they were told', () => {
  const { clock, broker, ask, waits } = lab();
  ask('server.0', 'barrier', { name: 'ready' });
  ask('client.0', 'barrier', { name: 'ready' });
  clock.advance(2000);
  broker.leave(FIRST, 'client.1', 'exited with status 1');
  const broken = {
    ...{ what: 'barrier "ready"', from: 1000, to: 1002, missing: ['client.1'] },
    error: expect.stringMatching(/^barrier "ready" broken after 2\.0 s: 2 of 3 arrived; missing client\.1/),
  };
  expect(waits()).toEqual([
    { member: 'server.0', ...broken },
    { member: 'client.0', ...broken },
  ]);
});

test('a released barrier is no wait: it has a record', () => {
  const { clock, broker, ask, waits } = lab();
  ask('server.0', 'barrier', { name: 'ready', count: 2 });
  clock.advance(2000);
  ask('client.0', 'barrier', { name: 'ready', count: 2 });
  expect(waits()).toEqual([]);
  expect(broker.records(FIRST)?.all).toMatchObject([
    {
      released: 1002,
      arrivals: [
        { member: 'server.0', at: 1000 },
        { member: 'client.0', at: 1002 },
      ],
    },
  ]);
});

test('timeouts, and who was lost while waiting; once each', () => {
  const { clock, broker, ask, waits } = lab();
  ask('client.0', 'get', { key: 'k', wait: true, timeout: 1 });
  ask('client.1', 'barrier', { name: 'ready' });
  clock.advance(1000);
  broker.leave(FIRST, 'client.1', 'was lost', { lost: true });
  expect(waits()).toEqual([
    { member: 'client.0', what: 'key "k"', from: 1000, to: 1001, error: 'key "k" was not set within 1.0 s' },
    { member: 'client.1', what: 'barrier "ready"', from: 1000, to: 1001, error: 'client.1 was lost' },
  ]);
});

test('what goes on has no end, and what a caller took back is none', () => {
  const { broker, ask, waits } = lab();
  ask('server.0', 'barrier', { name: 'ready' });
  ask('client.0', 'get', { key: 'k', wait: true });
  broker.keepOnly(FIRST, 'client.0', new Set(), { mayComeAgain: false });
  expect(waits()).toEqual([
    { member: 'server.0', what: 'barrier "ready"', from: 1000, missing: ['client.0', 'client.1'] },
  ]);
});

test('what the tests of a run wait for from each other is in the report of who waited', () => {
  const { clock, ask, waits } = lab();
  ask('server.0', 'get', { key: 'k', wait: true, scope: 'run' }, SECOND);
  clock.advance(1000);
  ask('server.0', 'set', { key: 'k', value: 1, scope: 'run' });
  expect(waits(FIRST)).toEqual([]);
  expect(waits(SECOND)).toEqual([{ member: 'server.0', what: 'key "k" of the run', from: 1000, to: 1001 }]);
});
