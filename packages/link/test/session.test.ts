import { encode, LIMITS, TuttiError } from '@tutti/protocol';
import {
  connectedSessions,
  FakeClock,
  MemorySource,
  memoryTransports,
  refuseStreams,
  rejection,
  settled,
  stubEvents,
  stubHandlers,
} from '@tutti/testkit';
import { describe, expect, test } from 'vitest';
import { encodeEvent, Session } from '../src/session.ts';
import { countListeners } from './count-listeners.ts';
import { agentWithRawMaster, masterWithRawAgent, RawPeer } from './raw-peer.ts';
import { bulky, HELLO, ID, RELEASE, setKey, WELCOME } from './samples.ts';

const IDLE = { pending: 0, serving: 0, outgoing: 0, incoming: 0 };

describe('events', () => {
  test('reach their handler with known fields only', async () => {
    const got: unknown[] = [];
    const { peer } = agentWithRawMaster({ events: { 'barrier.data': (params) => got.push(params) } });
    await peer.say({ kind: 'event', name: 'barrier.data', params: { ...RELEASE, mood: 'good' } });
    expect(got).toStrictEqual([RELEASE]);
  });

  test('that this version does not know are ignored', async () => {
    const { session, peer } = agentWithRawMaster();
    await peer.say({ kind: 'event', name: 'barrier.confetti', params: 1 });
    await peer.say({ kind: 'event', name: 'run.changed', params: {} });
    expect(session.closed).toBeUndefined();
  });

  test('of the wrong shape cut the peer off, which is told the field', async () => {
    const { session, peer } = agentWithRawMaster();
    await peer.say({ kind: 'event', name: 'barrier.data', params: { ...RELEASE, generation: -1 } });
    expect(session.closed).toMatchObject({ code: 'BAD_PARAMS' });
    expect(peer.closed?.message).toMatch(/^event barrier\.data: generation: /);
  });

  test('whose handler fails are a defect, and the session goes on', async () => {
    const bug = new Error('bug');
    const { session, peer, defects } = agentWithRawMaster({
      events: {
        'barrier.data': () => {
          throw bug;
        },
      },
    });
    await peer.say({ kind: 'event', name: 'barrier.data', params: RELEASE });
    expect(defects).toEqual([{ error: bug, where: 'event barrier.data' }]);
    expect(session.closed).toBeUndefined();
  });

  test('encoded once reach any number of sessions', async () => {
    const got: unknown[] = [];
    const all = Array.from({ length: 5 }, (_, n) =>
      connectedSessions('agent', {
        dialled: { events: { 'barrier.data': ({ name }) => got.push([n, name]) } },
      }),
    );
    const frame = encodeEvent('barrier.data', RELEASE);
    const before = Buffer.from(frame).toString('hex');
    for (const { master } of all) master.sendEncoded(frame);
    await settled();
    expect(got).toEqual([0, 1, 2, 3, 4].map((n) => [n, 'ready']));
    expect(Buffer.from(frame).toString('hex')).toBe(before);
  });

  test('and answers arrive in the order in which they were sent', async () => {
    const order: string[] = [];
    const { dialled, master } = connectedSessions('agent', {
      dialled: { events: { 'barrier.data': () => order.push('event') } },
      master: {
        handlers: {
          'sync.set': () => {
            master.emit('barrier.data', RELEASE);
            return {};
          },
        },
      },
    });
    await dialled.call('sync.set', setKey(1)).then(() => order.push('answer'));
    expect(order).toEqual(['event', 'answer']);
  });
});

