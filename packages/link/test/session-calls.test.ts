import { LIMITS, TuttiError } from '@tutti/protocol';
import { connectedSessions, rejection, settled } from '@tutti/testkit';
import { describe, expect, test } from 'vitest';
import { countListeners } from './count-listeners.ts';
import { agentWithRawMaster, masterWithRawAgent } from './raw-peer.ts';
import { ID, request, setKey } from './samples.ts';

const IDLE = { pending: 0, serving: 0, outgoing: 0, incoming: 0 };

/** Promises by name that a test settles when it wants. */
function held<T>() {
  const waiting = new Map<number, PromiseWithResolvers<T>>();
  const get = (n: number) => {
    const found = waiting.get(n) ?? Promise.withResolvers<T>();
    waiting.set(n, found);
    return found;
  };
  return get;
}

const numberOf = (name: string) => Number(/\d+$/.exec(name)?.[0]);

describe('answers', () => {
  test('find their call by id, in whatever order they come', async () => {
    const values = held<{ value: number }>();
    const { dialled, master } = connectedSessions('agent', {
      master: { handlers: { 'sync.incr': ({ args }) => values(numberOf(args.key)).promise } },
    });
    const ask = (n: number) =>
      dialled.call('sync.incr', { member: ID, request: request(n), at: 0, args: { key: `k${n}` } });
    const calls = [1, 2, 3].map(ask);
    await settled();
    expect(master.debugState().serving).toBe(3);
    for (const n of [2, 3, 1]) {
      values(n).resolve({ value: n * 10 });
      await settled();
    }
    expect(await Promise.all(calls)).toEqual([{ value: 10 }, { value: 20 }, { value: 30 }]);
    expect([dialled.debugState(), master.debugState()]).toEqual([IDLE, IDLE]);
  });

  test('go both ways at the same time under the same ids', async () => {
    const { dialled, master } = connectedSessions('agent', {
      master: { handlers: { 'sync.incr': () => ({ value: 7 }) } },
      dialled: { handlers: { 'blob.missing': () => ({ missing: [1] }) } },
    });
    const [up, down] = await Promise.all([
      dialled.call('sync.incr', { member: ID, request: request(1), at: 0, args: { key: 'k' } }),
      master.call('blob.missing', { blobs: [] }),
    ]);
    expect(up).toEqual({ value: 7 });
    expect(down).toEqual({ missing: [1] });
  });

  test('that nobody waits for are ignored', async () => {
    const { session, peer } = agentWithRawMaster();
    await peer.say(
      { kind: 'result', id: 99, result: {} },
      { kind: 'failure', id: 98, failure: { code: 'INTERNAL', message: 'what?' } },
    );
    expect(session.closed).toBeUndefined();
    const calling = session.call('sync.set', setKey(1));
    await settled();
    const { id } = peer.only('call');
    await peer.say({ kind: 'result', id, result: {} }, { kind: 'result', id, result: {} });
    expect(await calling).toEqual({});
    expect(session.closed).toBeUndefined();
  });

  test('of the wrong shape are BAD_RESULT and name the field', async () => {
    const { session, peer } = agentWithRawMaster();
    const calling = rejection(
      session.call('sync.incr', {
        member: ID,
        request: request(1),
        at: 0,
        args: { key: 'k' },
      }),
    );
    await settled();
    const { id } = peer.only('call');
    await peer.say({ kind: 'result', id, result: { value: 'seven' } });
    expect(await calling).toMatchObject({ code: 'BAD_RESULT', details: { path: 'value' } });
    expect(session.closed).toBeUndefined();
    expect(session.debugState()).toEqual(IDLE);
  });

  test('too large for a frame become FRAME_TOO_LARGE at the caller', async () => {
    const { dialled } = connectedSessions('agent', {
      master: {
        handlers: { 'sync.get': () => ({ found: true, value: 'x'.repeat(LIMITS.frame.value) }) },
      },
    });
    const calling = dialled.call('sync.get', { member: ID, request: request(1), at: 0, args: { key: 'k' } });
    await expect(calling).rejects.toMatchObject({ code: 'FRAME_TOO_LARGE' });
    expect(dialled.closed).toBeUndefined();
  });
});

