import { decode, type SyncArgs, type SyncVerb, TuttiError } from '@tutti/protocol';
import { FakeClock, rejection, settled } from '@tutti/testkit';
import { describe, expect, test } from 'vitest';
import { SyncBroker } from '../../src/sync/broker.ts';
import type { Effect } from '../../src/sync/effects.ts';
import type { DecisionLog, SyncSession } from '../../src/sync/live-space.ts';
import { brief, players } from './players.ts';

const ATTEMPT = 'a'.repeat(32);
const EMPTY = { spaces: 1, waiters: 0, timers: 0 };

/** An agent's session: what was sent on it, in order, events and settled answers alike. */
class FakeSession implements SyncSession {
  closed: TuttiError | undefined;
  readonly sent: unknown[] = [];

  sendEncoded(frame: Uint8Array): void {
    this.sent.push(decode(frame));
  }

  lose(): void {
    this.closed = new TuttiError('NOT_CONNECTED', 'the connection was lost');
  }
}

interface Asked {
  answer: Promise<unknown>;
  /** The caller withdraws it, or its session ends: the same signal says both. */
  abort: () => void;
}

interface LabOptions {
  log?: DecisionLog;
  restored?: Iterable<Effect>;
}

function lab(roles: Record<string, number>, timeout = 60, { log, restored }: LabOptions = {}) {
  const clock = new FakeClock();
  const broker = new SyncBroker(clock, log);
  broker.open(ATTEMPT, players(roles), timeout, restored === undefined ? {} : { restored });
  const ask = <V extends SyncVerb>(
    session: FakeSession,
    member: string,
    verb: V,
    args: SyncArgs<V>,
    { request = `${member}-request`, at = clock.monotonicMs() } = {},
  ): Asked => {
    const controller = new AbortController();
    const call = { attempt: ATTEMPT, member, request, at, args };
    const answer = broker.call(verb, call, session, () => controller.signal);
    answer.then(
      (result) => session.sent.push({ member, result }),
      () => {},
    );
    return { answer, abort: () => controller.abort() };
  };
  return { clock, broker, ask };
}

async function failure(asked: Asked): Promise<unknown> {
  return brief((await rejection(asked.answer)) as TuttiError);
}

const READY = { name: 'ready' };
const ALL_KNOWN = { mayComeAgain: false };
const ANOTHER_AGENT = { mayComeAgain: true };

describe('a lost connection', () => {
  test('keeps the wait, and the repetition on the next one is answered', async () => {
    const { broker, ask } = lab({ client: 2 });
    const [first, second, other] = [new FakeSession(), new FakeSession(), new FakeSession()];
    const lost = ask(first, 'client.0', 'barrier', READY);
    const never = rejection(lost.answer);
    first.lose();
    lost.abort();
    expect(broker.debugState()).toEqual({ spaces: 1, waiters: 1, timers: 1 });
    const repeated = ask(second, 'client.0', 'barrier', READY);
    ask(other, 'client.1', 'barrier', READY);
    expect(await repeated.answer).toEqual({ generation: 0, rank: 0, size: 2, hasData: false });
    expect(await never).toMatchObject({ code: 'CANCELLED' });
    expect(broker.debugState()).toEqual(EMPTY);
  });

  test('keeps the wait also when it is decided while nobody is connected', async () => {
    const { broker, ask } = lab({ client: 2 });
    const [first, second, other] = [new FakeSession(), new FakeSession(), new FakeSession()];
    const lost = ask(first, 'client.0', 'barrier', { ...READY, data: 'mine' });
    first.lose();
    lost.abort();
    await ask(other, 'client.1', 'barrier', READY).answer;
    await ask(second, 'client.0', 'barrier', { ...READY, data: 'mine' }).answer;
    await settled();
    expect(second.sent).toEqual([
      {
        kind: 'event',
        name: 'barrier.data',
        params: {
          attempt: ATTEMPT,
          name: 'ready',
          generation: 0,
          json: '{"client.0":"mine","client.1":null}',
        },
      },
      { member: 'client.0', result: { generation: 0, rank: 0, size: 2, hasData: true } },
    ]);
    expect(broker.debugState()).toEqual(EMPTY);
  });

  test('is not counted twice when the request comes again by another session at once', async () => {
    const { ask } = lab({ client: 2 });
    const session = new FakeSession();
    const first = ask(session, 'client.0', 'barrier', READY);
    const refused = rejection(first.answer);
    const again = ask(session, 'client.0', 'barrier', READY);
    expect(await refused).toMatchObject({ code: 'CANCELLED' });
    ask(session, 'client.1', 'barrier', READY);
    expect(await again.answer).toMatchObject({ size: 2, rank: 0 });
  });

  test('leaves the deadline where it was: a repetition brings no time', async () => {
    const { clock, ask } = lab({ client: 2 });
    const [first, second] = [new FakeSession(), new FakeSession()];
    const at = clock.monotonicMs();
    const lost = ask(first, 'client.0', 'barrier', { ...READY, timeout: 5 }, { at });
    const never = rejection(lost.answer);
    clock.advance(3000);
    first.lose();
    const repeated = ask(second, 'client.0', 'barrier', { ...READY, timeout: 5 }, { at });
    const answer = rejection(repeated.answer);
    await never;
    clock.advance(2000);
    expect(await answer).toMatchObject({ code: 'TIMED_OUT' });
  });
});