describe('before hello has succeeded', () => {
  const withOpening = (hello: () => Promise<typeof WELCOME> = () => Promise.resolve(WELCOME)) =>
    masterWithRawAgent({
      opening: 'hello',
      handlers: { hello, 'sync.set': () => ({}) },
      accept: () => Promise.reject(new Error('accepted')),
    });
  const early = {
    call: { kind: 'call', id: 1, name: 'sync.set', params: setKey(1) },
    'unknown call': { kind: 'call', id: 1, name: 'coffee.make', params: {} },
    'opening of a stream': {
      kind: 'call',
      id: 1,
      name: 'stream.open',
      params: { stream: 1, target: { to: 'log', member: ID, source: 'stdout', incarnation: 0 } },
    },
    acknowledgement: { kind: 'event', name: 'stream.ack', params: { stream: 1, length: 5 } },
    'refusal of a stream': {
      kind: 'event',
      name: 'stream.refused',
      params: { stream: 1, code: 'DISK_FULL', message: '' },
    },
    'chunk of a stream': { kind: 'data', stream: 1, offset: 0, bytes: new Uint8Array(1) },
  } as const;

  for (const [what, envelope] of Object.entries(early)) {
    test(`a ${what} is HELLO_FIRST and ends the session`, async () => {
      const { session, peer, defects } = withOpening();
      await peer.say(envelope);
      expect(session.closed).toMatchObject({ code: 'HELLO_FIRST' });
      expect(peer.closed).toMatchObject({ code: 'HELLO_FIRST' });
      if (envelope.kind === 'call') {
        expect(peer.of('failure')).toMatchObject([{ id: 1, failure: { code: 'HELLO_FIRST' } }]);
      }
      expect(session.opened).toBe(false);
      expect(defects).toEqual([]);
    });

    test(`a ${what} while hello is being answered is HELLO_FIRST too`, async () => {
      const { session, peer } = withOpening(() => new Promise(() => {}));
      await peer.say({ kind: 'call', id: 0, name: 'hello', params: HELLO });
      expect(session.debugState().serving).toBe(1);
      await peer.say(envelope);
      expect(session.closed).toMatchObject({ code: 'HELLO_FIRST' });
      expect(session.debugState()).toEqual(IDLE);
    });
  }

  test('an event that only a running session sends is HELLO_FIRST', async () => {
    // No event goes from agent to master but the link's own, so the roles are the other way round.
    const { session, peer } = agentWithRawMaster({ opening: 'node.probe' });
    await peer.say({ kind: 'event', name: 'barrier.data', params: RELEASE });
    expect(session.closed).toMatchObject({ code: 'HELLO_FIRST' });
  });

  test('a ping is answered', async () => {
    const { session, peer, clock } = withOpening();
    await peer.say({ kind: 'event', name: 'link.ping', params: { sent: 5 } });
    expect(peer.events('link.pong')).toEqual([{ sent: 5, wall: clock.wallMs() }]);
    expect(session.closed).toBeUndefined();
  });

  test('a call right behind the answer finds the door open', async () => {
    const { session, peer } = withOpening();
    await peer.say({ kind: 'call', id: 0, name: 'hello', params: HELLO });
    expect(session.opened).toBe(true);
    await peer.say(early.call);
    expect(peer.of('result').map(({ id }) => id)).toEqual([0, 1]);
  });

  test('a hello that is refused is answered with the reason, and the session closed with it', async () => {
    const { session, peer, defects } = withOpening(() =>
      Promise.reject(new TuttiError('NAME_IN_USE', 'n1 is taken', { details: { by: 'another' } })),
    );
    await peer.say({ kind: 'call', id: 0, name: 'hello', params: HELLO });
    expect(peer.of('failure')).toMatchObject([
      { id: 0, failure: { code: 'NAME_IN_USE', message: 'n1 is taken', details: { by: 'another' } } },
    ]);
    expect(peer.closed).toMatchObject({ code: 'NAME_IN_USE', message: 'n1 is taken' });
    expect(session.closed).toMatchObject({ code: 'NAME_IN_USE' });
    expect(session.opened).toBe(false);
    expect(defects).toEqual([]);
  });

  test('a hello of the wrong shape is refused likewise', async () => {
    const { peer } = withOpening();
    await peer.say({ kind: 'call', id: 0, name: 'hello', params: { ...HELLO, name: '../etc' } });
    expect(peer.of('failure')).toMatchObject([
      { failure: { code: 'BAD_PARAMS', details: { path: 'name' } } },
    ]);
    expect(peer.closed).toMatchObject({ code: 'BAD_PARAMS' });
  });

  test('a welcome that cannot be sent opens nothing', async () => {
    const { session, peer } = withOpening(() =>
      Promise.resolve({ ...WELCOME, software: 'x'.repeat(LIMITS.frame.value) }),
    );
    await peer.say({ kind: 'call', id: 0, name: 'hello', params: HELLO });
    expect(session.opened).toBe(false);
    expect(session.closed).toMatchObject({ code: 'FRAME_TOO_LARGE' });
  });

  test('hello is said once', async () => {
    let count = 0;
    const hello = () => {
      count += 1;
      return Promise.resolve(WELCOME);
    };
    const { session, peer } = withOpening(hello);
    await peer.say({ kind: 'call', id: 0, name: 'hello', params: HELLO });
    await peer.say({ kind: 'call', id: 1, name: 'hello', params: HELLO });
    expect(peer.of('failure')).toMatchObject([{ id: 1, failure: { code: 'HELLO_FIRST' } }]);
    expect(session.closed).toBeUndefined();
    expect(count).toBe(1);
  });
});

