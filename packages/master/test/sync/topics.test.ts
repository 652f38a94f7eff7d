import { LIMITS } from '@tutti/protocol';
import { describe, expect, test } from 'vitest';
import { Stage } from './players.ts';

const JOBS = { topic: 'jobs' };
const message = (offset: number, data: unknown) => ({ found: true, offset, data });

/** A stage with so many messages in the topic: "m0", "m1" … */
function stageWith(messages: number, roles: Record<string, number> = { server: 1, client: 2 }) {
  const stage = new Stage(roles);
  for (let n = 0; n < messages; n += 1) stage.ask('server.0', 'send', { ...JOBS, data: `m${n}` });
  return stage;
}

/** Asks for a message as an SDK does, which goes on to acknowledge it if it lives. */
function read(stage: Stage, member: string, verb: 'recv' | 'take') {
  const request = stage.ask(member, verb, JOBS);
  const hold = stage.ask(member, 'hold', { request });
  return {
    answer: () => stage.answer(request),
    ack: () => stage.answer(stage.ask(member, 'ack', { request })),
    die: () => {
      stage.withdraw(request);
      stage.withdraw(hold);
    },
    repeat: () => stage.ask(member, verb, JOBS, request),
    request,
    hold,
  };
}

describe('recv', () => {
  test('gives each member every message once, in one order, latecomers from the start', () => {
    const stage = stageWith(2);
    for (const member of ['client.0', 'client.1'])
      for (const n of [0, 1]) {
        const reading = read(stage, member, 'recv');
        expect(reading.answer()).toEqual(message(n, `m${n}`));
        expect(reading.ack()).toEqual({});
      }
    const waiting = read(stage, 'client.0', 'recv');
    expect(waiting.answer()).toBeUndefined();
    expect(stage.answer(stage.ask('server.0', 'send', { ...JOBS, data: null }))).toEqual({ offset: 2 });
    expect(waiting.answer()).toEqual(message(2, null));
  });

  test('gives the same message again until it is acknowledged', () => {
    const stage = stageWith(2);
    const dying = read(stage, 'client.0', 'recv');
    dying.die();
    const next = read(stage, 'client.0', 'recv');
    expect(next.answer()).toEqual(message(0, 'm0'));
    next.ack();
    expect(read(stage, 'client.0', 'recv').answer()).toEqual(message(1, 'm1'));
  });

  test.each([0, 1])('with %d messages: a second one of the same member fails at once', (messages) => {
    const stage = stageWith(messages);
    const first = read(stage, 'client.0', 'recv');
    expect(stage.answer(stage.ask('client.0', 'recv', JOBS))).toEqual({
      code: 'ALREADY_RECEIVING',
      message: 'client.0 receives from topic "jobs" already, and gets one message at a time',
    });
    expect(read(stage, 'client.1', 'recv').answer()).toEqual(first.answer());
  });

  test('from an offset reads again what was read, moves nothing, and waits for what is not there', () => {
    const stage = stageWith(2);
    read(stage, 'client.0', 'recv').ack();
    const again = stage.ask('client.0', 'recv', { ...JOBS, from: 0 });
    const ahead = stage.ask('client.0', 'recv', { ...JOBS, from: 2 });
    expect(stage.answers(again, ahead)).toEqual([message(0, 'm0'), undefined]);
    expect(read(stage, 'client.0', 'recv').answer()).toEqual(message(1, 'm1'));
    stage.ask('server.0', 'send', { ...JOBS, data: 'm2' });
    expect(stage.answer(ahead)).toEqual(message(2, 'm2'));
  });

  test('that does not wait says that there is nothing', () => {
    const stage = stageWith(0);
    const poll = stage.ask('client.0', 'recv', { ...JOBS, wait: false });
    expect(stage.answer(poll)).toEqual({ found: false, offset: 0, data: null });
    expect(stage.space.waits()).toEqual([]);
    expect(read(stage, 'client.0', 'recv').answer()).toBeUndefined();
  });
});