describe('a wait', () => {
  test('is withdrawn when its caller withdraws it while the session lives', async () => {
    const { broker, ask } = lab({ client: 2 });
    const session = new FakeSession();
    const waiting = ask(session, 'client.0', 'barrier', READY);
    waiting.abort();
    expect(await failure(waiting)).toMatchObject({ code: 'CANCELLED' });
    expect(broker.debugState()).toEqual(EMPTY);
    expect(broker.waits(ATTEMPT)).toEqual([]);
  });

  test('is withdrawn when its agent comes back without it; others of that member and of other members stay', async () => {
    const { broker, ask } = lab({ client: 2 });
    const session = new FakeSession();
    const gone = ask(session, 'client.0', 'barrier', READY, { request: 'gone-request' });
    ask(session, 'client.0', 'get', { key: 'k', wait: true }, { request: 'kept-request' });
    ask(session, 'client.1', 'get', { key: 'k', wait: true }, { request: 'gone-request' });
    broker.keepOnly(ATTEMPT, 'client.0', new Set(['kept-request']), ALL_KNOWN);
    expect(await failure(gone)).toMatchObject({ code: 'CANCELLED' });
    expect(broker.waits(ATTEMPT).map(({ member, on }) => `${member} ${on}`)).toEqual([
      'client.0 key "k"',
      'client.1 key "k"',
    ]);
  });

  test.for([
    ['barrier', READY],
    ['lock', { name: 'disk' }],
    ['recv', { topic: 'jobs' }],
  ] as const)(
    'at a %s whose caller died with its agent does not stand in the way of the next one of its member',
    async ([verb, args]) => {
      const { broker, ask } = lab({ client: 2 });
      const [before, after, other] = [new FakeSession(), new FakeSession(), new FakeSession()];
      await ask(other, 'client.1', 'lock', { name: 'disk' }).answer;
      const dead = failure(ask(before, 'client.0', verb, args, { request: 'dead-request' }));
      before.lose();
      broker.keepOnly(ATTEMPT, 'client.0', new Set(), ANOTHER_AGENT);
      expect(await dead).toMatchObject({ code: 'CANCELLED' });
      const next = ask(after, 'client.0', verb, args, { request: 'next-request' });
      ask(other, 'client.1', 'barrier', READY, { request: 'arrival' });
      ask(other, 'client.1', 'unlock', { name: 'disk' }, { request: 'unlock' });
      ask(other, 'client.1', 'send', { topic: 'jobs', data: 1 }, { request: 'send' });
      await next.answer;
    },
  );

  test('has its place and its deadline again when its caller comes to the next agent in time', async () => {
    const { broker, clock, ask } = lab({ client: 3 });
    const [before, after, others] = [new FakeSession(), new FakeSession(), new FakeSession()];
    const now = () => ({ at: clock.monotonicMs() });
    const first = { ...now(), request: 'first-request' };
    const gone = failure(ask(before, 'client.0', 'barrier', { ...READY, timeout: 10 }, first));
    const key = failure(
      ask(before, 'client.0', 'get', { key: 'k', wait: true, timeout: 4 }, { ...now(), request: 'the-key' }),
    );
    clock.advance(1000);
    const second = ask(others, 'client.1', 'barrier', READY, { ...now(), request: 'second-request' });
    before.lose();
    expect(broker.keepOnly(ATTEMPT, 'client.0', new Set(), ANOTHER_AGENT)).toBe(true);
    await Promise.all([gone, key]);
    clock.advance(1000);
    // The next agent has not seen these requests before: by its clock they are new.
    const again = ask(
      after,
      'client.0',
      'barrier',
      { ...READY, timeout: 10 },
      { ...now(), request: 'first-request' },
    );
    const keyAgain = ask(
      after,
      'client.0',
      'get',
      { key: 'k', wait: true, timeout: 4 },
      { ...now(), request: 'the-key' },
    );
    const third = ask(others, 'client.2', 'barrier', READY, { ...now(), request: 'third-request' });
    expect(await Promise.all([again.answer, second.answer, third.answer])).toMatchObject([
      { rank: 0 },
      { rank: 1 },
      { rank: 2 },
    ]);
    clock.advance(2000);
    expect(await failure(keyAgain)).toMatchObject({ code: 'TIMED_OUT' });
  });

  test('whose caller comes to the next agent too late is a new one', async () => {
    const { broker, clock, ask } = lab({ client: 2 });
    const [before, after, other] = [new FakeSession(), new FakeSession(), new FakeSession()];
    const now = () => ({ at: clock.monotonicMs() });
    const arrival = failure(ask(before, 'client.0', 'barrier', READY, { ...now(), request: 'arrival' }));
    before.lose();
    broker.keepOnly(ATTEMPT, 'client.0', new Set(), ANOTHER_AGENT);
    await arrival;
    broker.endDoubt(ATTEMPT, 'client.0');
    clock.advance(1000);
    const first = ask(other, 'client.1', 'barrier', READY, { ...now(), request: 'other-arrival' });
    clock.advance(1000);
    const late = ask(after, 'client.0', 'barrier', READY, { ...now(), request: 'arrival' });
    expect(await Promise.all([first.answer, late.answer])).toMatchObject([{ rank: 0 }, { rank: 1 }]);
  });

  test('of one member is not that of another, even when both chose the same request id', async () => {
    const { ask } = lab({ client: 2 });
    const session = new FakeSession();
    const request = 'the-same-id';
    const waiting = ask(session, 'client.0', 'barrier', READY, { request });
    const last = ask(session, 'client.1', 'barrier', READY, { request });
    expect(await Promise.all([waiting.answer, last.answer])).toMatchObject([{ rank: 0 }, { rank: 1 }]);
    const values = ['client.0', 'client.1'].map(
      (member) => ask(session, member, 'incr', { key: 'k' }, { request: 'incr-request' }).answer,
    );
    expect(await Promise.all(values)).toEqual([{ value: 1 }, { value: 2 }]);
  });

  test('that comes with its withdrawal is withdrawn', async () => {
    const { broker } = lab({ client: 2 });
    const call = { attempt: ATTEMPT, member: 'client.0', request: 'a-request', at: 0, args: READY };
    const answer = broker.call('barrier', call, new FakeSession(), () => AbortSignal.abort());
    expect(await rejection(answer)).toMatchObject({ code: 'CANCELLED' });
    expect(broker.debugState()).toEqual(EMPTY);
  });
});