describe('parameters', () => {
  test('that are undefined are not sent', async () => {
    let got: unknown;
    const { dialled } = connectedSessions('agent', {
      master: {
        handlers: {
          'sync.get': ({ args }) => {
            got = args;
            return { found: false, value: null };
          },
        },
      },
    });
    const args = { key: 'k', wait: undefined, timeout: undefined };
    await dialled.call('sync.get', { member: ID, request: request(1), at: 0, args });
    expect(got).toStrictEqual({ key: 'k' });
  });

  test('that nobody knows are ignored', async () => {
    let got: unknown;
    const { peer } = masterWithRawAgent({
      handlers: {
        'sync.set': (params) => {
          got = params;
          return {};
        },
      },
    });
    const params = { ...setKey(1), mood: 'good', args: { ...setKey(1).args, mood: 'better' } };
    await peer.say({ kind: 'call', id: 1, name: 'sync.set', params });
    expect(peer.only('result')).toEqual({ kind: 'result', id: 1, result: {} });
    expect(got).toStrictEqual(setKey(1));
  });

  test('that are wrong are refused with the path of the field, and the handler never sees them', async () => {
    const { session, peer, defects } = masterWithRawAgent({
      handlers: { 'sync.set': () => Promise.reject(new Error('called')) },
    });
    const params = { ...setKey(1), args: { key: 'a\nb', value: 1 } };
    await peer.say({ kind: 'call', id: 4, name: 'sync.set', params });
    const { id, failure } = peer.only('failure');
    expect(id).toBe(4);
    expect(failure).toMatchObject({ code: 'BAD_PARAMS', details: { path: 'args.key' } });
    expect(failure.message).toMatch(/^sync\.set: args\.key: /);
    expect(defects).toEqual([]);
    expect(session.closed).toBeUndefined();
  });

  test('too large for a frame reject the call, and nothing is sent', async () => {
    const { session, peer } = agentWithRawMaster();
    const huge = setKey(1, 'x'.repeat(LIMITS.frame.value));
    await expect(session.call('sync.set', huge)).rejects.toMatchObject({ code: 'FRAME_TOO_LARGE' });
    expect(peer.heard).toEqual([]);
    expect(session.debugState()).toEqual(IDLE);
  });
});

describe('a failing handler', () => {
  const failWith = (error: unknown) =>
    connectedSessions('agent', {
      master: { handlers: { 'sync.set': () => Promise.reject(error as Error) } },
    });

  test('with a TuttiError passes its code, message and details to the caller', async () => {
    const { dialled, defects } = failWith(
      new TuttiError('VALUE_TOO_LARGE', 'key 1 is too large', { details: { limit: 5, more: undefined } }),
    );
    await expect(dialled.call('sync.set', setKey(1))).rejects.toMatchObject({
      code: 'VALUE_TOO_LARGE',
      message: 'key 1 is too large',
      details: { limit: 5 },
    });
    expect(defects).toEqual([]);
  });

  test('with anything else is INTERNAL to the caller and a defect to its owner', async () => {
    const bug = new TypeError('x is not a function');
    const { dialled, master, defects } = failWith(bug);
    await expect(dialled.call('sync.set', setKey(1))).rejects.toMatchObject({
      code: 'INTERNAL',
      message: 'x is not a function',
    });
    expect(defects).toEqual([{ error: bug, where: 'sync.set' }]);
    expect(master.closed).toBeUndefined();
    expect(master.debugState()).toEqual(IDLE);
  });

  test('that throws instead of rejecting is answered all the same', async () => {
    const { dialled } = connectedSessions('agent', {
      master: {
        handlers: {
          'sync.set': () => {
            throw new TuttiError('SPACE_CLOSED', 'the attempt is over');
          },
        },
      },
    });
    await expect(dialled.call('sync.set', setKey(1))).rejects.toMatchObject({ code: 'SPACE_CLOSED' });
  });

  test('that returns nothing is a defect, not a frame that costs the connection', async () => {
    const { dialled, defects } = connectedSessions('agent', {
      master: { handlers: { 'sync.set': () => undefined as unknown as Record<string, never> } },
    });
    await expect(dialled.call('sync.set', setKey(1))).rejects.toMatchObject({ code: 'INTERNAL' });
    expect(defects).toHaveLength(1);
    expect(dialled.closed).toBeUndefined();
  });

  const circle: Record<string, unknown> = {};
  circle['self'] = circle;
  const awkward: [string, Record<string, unknown>, unknown][] = [
    ['too large for a frame', { text: 'x'.repeat(LIMITS.frame.value) }, undefined],
    ['that are circular', circle, undefined],
    [
      'that MessagePack has no plain type for',
      { at: new Date(0), list: [undefined] },
      { at: '1970-01-01T00:00:00.000Z', list: [null] },
    ],
  ];
  for (const [kind, details, received] of awkward) {
    test(`is answered even with details ${kind}`, async () => {
      const { dialled } = failWith(new TuttiError('SPACE_FULL', 'no more room', { details }));
      const error = await dialled.call('sync.set', setKey(1)).catch((caught: unknown) => caught);
      expect(error).toMatchObject({ code: 'SPACE_FULL', message: 'no more room' });
      expect((error as TuttiError).details).toEqual(received);
      expect(dialled.closed).toBeUndefined();
    });
  }

  test('is answered even with a message too large for a frame', async () => {
    const { dialled } = failWith(new TuttiError('SPACE_FULL', '字'.repeat(LIMITS.frame.value)));
    await expect(dialled.call('sync.set', setKey(1))).rejects.toMatchObject({ code: 'SPACE_FULL' });
  });
});