describe('take', () => {
  test('gives each message to one, the oldest first, to who came first', () => {
    const stage = stageWith(1);
    const takers = ['client.0', 'client.1', 'client.0'].map((member) => read(stage, member, 'take'));
    expect(takers.map(({ answer }) => answer())).toEqual([message(0, 'm0'), undefined, undefined]);
    for (const data of ['m1', 'm2']) stage.ask('server.0', 'send', { ...JOBS, data });
    expect(takers.map(({ answer }) => answer())).toEqual([0, 1, 2].map((n) => message(n, `m${n}`)));
    expect(read(stage, 'server.0', 'recv').answer(), 'recv does not see what was taken').toEqual(
      message(0, 'm0'),
    );
  });

  test('gives a message whose taker died to the next, before all others', () => {
    const stage = stageWith(3);
    const [first, second] = [read(stage, 'client.0', 'take'), read(stage, 'client.1', 'take')];
    second.die();
    first.die();
    expect(read(stage, 'client.1', 'take').answer()).toEqual(message(0, 'm0'));
    expect(read(stage, 'client.1', 'take').answer()).toEqual(message(1, 'm1'));
    expect(read(stage, 'client.1', 'take').answer()).toEqual(message(2, 'm2'));
  });

  test('gives a message that came back to who waits', () => {
    const stage = stageWith(1);
    const [taken, waiting] = [read(stage, 'client.0', 'take'), read(stage, 'client.1', 'take')];
    stage.leave('client.0');
    expect(waiting.answer()).toEqual(message(0, 'm0'));
    expect(stage.answer(stage.ask('client.1', 'ack', { request: taken.request }))).toMatchObject({
      code: 'NOT_HELD',
    });
  });

  test('is over when it is acknowledged: then nobody gets it any more, and the hold ends', () => {
    const stage = stageWith(1);
    const taken = read(stage, 'client.0', 'take');
    expect([taken.ack(), taken.ack(), stage.answer(taken.hold)]).toEqual([{}, {}, {}]);
    taken.die();
    stage.leave('client.0');
    expect(read(stage, 'client.1', 'take').answer()).toBeUndefined();
  });

  test('that is repeated gets the same message', () => {
    const stage = stageWith(2);
    const taken = read(stage, 'client.0', 'take');
    taken.repeat();
    taken.ack();
    taken.repeat();
    expect(stage.told.get(taken.request)).toEqual(Array(3).fill(message(0, 'm0')));
  });

  test('of a machine that was rebooted goes back', () => {
    const stage = stageWith(1);
    read(stage, 'client.0', 'take');
    stage.space.newIncarnation('client.0');
    expect(read(stage, 'client.1', 'take').answer()).toEqual(message(0, 'm0'));
  });
});

describe('a wait for a message', () => {
  test('times out', () => {
    const stage = stageWith(0);
    const waiting = read(stage, 'client.0', 'take');
    stage.now = 3;
    stage.timeOut(waiting.request);
    expect(waiting.answer()).toEqual({
      code: 'TIMED_OUT',
      message: 'topic "jobs" had no message within 3.0 s',
    });
    stage.ask('server.0', 'send', { ...JOBS, data: 1 });
    expect(read(stage, 'client.1', 'take').answer()).toEqual(message(0, 1));
  });

  test('breaks when nobody else is left', () => {
    const stage = stageWith(0);
    const [receiving, taking] = [read(stage, 'client.0', 'recv'), read(stage, 'client.0', 'take')];
    stage.leave('client.1');
    expect(receiving.answer()).toBeUndefined();
    stage.leave('server.0');
    const told = {
      code: 'WAIT_BROKEN',
      message:
        'topic "jobs" can get no message any more: client.1 on n3: exited with status 1; server.0 on n1: exited with status 1',
    };
    expect([receiving.answer(), taking.answer()]).toEqual([told, told]);
    expect(stage.space.toldOfBreak('client.0')?.culprit).toBe('client.1');
  });

  test('is among the waits; a hold is none', () => {
    const stage = stageWith(0);
    stage.now = 4;
    read(stage, 'client.0', 'recv');
    expect(stage.space.waits()).toEqual([
      { member: 'client.0', on: 'topic "jobs"', since: 4, missing: [], needs: 0 },
    ]);
  });
});

