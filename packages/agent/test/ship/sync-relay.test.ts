import type { CallParams, EventParams } from '@tutti/protocol';
import { TuttiError } from '@tutti/protocol';
import { type ConnectedSessions, connectedSessions, rejection, settled } from '@tutti/testkit';
import { describe, expect, test } from 'vitest';
import { SessionGate } from '../../src/ship/session-gate.ts';
import { SyncRelay } from '../../src/ship/sync-relay.ts';
import { MEMBER } from './member-on-disk.ts';

const never = new AbortController().signal;
const ATTEMPT = 'fedcba9876543210fedcba9876543210';
const gone = new TuttiError('NOT_CONNECTED', 'gone');

const arrive = (name = 'ready') => ({ member: MEMBER, request: 'request-1', at: 42, args: { name } });
const set = { member: MEMBER, request: 'request-1', at: 42, args: { key: 'k', value: 1 } };
const released = (hasData: boolean, generation = 0) => ({ generation, rank: 1, size: 2, hasData });
const bulk = (name: string, data: object, generation = 0): EventParams<'barrier.data'> => ({
  attempt: ATTEMPT,
  name,
  generation,
  json: JSON.stringify(data),
});

/** A relay with sessions to a master that answers barriers as the test says. */
function relaying() {
  const gate = new SessionGate();
  const relay = new SyncRelay(gate);
  const asked: CallParams<'sync.barrier'>[] = [];
  const open: {
    params: CallParams<'sync.barrier'>;
    signal: AbortSignal;
    answer: (result: ReturnType<typeof released>) => void;
    fail: (error: TuttiError) => void;
  }[] = [];
  const connect = (): ConnectedSessions<'agent'> => {
    const sessions = connectedSessions('agent', {
      dialled: { events: { 'barrier.data': (data) => relay.receive(data) } },
      master: {
        handlers: {
          'sync.barrier': (params, { signal }) => {
            asked.push(params);
            return new Promise((answer, fail) => open.push({ params, signal, answer, fail }));
          },
          'sync.set': () => ({}),
          'sync.get': () => {
            throw new TuttiError('WAIT_BROKEN', 'nobody is left');
          },
        },
      },
    });
    gate.open(sessions.dialled);
    return sessions;
  };
  return { gate, relay, asked, open, connect };
}

describe('a request', () => {
  test('is passed on as it is, and so is the answer', async () => {
    const { relay, connect } = relaying();
    connect();
    expect(await relay.ask('set', ATTEMPT, set, never)).toEqual({});
  });

  test('that the master refuses is not repeated', async () => {
    const { relay, connect } = relaying();
    connect();
    const failure = relay.ask('get', ATTEMPT, { ...set, args: { key: 'k', wait: true } }, never);
    await expect(failure).rejects.toMatchObject({ code: 'WAIT_BROKEN' });
  });

  test('waits for a session', async () => {
    const { relay, connect } = relaying();
    const answer = relay.ask('set', ATTEMPT, set, never);
    connect();
    expect(await answer).toEqual({});
  });

  test('is repeated on every new session with its own id and its original time, until it is answered', async () => {
    const { relay, asked, open, connect } = relaying();
    const answer = relay.ask('barrier', ATTEMPT, arrive(), never);
    for (let n = 1; n <= 3; n += 1) {
      const { pair } = connect();
      await settled();
      expect(asked).toHaveLength(n);
      if (n < 3) pair.cut();
      await settled();
    }
    open[2]!.answer(released(false));
    expect(await answer).toEqual({ generation: 0, rank: 1, size: 2, data: {} });
    expect(asked).toEqual([arrive(), arrive(), arrive()]);
  });

  test('whose caller goes is withdrawn at the master, and not repeated', async () => {
    const { gate, relay, asked, open, connect } = relaying();
    const { pair } = connect();
    const stop = new AbortController();
    const failure = rejection(relay.ask('barrier', ATTEMPT, arrive(), stop.signal));
    await settled();
    stop.abort(gone);
    expect(await failure).toMatchObject({ message: 'gone' });
    await settled();
    expect(open[0]!.signal.aborted).toBe(true);
    pair.cut();
    connect();
    await settled();
    expect(asked).toHaveLength(1);
    expect(gate.waiting).toBe(0);
  });

  test('whose caller goes while there is no session is asked no more', async () => {
    const { gate, relay, asked, connect } = relaying();
    const stop = new AbortController();
    const failure = rejection(relay.ask('barrier', ATTEMPT, arrive(), stop.signal));
    stop.abort(gone);
    expect(await failure).toMatchObject({ code: 'CANCELLED' });
    connect();
    await settled();
    expect(asked).toEqual([]);
    expect(gate.waiting).toBe(0);
  });

  test('ends when no session will come any more', async () => {
    const { gate, relay, connect } = relaying();
    const { pair } = connect();
    const failure = rejection(relay.ask('barrier', ATTEMPT, arrive(), never));
    await settled();
    pair.cut();
    await settled();
    gate.close(new TuttiError('SUPERSEDED', 'another came'));
    expect(await failure).toMatchObject({ code: 'SUPERSEDED' });
  });
});