describe('the time a barrier waits', () => {
  test.for([
    [60, 58],
    [5, 3],
    [3, 1.5],
    [1, 0.5],
  ])('is, in a test with %d s left, %d s, unless it is told another', async ([timeout, expected]) => {
    const { clock, broker, ask } = lab({ client: 2 }, timeout);
    const answer = failure(ask(new FakeSession(), 'client.0', 'barrier', READY));
    clock.advance(expected! * 1000 - 1);
    expect(broker.debugState()).toMatchObject({ waiters: 1 });
    clock.advance(1);
    expect(await answer).toEqual({
      code: 'TIMED_OUT',
      message: `barrier "ready" broken after ${expected!.toFixed(1)} s: client.0 on n1 timed out after ${expected!.toFixed(1)} s; 1 of 2 arrived; missing client.1 on n2: running`,
    });
    expect(broker.debugState()).toEqual(EMPTY);
    expect(clock.timers).toBe(0);
  });

  test('is what it is told, counted from when the script asked', async () => {
    const { clock, ask } = lab({ client: 2 });
    const at = clock.monotonicMs() - 1500;
    const answer = failure(ask(new FakeSession(), 'client.0', 'barrier', { ...READY, timeout: 2 }, { at }));
    clock.advance(500);
    expect(await answer).toMatchObject({ code: 'TIMED_OUT' });
  });

  test('that is over when it comes is over at once', async () => {
    const { clock, ask } = lab({ client: 2 });
    const at = clock.monotonicMs() - 10_000;
    const answer = failure(ask(new FakeSession(), 'client.0', 'barrier', { ...READY, timeout: 2 }, { at }));
    clock.advance(0);
    expect(await answer).toMatchObject({ code: 'TIMED_OUT' });
  });

  test('breaks it for the others, each with its own code', async () => {
    const { clock, ask } = lab({ client: 3 });
    const session = new FakeSession();
    const patient = failure(ask(session, 'client.0', 'barrier', READY));
    const hasty = failure(ask(session, 'client.1', 'barrier', { ...READY, timeout: 1 }));
    clock.advance(1000);
    expect(await hasty).toMatchObject({ code: 'TIMED_OUT' });
    expect(await patient).toMatchObject({ code: 'BARRIER_BROKEN' });
    expect(clock.timers).toBe(0);
  });
});