test('a failure code that this version does not know is INTERNAL, with its message', async () => {
  const { session, peer } = agentWithRawMaster();
  const calling = rejection(session.call('sync.set', setKey(1)));
  await settled();
  const { id } = peer.only('call');
  await peer.say({ kind: 'failure', id, failure: { code: 'FROM_THE_FUTURE', message: 'flying car parked' } });
  expect(await calling).toMatchObject({ code: 'INTERNAL', message: 'flying car parked' });
});

test('an unknown call is answered UNKNOWN_CALL and the session goes on', async () => {
  const { session, peer } = masterWithRawAgent();
  await peer.say({ kind: 'call', id: 1, name: 'coffee.make', params: {} });
  // Known, but in the other direction; and what every object has.
  await peer.say({ kind: 'call', id: 2, name: 'member.start', params: { member: ID } });
  await peer.say({ kind: 'call', id: 3, name: 'toString', params: {} });
  expect(peer.of('failure').map(({ id, failure }) => [id, failure.code])).toEqual([
    [1, 'UNKNOWN_CALL'],
    [2, 'UNKNOWN_CALL'],
    [3, 'UNKNOWN_CALL'],
  ]);
  expect(session.closed).toBeUndefined();
});

test('a call id asked again before it is answered is BAD_FRAME, and may be used again after', async () => {
  const waiting = Promise.withResolvers<Record<string, never>>();
  const { session, peer } = masterWithRawAgent({
    handlers: { 'sync.set': ({ args }) => (args.value === 1 ? waiting.promise : {}) },
  });
  await peer.say({ kind: 'call', id: 5, name: 'sync.set', params: setKey(2) });
  await peer.say({ kind: 'call', id: 5, name: 'sync.set', params: setKey(2) });
  expect(peer.of('result')).toHaveLength(2);
  await peer.say(
    { kind: 'call', id: 5, name: 'sync.set', params: setKey(1) },
    { kind: 'call', id: 5, name: 'sync.set', params: setKey(1) },
  );
  expect(session.closed).toMatchObject({ code: 'BAD_FRAME' });
  expect(peer.closed).toMatchObject({ code: 'BAD_FRAME', message: 'call 5 is asked twice' });
});

test('one call more than a session may have open is refused, and those before it are answered', async () => {
  const waiting = Promise.withResolvers<Record<string, never>>();
  const { session, peer } = masterWithRawAgent({ handlers: { 'sync.set': () => waiting.promise } });
  const most = LIMITS.openCalls.value;
  await peer.say(
    ...Array.from({ length: most + 1 }, (_, id) => ({
      kind: 'call' as const,
      id,
      name: 'sync.set',
      params: setKey(id),
    })),
  );
  expect(peer.of('failure').map(({ id, failure }) => [id, failure.code])).toEqual([[most, 'TOO_MANY_CALLS']]);
  expect(session.closed).toBeUndefined();
  waiting.resolve({});
  await settled();
  expect(peer.of('result')).toHaveLength(most);
  expect(session.debugState()).toEqual(IDLE);
});