describe("a barrier's data", () => {
  test('comes ahead of the answers and is joined to each of them, in order of arrival', async () => {
    const { relay, open, connect } = relaying();
    const { master } = connect();
    const answers = [
      relay.ask('barrier', ATTEMPT, arrive(), never),
      relay.ask('barrier', ATTEMPT, { ...arrive(), request: 'request-2' }, never),
    ];
    await settled();
    master.emit('barrier.data', bulk('ready', { 'b.0': 1, 'a.0': null }));
    for (const { answer } of open) answer(released(true));
    for (const { data } of (await Promise.all(answers)) as { data: object }[])
      expect(Object.entries(data)).toEqual([
        ['b.0', 1],
        ['a.0', null],
      ]);
  });

  test('that came on a session which broke before the answer is still there on the next', async () => {
    const { relay, open, connect } = relaying();
    const { master, pair } = connect();
    const answer = relay.ask('barrier', ATTEMPT, arrive(), never);
    await settled();
    master.emit('barrier.data', bulk('ready', { 'a.0': 1 }));
    await settled();
    pair.cut();
    connect();
    await settled();
    open[1]!.answer(released(true));
    expect(await answer).toMatchObject({ data: { 'a.0': 1 } });
  });

  test('of another barrier, attempt or generation is not mixed up with it', async () => {
    const { relay, open, connect } = relaying();
    const { master } = connect();
    const answer = relay.ask('barrier', ATTEMPT, arrive(), never);
    await settled();
    master.emit('barrier.data', bulk('ready', { right: 1 }, 1));
    master.emit('barrier.data', bulk('ready', { wrong: 'generation' }, 0));
    master.emit('barrier.data', bulk('steady', { wrong: 'name' }, 1));
    master.emit('barrier.data', { ...bulk('ready', { wrong: 'attempt' }, 1), attempt: MEMBER });
    open[0]!.answer(released(true, 1));
    expect(await answer).toMatchObject({ data: { right: 1 } });
  });

  test('is kept for the last 64 releases only; a request whose data is gone is asked again', async () => {
    const { relay, asked, open, connect } = relaying();
    const { master } = connect();
    const answer = relay.ask('barrier', ATTEMPT, arrive(), never);
    await settled();
    master.emit('barrier.data', bulk('ready', { 'a.0': 'first' }));
    for (let n = 0; n < 64; n += 1) master.emit('barrier.data', bulk(`other ${n}`, {}));
    open[0]!.answer(released(true));
    await settled();
    expect(asked).toEqual([arrive(), arrive()]);
    master.emit('barrier.data', bulk('ready', { 'a.0': 'again' }));
    open[1]!.answer(released(true));
    expect(await answer).toMatchObject({ data: { 'a.0': 'again' } });
  });

  test('that never comes is a failure, not an empty exchange', async () => {
    const { relay, open, connect } = relaying();
    connect();
    const failure = rejection(relay.ask('barrier', ATTEMPT, arrive(), never));
    await settled();
    open[0]!.answer(released(true));
    await settled();
    open[1]!.answer(released(true));
    expect(await failure).toMatchObject({ code: 'INTERNAL' });
  });

  test('that is not JSON harms nobody', async () => {
    const { relay, connect } = relaying();
    const { master, dialled, defects } = connect();
    master.emit('barrier.data', { ...bulk('ready', {}), json: '{' });
    await settled();
    expect(dialled.closed).toBeUndefined();
    expect(defects).toHaveLength(1);
    expect(await relay.ask('set', ATTEMPT, set, never)).toEqual({});
  });
});