describe('a message', () => {
  test('has a limit: one of just that size is sent, a byte more is refused', () => {
    const stage = stageWith(0);
    const { value: limit } = LIMITS.keyValue;
    const send = (bytes: number) =>
      stage.answer(stage.ask('server.0', 'send', { ...JOBS, data: 'x'.repeat(bytes - 2) }));
    expect(send(limit)).toEqual({ offset: 0 });
    expect(send(limit + 1)).toEqual({
      code: 'VALUE_TOO_LARGE',
      message: `the message to topic "jobs" has ${limit + 1} bytes, where ${limit} are allowed`,
    });
  });

  test('shares its room with the keys', () => {
    const stage = stageWith(0);
    const value = 'x'.repeat(LIMITS.keyValue.value - 2);
    const room = LIMITS.spaceBytes.value / LIMITS.keyValue.value;
    for (let n = 0; n < room - 1; n += 1) stage.ask('server.0', 'set', { key: `key ${n}`, value });
    expect(stage.answer(stage.ask('server.0', 'send', { ...JOBS, data: value }))).toEqual({
      code: 'SPACE_FULL',
      message: `with this message to topic "jobs" the test's keys and topics exceed ${LIMITS.spaceBytes.value} bytes`,
    });
    expect(stage.answer(stage.ask('server.0', 'send', { ...JOBS, data: 1 }))).toEqual({ offset: 0 });
  });
});

describe('a recv, while it is not known whether the caller lives that has the message before,', () => {
  /** The agent was restarted when client.0 had been given the first of two messages, and came back without that caller. */
  function inDoubt() {
    const stage = stageWith(2);
    const before = read(stage, 'client.0', 'recv');
    stage.space.withdraw(before.hold, { mayComeAgain: true });
    stage.space.doubtUnheld('client.0');
    const next = read(stage, 'client.0', 'recv');
    expect(next.answer()).toBeUndefined();
    expect(stage.space.waits()).toMatchObject([{ member: 'client.0', on: 'topic "jobs"' }]);
    return { stage, before, next };
  }

  test('gets that message when the time is over in which it could come again', () => {
    const { stage, next } = inDoubt();
    stage.returnUnheld('client.0');
    expect(next.answer()).toEqual(message(0, 'm0'));
    expect(next.ack()).toEqual({});
  });

  test('is refused when it comes again', () => {
    const { stage, before, next } = inDoubt();
    stage.ask('client.0', 'hold', { request: before.request }, before.hold);
    expect(next.answer()).toMatchObject({ code: 'ALREADY_RECEIVING' });
    stage.returnUnheld('client.0');
    expect(before.ack()).toEqual({});
  });

  test('gets the next message when that one is acknowledged', () => {
    const { before, next } = inDoubt();
    expect(before.ack()).toEqual({});
    expect(next.answer()).toEqual(message(1, 'm1'));
  });

  test('has its own deadline, and can be withdrawn', () => {
    const { stage, next } = inDoubt();
    stage.timeOut(next.request);
    expect(next.answer()).toMatchObject({ code: 'TIMED_OUT' });
    const another = read(stage, 'client.0', 'recv');
    expect(read(stage, 'client.0', 'recv').answer()).toMatchObject({ code: 'ALREADY_RECEIVING' });
    another.die();
    stage.returnUnheld('client.0');
    expect(another.answer()).toBeUndefined();
    expect(read(stage, 'client.0', 'recv').answer()).toEqual(message(0, 'm0'));
  });

  test('ends with its member', () => {
    const { stage, next } = inDoubt();
    stage.leave('client.0');
    expect(next.answer()).toMatchObject({ code: 'CANCELLED' });
    expect(stage.space.waits()).toEqual([]);
  });
});