describe('the end of a session', () => {
  const why = new TuttiError('SUPERSEDED', 'a newer one came');

  test('settles every call, aborts every handler and tells every listener, once', async () => {
    const aborts: unknown[] = [];
    const told: unknown[] = [];
    const { dialled, master } = connectedSessions('agent', {
      dialled: { handlers: { 'node.probe': () => new Promise(() => {}) } },
      master: {
        handlers: {
          'sync.set': (_params, { signal }) => {
            signal.addEventListener('abort', () => aborts.push(signal.reason));
            return new Promise(() => {});
          },
        },
      },
    });
    for (const session of [dialled, master]) session.onClosed((error) => told.push(error.code));
    const calls = [1, 2, 3].map((n) => dialled.call('sync.set', setKey(n)));
    const probe = master.call('node.probe', {});
    await settled();
    master.close(why);
    const results = await Promise.allSettled([...calls, probe]);
    expect(
      results.map((result) => result.status === 'rejected' && (result.reason as TuttiError).code),
    ).toEqual(Array.from({ length: 4 }, () => 'SUPERSEDED'));
    expect(aborts).toEqual([why, why, why]);
    expect(told).toEqual(['SUPERSEDED', 'SUPERSEDED']);
    expect([dialled.debugState(), master.debugState()]).toEqual([IDLE, IDLE]);
    expect(dialled.closed).toMatchObject({ code: 'SUPERSEDED', message: why.message });
  });

  test('is told to who asks only afterwards', () => {
    const { master } = connectedSessions('agent');
    master.close(why);
    master.close(new TuttiError('INTERNAL', 'later'));
    let told: TuttiError | undefined;
    master.onClosed((error) => (told = error));
    expect(told).toBe(why);
  });

  test('reaches every listener although one of them fails', () => {
    const { master, defects } = connectedSessions('agent');
    let told = false;
    master.onClosed(() => {
      throw new Error('bug');
    });
    master.onClosed(() => (told = true));
    master.close(why);
    expect(told).toBe(true);
    expect(defects).toMatchObject([{ where: 'closed' }]);
  });

  test('rejects later calls and swallows later events', async () => {
    const { session, peer } = agentWithRawMaster();
    session.close(why);
    await expect(session.call('sync.set', setKey(1))).rejects.toBe(why);
    await expect(
      session.openStream({ to: 'result', run: 1, path: 'x', size: 0, mode: 0o644 }, new MemorySource()),
    ).rejects.toBe(why);
    session.ping();
    await settled();
    expect(peer.heard).toEqual([]);
  });

  test('aborts the signal of a handler that asks for it only afterwards', async () => {
    const later = Promise.withResolvers<void>();
    let signal: AbortSignal | undefined;
    const { dialled, master } = connectedSessions('agent', {
      master: {
        handlers: {
          'sync.set': async (_params, context) => {
            await later.promise;
            signal = context.signal;
            return {};
          },
        },
      },
    });
    const calling = rejection(dialled.call('sync.set', setKey(1)));
    await settled();
    master.close(why);
    later.resolve();
    expect(await calling).toMatchObject({ code: 'SUPERSEDED' });
    expect(signal).toMatchObject({ aborted: true, reason: why });
  });

  test('drops what its handlers answer later, be it a result or a failure', async () => {
    const [first, second] = [Promise.withResolvers<Record<string, never>>(), Promise.withResolvers<never>()];
    const { session, peer, defects } = masterWithRawAgent({
      handlers: { 'sync.set': ({ args }) => (args.value === 1 ? first.promise : second.promise) },
    });
    for (const id of [1, 2]) await peer.say({ kind: 'call', id, name: 'sync.set', params: setKey(id) });
    session.close(why);
    first.resolve({});
    // As what it waited for rejects when its signal is aborted: no defect.
    second.reject(new DOMException('aborted', 'AbortError'));
    await settled();
    expect(peer.heard).toEqual([]);
    expect(defects).toEqual([]);
  });

  test('comes from a lost connection as NOT_CONNECTED', async () => {
    const { dialled, master, pair } = connectedSessions('agent');
    const calling = rejection(dialled.call('sync.set', setKey(1)));
    pair.cut();
    expect(await calling).toMatchObject({ code: 'NOT_CONNECTED', retry: true });
    expect(master.closed).toMatchObject({ code: 'NOT_CONNECTED' });
  });

  test('stops a frame from being served that came in the same breath', async () => {
    let served = 0;
    const { session, peer } = masterWithRawAgent({
      handlers: {
        'sync.set': () => {
          served += 1;
          session.close(why);
          return {};
        },
      },
    });
    await peer.say(
      { kind: 'call', id: 1, name: 'sync.set', params: setKey(1) },
      { kind: 'call', id: 2, name: 'sync.set', params: setKey(2) },
    );
    expect(served).toBe(1);
  });
});