test('a wait for a key has the deadline of a barrier; one for a message only that which it is told', async () => {
  const { clock, broker, ask } = lab({ client: 2 });
  const session = new FakeSession();
  const patient = ask(session, 'client.0', 'get', { key: 'k', wait: true });
  clock.advance(58_000 - 1);
  expect(broker.debugState()).toMatchObject({ waiters: 1 });
  clock.advance(1);
  expect(await failure(patient)).toEqual({ code: 'TIMED_OUT', message: 'key "k" was not set within 58.0 s' });
  ask(session, 'client.0', 'recv', { topic: 't' }, { request: 'a-message' });
  expect(broker.debugState()).toEqual({ spaces: 1, waiters: 1, timers: 0 });
  const hasty = failure(ask(session, 'client.1', 'get', { key: 'k', wait: true, timeout: 1 }));
  clock.advance(1000);
  expect(await hasty).toEqual({ code: 'TIMED_OUT', message: 'key "k" was not set within 1.0 s' });
  expect(broker.debugState()).toMatchObject({ waiters: 1, timers: 0 });
});

describe('the data of a release', () => {
  test('is encoded once, and sent once to each session before its answers', async () => {
    const { ask } = lab({ client: 4 });
    const frames: Uint8Array[] = [];
    class Counting extends FakeSession {
      override sendEncoded(frame: Uint8Array): void {
        frames.push(frame);
        super.sendEncoded(frame);
      }
    }
    const [left, right] = [new Counting(), new Counting()];
    const answers = [
      ask(left, 'client.0', 'barrier', { ...READY, data: { n: 0 } }),
      ask(left, 'client.1', 'barrier', READY),
      ask(right, 'client.2', 'barrier', { ...READY, data: [2] }),
      ask(right, 'client.3', 'barrier', READY),
    ];
    await Promise.all(answers.map(({ answer }) => answer));
    await settled();
    expect(frames).toHaveLength(2);
    expect(frames[1]).toBe(frames[0]);
    const event = {
      kind: 'event',
      name: 'barrier.data',
      params: {
        attempt: ATTEMPT,
        name: 'ready',
        generation: 0,
        json: '{"client.0":{"n":0},"client.1":null,"client.2":[2],"client.3":null}',
      },
    };
    expect(left.sent[0]).toEqual(event);
    expect(left.sent.slice(1)).toMatchObject([{ member: 'client.0' }, { member: 'client.1' }]);
    expect(right.sent[0]).toEqual(event);
    expect(right.sent.slice(1)).toMatchObject([{ member: 'client.2' }, { member: 'client.3' }]);
  });

  test('is not sent where nobody brought any', async () => {
    const { ask } = lab({ client: 1 });
    const session = new FakeSession();
    expect(await ask(session, 'client.0', 'barrier', READY).answer).toMatchObject({ hasData: false });
    await settled();
    expect(session.sent).toHaveLength(1);
  });
});