describe('withdrawing', () => {
  test('a cancelled call rejects at once and leaves no waiter at either end', async () => {
    const stop = new AbortController();
    let reason: unknown;
    const { dialled, master } = connectedSessions('agent', {
      master: {
        handlers: {
          'sync.get': (_params, { signal }) =>
            new Promise((_resolve, reject) => {
              signal.addEventListener('abort', () => {
                reason = signal.reason;
                reject(signal.reason as TuttiError);
              });
            }),
        },
      },
    });
    const params = { member: ID, request: request(1), at: 0, args: { key: 'k', wait: true } };
    const calling = rejection(dialled.call('sync.get', params, { signal: stop.signal }));
    await settled();
    expect([dialled.debugState().pending, master.debugState().serving]).toEqual([1, 1]);
    const cause = new Error('enough');
    stop.abort(cause);
    expect(await calling).toMatchObject({ code: 'CANCELLED', cause });
    await settled();
    expect(reason).toMatchObject({ code: 'CANCELLED' });
    expect([dialled.debugState(), master.debugState()]).toEqual([IDLE, IDLE]);
    expect([dialled.closed, master.closed]).toEqual([undefined, undefined]);
  });

  test('works from the master to an agent as well', async () => {
    const stop = new AbortController();
    const { dialled, master } = connectedSessions('agent', {
      dialled: {
        handlers: {
          'node.probe': (_params, { signal }) =>
            new Promise((_resolve, reject) => {
              signal.addEventListener('abort', () => reject(signal.reason as TuttiError));
            }),
        },
      },
    });
    const calling = rejection(master.call('node.probe', {}, { signal: stop.signal }));
    await settled();
    stop.abort();
    expect(await calling).toMatchObject({ code: 'CANCELLED' });
    await settled();
    expect([dialled.debugState(), master.debugState()]).toEqual([IDLE, IDLE]);
  });

  test('reaches a handler that asks for its signal only after the cancel has come', async () => {
    const stop = new AbortController();
    const later = Promise.withResolvers<void>();
    let aborted: boolean | undefined;
    const { dialled } = connectedSessions('agent', {
      master: {
        handlers: {
          'sync.set': async (_params, context) => {
            await later.promise;
            aborted = context.signal.aborted;
            return {};
          },
        },
      },
    });
    const calling = rejection(dialled.call('sync.set', setKey(1), { signal: stop.signal }));
    await settled();
    stop.abort();
    expect(await calling).toMatchObject({ code: 'CANCELLED' });
    await settled();
    later.resolve();
    await settled();
    expect(aborted).toBe(true);
  });

  test('with a signal that is aborted already sends nothing', async () => {
    const { session, peer } = agentWithRawMaster();
    const calling = session.call('sync.set', setKey(1), { signal: AbortSignal.abort() });
    await expect(calling).rejects.toMatchObject({ code: 'CANCELLED' });
    await settled();
    expect(peer.heard).toEqual([]);
    expect(session.debugState()).toEqual(IDLE);
  });

  test('after the answer does nothing, and the signal is not held on to', async () => {
    const stop = new AbortController();
    const { session, peer } = agentWithRawMaster();
    const listeners = countListeners(stop.signal);
    const calling = session.call('sync.set', setKey(1), { signal: stop.signal });
    await settled();
    expect(listeners()).toBe(1);
    const { id } = peer.only('call');
    await peer.say({ kind: 'result', id, result: {} });
    await calling;
    expect(listeners()).toBe(0);
    stop.abort();
    await settled();
    expect(peer.of('cancel')).toEqual([]);
  });

  test('of a call that nobody serves is ignored', async () => {
    const { session, peer } = masterWithRawAgent();
    await peer.say({ kind: 'cancel', id: 77 });
    expect(session.closed).toBeUndefined();
  });

  test('an answer that crosses the cancel is ignored', async () => {
    const stop = new AbortController();
    const { session, peer } = agentWithRawMaster();
    const calling = rejection(session.call('sync.set', setKey(1), { signal: stop.signal }));
    await settled();
    stop.abort();
    expect(await calling).toMatchObject({ code: 'CANCELLED' });
    expect(session.debugState()).toEqual(IDLE);
    const { id } = peer.only('call');
    await peer.say({ kind: 'result', id, result: {} });
    expect(peer.of('cancel')).toEqual([{ kind: 'cancel', id }]);
    expect(session.closed).toBeUndefined();
  });
});