describe('garbage', () => {
  const garbage: [string, Uint8Array][] = [
    ['nothing at all', new Uint8Array()],
    ['a byte MessagePack has no use for', Uint8Array.of(0xc1)],
    ['a map', Uint8Array.of(0x80)],
    ['an array of another kind', Uint8Array.of(0x92, 0x09, 0x00)],
    ['a truncated call', encode({ kind: 'call', id: 1, name: 'sync.set', params: setKey(1) }).slice(0, -1)],
    ['an array that claims to be huge', Uint8Array.of(0xdd, 0xff, 0xff, 0xff, 0xff)],
  ];
  for (const [what, bytes] of garbage) {
    test(`${what} ends the session with BAD_FRAME, which the peer is told`, async () => {
      const { session, peer, defects } = masterWithRawAgent();
      await peer.sayBytes(bytes);
      expect(session.closed).toMatchObject({ code: 'BAD_FRAME' });
      expect(peer.closed).toMatchObject({ code: 'BAD_FRAME' });
      expect(defects).toEqual([]);
    });
  }
});

test('a peer that does not read is cut off when too much waits for it', async () => {
  const { dialled, master, pair } = connectedSessions('agent', {
    dialled: { handlers: { 'blob.missing': () => ({ missing: [] }) } },
  });
  pair.rightToLeft.hold();
  const frame = encodeEvent('barrier.data', bulky(900_000));
  const fits = Math.floor(LIMITS.sendQueue.value / frame.byteLength);
  for (let n = 0; n < fits; n += 1) master.sendEncoded(frame);
  expect(master.closed).toBeUndefined();
  const calling = rejection(master.call('blob.missing', { blobs: [] }));
  master.sendEncoded(frame);
  expect(await calling).toMatchObject({ code: 'SLOW_PEER' });
  expect(master.closed).toMatchObject({ code: 'SLOW_PEER', retry: true });
  pair.rightToLeft.release();
  await settled();
  expect(dialled.closed).toMatchObject({ code: 'SLOW_PEER' });
});

test('a call that overfills the queue does not hold on to its signal', async () => {
  const { master, pair } = connectedSessions('agent');
  pair.rightToLeft.hold();
  const stop = new AbortController();
  const listeners = countListeners(stop.signal);
  const blobs = Array.from({ length: 10_000 }, () => ({ digest: 'a'.repeat(64), size: 1 }));
  const calls: Promise<unknown>[] = [];
  while (master.closed === undefined) {
    calls.push(master.call('blob.missing', { blobs }, { signal: stop.signal }));
  }
  const results = await Promise.allSettled(calls);
  expect(results.every(({ status }) => status === 'rejected')).toBe(true);
  expect(listeners()).toBe(0);
});

test('what came before the session was constructed finds it constructed', async () => {
  const pair = memoryTransports();
  const peer = new RawPeer(pair.right);
  await peer.say({ kind: 'event', name: 'barrier.data', params: RELEASE });
  const seen: unknown[] = [];
  const session = new Session({
    transport: pair.left,
    sends: 'agent→master',
    receives: 'master→agent',
    handlers: stubHandlers('master→agent'),
    events: stubEvents('master→agent', { 'barrier.data': ({ name }) => seen.push([name, session.opened]) }),
    accept: refuseStreams,
    clock: new FakeClock(),
  });
  await settled();
  expect(seen).toEqual([['ready', true]]);
});

describe('the two clocks', () => {
  test('a ping and its pong tell both sides how the master stands over the agent', async () => {
    const agentClock = new FakeClock({ monotonicMs: 50_000, wallMs: 123 });
    const masterClock = new FakeClock({ monotonicMs: 7, wallMs: 1_900_000_000_000 });
    const { dialled, master } = connectedSessions('agent', {
      dialled: { clock: agentClock },
      master: { clock: masterClock },
    });
    expect(dialled.offset.value).toBeUndefined();
    dialled.ping();
    await settled();
    expect(dialled.offset.value).toBe(1_900_000_000_000 - 50_000);
    expect(dialled.offset.uncertainty).toBe(0);
    expect(master.peerOffset).toBeUndefined();
    dialled.ping();
    await settled();
    expect(master.peerOffset).toBe(dialled.offset.value);
  });
});