describe('a member that has left', () => {
  test('breaks the waits of the others, and its own', async () => {
    const { broker, ask } = lab({ client: 3 });
    const session = new FakeSession();
    const own = failure(ask(session, 'client.0', 'barrier', READY));
    const other = failure(ask(session, 'client.1', 'barrier', READY));
    broker.leave(ATTEMPT, 'client.0', 'was lost');
    expect(await own).toEqual({ code: 'CANCELLED', message: 'client.0 was lost' });
    expect(await other).toMatchObject({ code: 'BARRIER_BROKEN' });
    expect(broker.debugState()).toEqual(EMPTY);
  });
});

describe('a space that is closed', () => {
  test('tells whoever still waits, and keeps nothing', async () => {
    const { clock, broker, ask } = lab({ client: 3 });
    const session = new FakeSession();
    const waiting = [
      failure(ask(session, 'client.0', 'barrier', READY)),
      failure(ask(session, 'client.1', 'get', { key: 'k', wait: true })),
    ];
    broker.close(ATTEMPT);
    expect(await Promise.all(waiting)).toEqual([
      { code: 'SPACE_CLOSED', message: 'the test is over' },
      { code: 'SPACE_CLOSED', message: 'the test is over' },
    ]);
    expect(broker.debugState()).toEqual({ spaces: 0, waiters: 0, timers: 0 });
    expect(clock.timers).toBe(0);
  });

  test('takes nothing any more, and being told of it again is no harm', () => {
    const { broker, ask } = lab({ client: 1 });
    broker.close(ATTEMPT);
    expect(() => ask(new FakeSession(), 'client.0', 'keys', {})).toThrow('the test is over');
    broker.close(ATTEMPT);
    broker.leave(ATTEMPT, 'client.0', 'ended');
    broker.keepOnly(ATTEMPT, 'client.0', new Set(), ALL_KNOWN);
    broker.endDoubt(ATTEMPT, 'client.0');
    expect(broker.waits(ATTEMPT)).toEqual([]);
  });
});

/** A log whose disk is as slow as the test says. */
class SlowLog implements DecisionLog {
  readonly kept: Effect[] = [];
  readonly #writing: { done: () => void; fail: (error: Error) => void }[] = [];

  append(attempt: string, effects: readonly Effect[]): Promise<void> {
    if (attempt !== ATTEMPT) throw new Error(`a decision of ${attempt}`);
    this.kept.push(...(JSON.parse(JSON.stringify(effects)) as Effect[]));
    return new Promise((done, fail) => {
      this.#writing.push({ done, fail });
    });
  }

  get writing(): number {
    return this.#writing.length;
  }

  /** The write that many places from the oldest is done. */
  done(place = 0): void {
    for (const { done } of this.#writing.splice(place, 1)) done();
  }

  fail(error: Error): void {
    for (const { fail } of this.#writing.splice(0, 1)) fail(error);
  }
}

describe('with a log', () => {
  test('an answer and its data go out when the decision is durable', async () => {
    const log = new SlowLog();
    const { broker, ask } = lab({ client: 2 }, 60, { log });
    const session = new FakeSession();
    ask(session, 'client.0', 'barrier', { ...READY, data: 1 });
    expect(log.writing, 'an arrival is no decision').toBe(0);
    ask(session, 'client.1', 'barrier', READY);
    await settled();
    expect([session.sent, log.kept]).toEqual([[], [expect.objectContaining({ did: 'release' })]]);
    log.done();
    await settled();
    expect(session.sent).toMatchObject([
      { name: 'barrier.data' },
      { member: 'client.0', result: { rank: 0 } },
      { member: 'client.1', result: { rank: 1 } },
    ]);
    expect(broker.debugState()).toEqual(EMPTY);
  });

  test('answers go out in the order of the decisions, and who has only looked waits for what it saw', async () => {
    const log = new SlowLog();
    const { ask } = lab({ client: 3 }, 60, { log });
    const session = new FakeSession();
    ask(session, 'client.0', 'set', { key: 'k', value: 1 });
    ask(session, 'client.1', 'incr', { key: 'k' });
    ask(session, 'client.2', 'get', { key: 'k' });
    log.done(1);
    await settled();
    expect(session.sent).toEqual([]);
    log.done();
    await settled();
    expect(session.sent).toMatchObject([
      { member: 'client.0', result: {} },
      { member: 'client.1', result: { value: 2 } },
      { member: 'client.2', result: { found: true, value: 2 } },
    ]);
  });

  test('a request that is repeated waits for the first decision, and makes no other', async () => {
    const log = new SlowLog();
    const { ask } = lab({ client: 2 }, 60, { log });
    const [first, second] = [new FakeSession(), new FakeSession()];
    ask(first, 'client.0', 'incr', { key: 'n' });
    first.lose();
    ask(second, 'client.0', 'incr', { key: 'n' });
    await settled();
    expect([second.sent, log.kept.length]).toEqual([[], 1]);
    log.done();
    await settled();
    expect(second.sent).toEqual([{ member: 'client.0', result: { value: 1 } }]);
  });

  test('a withdrawal loses to a decision that is made and not yet durable', async () => {
    const log = new SlowLog();
    const { ask } = lab({ client: 2 }, 60, { log });
    const session = new FakeSession();
    const early = ask(session, 'client.0', 'barrier', READY);
    ask(session, 'client.1', 'barrier', READY);
    early.abort();
    log.done();
    expect(await early.answer).toMatchObject({ rank: 0 });
  });

  test('that fails everybody concerned is told so, and the space takes nothing more', async () => {
    const log = new SlowLog();
    const { clock, broker, ask } = lab({ client: 3 }, 60, { log });
    const session = new FakeSession();
    const concerned = [
      failure(ask(session, 'client.0', 'barrier', READY)),
      failure(ask(session, 'client.1', 'set', { key: 'k', value: 1 })),
      failure(ask(session, 'client.2', 'get', { key: 'k' })),
    ];
    log.fail(new TuttiError('DISK_FULL', 'no room at /var/lib/tutti'));
    const told = {
      code: 'DISK_FULL',
      message:
        'what this test decides can no longer be kept, so that its barriers, keys, topics and locks are closed: no room at /var/lib/tutti',
    };
    expect(await Promise.all(concerned)).toEqual([told, told, told]);
    expect(() => ask(session, 'client.1', 'keys', {})).toThrow('can no longer be kept');
    broker.leave(ATTEMPT, 'client.0', 'ended');
    expect(log.writing).toBe(0);
    expect(broker.debugState()).toEqual(EMPTY);
    expect(clock.timers).toBe(0);
  });

  test('a new broker opens from what was kept, and answers as the old one', async () => {
    const log = new SlowLog();
    const { ask } = lab({ client: 2 }, 60, { log });
    const session = new FakeSession();
    ask(session, 'client.0', 'barrier', { ...READY, data: 'mine' });
    ask(session, 'client.1', 'barrier', READY);
    const after = lab({ client: 2 }, 60, { restored: log.kept });
    await after.ask(session, 'client.0', 'barrier', { ...READY, data: 'mine' }).answer;
    await settled();
    expect(session.sent).toMatchObject([
      { name: 'barrier.data', params: { json: '{"client.0":"mine","client.1":null}' } },
      { member: 'client.0', result: { generation: 0, rank: 0 } },
    ]);
  });
});

describe('a message that was given', () => {
  const JOBS = { topic: 'jobs' };

  function taking({ log, restored }: LabOptions = {}) {
    const all = lab({ client: 3 }, 60, { ...(log && { log }), ...(restored && { restored }) });
    const session = new FakeSession();
    const take = (member: string) => {
      const taken = all.ask(session, member, 'take', JOBS, { request: 'take-request' });
      const hold = all.ask(session, member, 'hold', { request: 'take-request' }, { request: 'hold-request' });
      hold.answer.catch(() => {});
      return { ...taken, hold };
    };
    return { ...all, session, take };
  }

  test('goes back when the connection of its caller closes before it is acknowledged', async () => {
    const { broker, ask, session, take } = taking();
    ask(session, 'client.2', 'send', { ...JOBS, data: 1 });
    const [dying, next] = [take('client.0'), take('client.1')];
    expect(await dying.answer).toMatchObject({ offset: 0 });
    dying.hold.abort();
    expect(await next.answer).toEqual({ found: true, offset: 0, data: 1 });
    const acknowledged = ask(
      session,
      'client.1',
      'ack',
      { request: 'take-request' },
      { request: 'ack-request' },
    );
    expect([await acknowledged.answer, await next.hold.answer]).toEqual([{}, {}]);
    expect(broker.debugState()).toEqual(EMPTY);
  });

  test.for([
    ['goes back after a restart of the master when its caller does not repeat', false],
    ['stays after a restart of the master with a caller that repeats', true],
  ] as const)('%s', async ([, lives]) => {
    const log = new SlowLog();
    const before = taking({ log });
    before.ask(before.session, 'client.2', 'send', { ...JOBS, data: 1 });
    void before.take('client.0');
    const { clock, broker, take, ask, session } = taking({ restored: log.kept });
    const next = take('client.1');
    broker.keepOnly(ATTEMPT, 'client.0', new Set(['hold-request']), ANOTHER_AGENT);
    if (lives) ask(session, 'client.0', 'hold', { request: 'take-request' }, { request: 'hold-request' });
    broker.endDoubt(ATTEMPT, 'client.0');
    await settled();
    const given = session.sent.filter((sent) => (sent as { member: string }).member === 'client.1');
    expect(given).toHaveLength(lives ? 0 : 1);
    next.answer.catch(() => {});
    broker.close(ATTEMPT);
    expect(clock.timers).toBe(0);
  });

  test('goes back when its agent was restarted and its caller did not come again', async () => {
    const { broker, ask, session, take } = taking();
    ask(session, 'client.2', 'send', { ...JOBS, data: 1 });
    const dead = take('client.0');
    await dead.answer;
    const withdrawn = failure(dead.hold);
    const next = take('client.1');
    broker.keepOnly(ATTEMPT, 'client.0', new Set(), ANOTHER_AGENT);
    expect(await withdrawn).toMatchObject({ code: 'CANCELLED' });
    expect(session.sent).not.toContainEqual(expect.objectContaining({ member: 'client.1' }));
    broker.endDoubt(ATTEMPT, 'client.0');
    expect(await next.answer).toMatchObject({ offset: 0 });
  });

  test('goes back at once when its agent is still the same one, and its caller has gone', async () => {
    const { broker, ask, session, take } = taking();
    ask(session, 'client.2', 'send', { ...JOBS, data: 1 });
    take('client.0');
    const next = take('client.1');
    broker.keepOnly(ATTEMPT, 'client.0', new Set(), ALL_KNOWN);
    expect(await next.answer).toMatchObject({ offset: 0 });
  });

  test('after its agent was restarted stays, also before its caller has said that it lives', async () => {
    const { broker, ask, session } = taking();
    broker.keepOnly(ATTEMPT, 'client.0', new Set(), ANOTHER_AGENT);
    ask(session, 'client.2', 'send', { ...JOBS, data: 1 });
    await ask(session, 'client.0', 'take', JOBS, { request: 'take-request' }).answer;
    broker.endDoubt(ATTEMPT, 'client.0');
    const ack = { request: 'take-request' };
    expect(await ask(session, 'client.0', 'ack', ack, { request: 'ack-request' }).answer).toEqual({});
  });

  test('goes back when the machine of its member was rebooted', async () => {
    const { broker, ask, session, take } = taking();
    ask(session, 'client.2', 'send', { ...JOBS, data: 1 });
    take('client.0');
    broker.newIncarnation(ATTEMPT, 'client.0');
    expect(await take('client.1').answer).toMatchObject({ offset: 0 });
  });
});

test('a lock whose holder is lost is not handed on by the broker either', async () => {
  const { broker, ask } = lab({ client: 2 });
  const session = new FakeSession();
  await ask(session, 'client.0', 'lock', { name: 'disk' }).answer;
  const waiting = failure(ask(session, 'client.1', 'lock', { name: 'disk' }));
  broker.leave(ATTEMPT, 'client.0', 'was lost', { lost: true });
  expect(await waiting).toMatchObject({ code: 'WAIT_BROKEN' });
});
