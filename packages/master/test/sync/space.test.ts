import { LIMITS } from '@tutti/protocol';
import { describe, expect, test } from 'vitest';
import { Stage } from './players.ts';

describe('a key', () => {
  test('has the value it was set to last', () => {
    const stage = new Stage({ client: 2 });
    expect(stage.answer(stage.ask('client.0', 'get', { key: 'port' }))).toEqual({
      found: false,
      value: null,
    });
    expect(stage.answer(stage.ask('client.0', 'set', { key: 'port', value: 5201 }))).toEqual({});
    stage.ask('client.1', 'set', { key: 'port', value: [null, { a: 'b' }] });
    expect(stage.answer(stage.ask('client.0', 'get', { key: 'port', wait: true }))).toEqual({
      found: true,
      value: [null, { a: 'b' }],
    });
  });

  test('that is null is a key that is set', () => {
    const stage = new Stage({ client: 2 });
    const waiting = stage.ask('client.0', 'get', { key: 'k', wait: true });
    stage.ask('client.1', 'set', { key: 'k', value: null });
    expect(stage.answer(waiting)).toEqual({ found: true, value: null });
  });

  test('counts atomically, from nothing, by any whole number', () => {
    const stage = new Stage({ client: 2 });
    const values = [{}, { by: 5 }, { by: -7 }, {}].map((args) =>
      stage.answer(stage.ask('client.0', 'incr', { key: 'n', ...args })),
    );
    expect(values).toEqual([{ value: 1 }, { value: 6 }, { value: -1 }, { value: 0 }]);
  });

  test.for([['text'], [1.5], [null], [[1]]])('that holds %j cannot be counted', ([value]) => {
    const stage = new Stage({ client: 1 });
    stage.ask('client.0', 'set', { key: 'k', value });
    expect(stage.answer(stage.ask('client.0', 'incr', { key: 'k' }))).toEqual({
      code: 'NOT_A_NUMBER',
      message: `key "k" holds ${JSON.stringify(value)}, not a whole number`,
    });
  });

  test('does not count beyond what numbers can hold exactly', () => {
    const stage = new Stage({ client: 1 });
    stage.ask('client.0', 'set', { key: 'k', value: Number.MAX_SAFE_INTEGER });
    expect(stage.answer(stage.ask('client.0', 'incr', { key: 'k' }))).toMatchObject({ code: 'NOT_A_NUMBER' });
  });

  test('is listed by its beginning, sorted', () => {
    const stage = new Stage({ client: 1 });
    for (const key of ['b', 'a.2', 'a.1', '__proto__']) stage.ask('client.0', 'set', { key, value: 1 });
    expect(stage.answer(stage.ask('client.0', 'keys', { prefix: 'a.' }))).toEqual({ keys: ['a.1', 'a.2'] });
    expect(stage.answer(stage.ask('client.0', 'keys', {}))).toEqual({
      keys: ['__proto__', 'a.1', 'a.2', 'b'],
    });
  });

  test('has a limit: a value of just that size is kept, a byte more is refused', () => {
    const stage = new Stage({ client: 1 });
    const { value: limit } = LIMITS.keyValue;
    const set = (bytes: number) =>
      stage.answer(stage.ask('client.0', 'set', { key: 'k', value: 'x'.repeat(bytes - 2) }));
    expect(set(limit)).toEqual({});
    expect(set(limit + 1)).toEqual({
      code: 'VALUE_TOO_LARGE',
      message: `the value of key "k" has ${limit + 1} bytes, where ${limit} are allowed`,
    });
  });

  test('fits while all keys do; to set one anew gives its room back first', () => {
    const stage = new Stage({ client: 1 });
    const value = 'x'.repeat(LIMITS.keyValue.value - 2);
    const set = (key: string) => stage.answer(stage.ask('client.0', 'set', { key, value }));
    const room = LIMITS.spaceBytes.value / LIMITS.keyValue.value;
    for (let n = 0; n < room - 1; n += 1) expect(set(`key ${n}`)).toEqual({});
    expect(set('one too many')).toMatchObject({ code: 'SPACE_FULL' });
    expect(set('key 0')).toEqual({});
  });
});

describe('a wait for a key', () => {
  test('is ended by the set, for all who wait', () => {
    const stage = new Stage({ client: 3 });
    const waiting = [0, 1].map((n) => stage.ask(`client.${n}`, 'get', { key: 'k', wait: true }));
    expect(stage.answers(...waiting)).toEqual([undefined, undefined]);
    stage.ask('client.2', 'set', { key: 'other', value: 1 });
    expect(stage.answers(...waiting)).toEqual([undefined, undefined]);
    stage.ask('client.2', 'set', { key: 'k', value: 'go' });
    expect(stage.answers(...waiting)).toEqual([
      { found: true, value: 'go' },
      { found: true, value: 'go' },
    ]);
  });

  test('is ended by a count', () => {
    const stage = new Stage({ client: 2 });
    const waiting = stage.ask('client.0', 'get', { key: 'k', wait: true });
    stage.ask('client.1', 'incr', { key: 'k' });
    expect(stage.answer(waiting)).toEqual({ found: true, value: 1 });
  });

  test('can be ended by another script of the same member', () => {
    const stage = new Stage({ client: 2 });
    const waiting = stage.ask('client.0', 'get', { key: 'k', wait: true });
    stage.ask('client.0', 'set', { key: 'k', value: 1 });
    expect(stage.answer(waiting)).toEqual({ found: true, value: 1 });
  });

  test('times out', () => {
    const stage = new Stage({ client: 2 });
    const waiting = stage.ask('client.0', 'get', { key: 'k', wait: true });
    stage.now = 3;
    stage.timeOut(waiting);
    expect(stage.answer(waiting)).toEqual({ code: 'TIMED_OUT', message: 'key "k" was not set within 3.0 s' });
  });

  test('that was withdrawn is not ended any more', () => {
    const stage = new Stage({ client: 2 });
    const waiting = stage.ask('client.0', 'get', { key: 'k', wait: true });
    const other = stage.ask('client.0', 'get', { key: 'k', wait: true });
    stage.space.withdraw(waiting);
    stage.ask('client.1', 'set', { key: 'k', value: 1 });
    expect(stage.answers(waiting, other)).toEqual([undefined, { found: true, value: 1 }]);
  });

  test('breaks when the last other member is gone, and says how they ended', () => {
    const stage = new Stage({ server: 1, client: 2 });
    const waiting = stage.ask('client.0', 'get', { key: 'k', wait: true });
    stage.leave('server.0', 'ended with status 0');
    expect(stage.answer(waiting)).toBeUndefined();
    stage.leave('client.1', 'was ended by SIGKILL');
    expect(stage.answer(waiting)).toEqual({
      code: 'WAIT_BROKEN',
      message:
        'key "k" can no longer be set: server.0 on n1: ended with status 0; client.1 on n3: was ended by SIGKILL',
    });
    expect(stage.space.toldOfBreak('client.0')?.culprit).toBe('server.0');
  });

  test('of two who are the last is not broken: each could set it for the other', () => {
    const stage = new Stage({ client: 3 });
    const waiting = [0, 1].map((n) => stage.ask(`client.${n}`, 'get', { key: 'k', wait: true }));
    stage.leave('client.2');
    expect(stage.answers(...waiting)).toEqual([undefined, undefined]);
  });

  test('of the only member breaks at once', () => {
    const stage = new Stage({ client: 1 });
    expect(stage.answer(stage.ask('client.0', 'get', { key: 'k', wait: true }))).toEqual({
      code: 'WAIT_BROKEN',
      message: 'key "k" is not set, and client.0 is the only member of the test',
    });
  });

  test('ends with its member', () => {
    const stage = new Stage({ client: 2 });
    const waiting = stage.ask('client.0', 'get', { key: 'k', wait: true });
    stage.leave('client.0', 'was lost');
    expect(stage.answer(waiting)).toEqual({ code: 'CANCELLED', message: 'client.0 was lost' });
    expect(stage.space.waits()).toEqual([]);
  });
});

describe('a request that is repeated', () => {
  test('while it waits counts once', () => {
    const stage = new Stage({ client: 2 });
    const request = stage.arrive('client.0');
    stage.arrive('client.0', {}, request);
    expect(stage.answer(request)).toBeUndefined();
    stage.arrive('client.1');
    expect(stage.answer(request)).toMatchObject({ rank: 0, size: 2 });
  });

  test.for([
    ['set', { key: 'k', value: 2 }],
    ['incr', { key: 'k' }],
  ] as const)('after it was decided gets the same answer and changes nothing: %s', ([verb, args]) => {
    const stage = new Stage({ client: 2 });
    const request = stage.ask('client.0', verb, args);
    stage.ask('client.1', 'set', { key: 'k', value: 100 });
    stage.ask('client.0', verb, args, request);
    const told = stage.told.get(request)!;
    expect(told).toHaveLength(2);
    expect(told[1]).toEqual(told[0]);
    expect(stage.answer(stage.ask('client.0', 'get', { key: 'k' }))).toEqual({ found: true, value: 100 });
  });

  test('after a release gets the same generation, rank and data', () => {
    const stage = new Stage({ client: 2 });
    const request = stage.arrive('client.1', { data: 'mine' });
    stage.arrive('client.0');
    stage.arrive('client.1', { data: 'mine' }, request);
    const [first, second] = stage.told.get(request)!;
    expect(second).toEqual(first);
    const [again] = stage.space.ask('barrier', { name: 'ready' }, { member: 'client.1', request, at: 0 });
    expect(again?.answer.ok && again.answer.release?.arrivals[0]).toMatchObject({ data: 'mine' });
  });

  test('after it was refused or broken gets the same refusal', () => {
    const stage = new Stage({ client: 2 });
    const refused = stage.arrive('client.0', { count: 7 });
    stage.arrive('client.0', { count: 2 }, refused);
    expect(stage.told.get(refused)!.map((told) => told['code'])).toEqual([
      'BAD_PARTICIPANTS',
      'BAD_PARTICIPANTS',
    ]);
    const broken = stage.arrive('client.0');
    stage.leave('client.1');
    stage.arrive('client.0', {}, broken);
    const [first, second] = stage.told.get(broken)!;
    expect(second).toEqual(first);
  });

  test('after it was withdrawn is asked anew', () => {
    const stage = new Stage({ client: 2 });
    const request = stage.arrive('client.0');
    stage.space.withdraw(request);
    stage.arrive('client.1');
    stage.arrive('client.0', {}, request);
    expect(stage.answer(request)).toMatchObject({ rank: 1, size: 2 });
  });

  test('is answered also when its member has ended meanwhile', () => {
    const stage = new Stage({ client: 2 });
    const request = stage.ask('client.0', 'incr', { key: 'k' });
    stage.leave('client.0');
    stage.ask('client.0', 'incr', { key: 'k' }, request);
    expect(stage.told.get(request)).toEqual([{ value: 1 }, { value: 1 }]);
  });
});

describe('what is kept of decisions', () => {
  test("ends with the member's next arrival at that barrier, which proves that it has the answer", () => {
    const stage = new Stage({ client: 2 });
    const first = stage.arrive('client.0');
    stage.arrive('client.1');
    stage.arrive('client.0');
    expect(
      stage.space.ask('barrier', { name: 'ready' }, { member: 'client.0', request: first, at: 0 }),
    ).toEqual([
      { request: first, answer: { ok: false, error: expect.objectContaining({ code: 'ALREADY_ARRIVED' }) } },
    ]);
  });

  test('takes no more room however often a barrier is passed', () => {
    const stage = new Stage({ client: 2 }, 10);
    for (let n = 0; n < 100; n += 1) {
      const requests = [stage.arrive('client.0'), stage.arrive('client.1')];
      expect(stage.answers(...requests)).toMatchObject([{ generation: n }, { generation: n }]);
    }
  });

  test('has a bound, beyond which nothing new is taken and nothing more is kept', () => {
    const stage = new Stage({ client: 2 }, 100);
    const { space } = stage;
    const waiting = stage.ask('client.1', 'get', { key: 'late', wait: true });
    for (let n = 0; n < 100; n += 1)
      space.ask('set', { key: 'k', value: 1 }, { member: 'client.0', request: `set-${n}`, at: 0 });
    for (const request of ['more-1', 'more-2'])
      expect(stage.answer(stage.ask('client.0', 'set', { key: 'late', value: 1 }, request))).toEqual({
        code: 'SPACE_FULL',
        message: 'the test has used up its 100 decisions',
      });
    // What was decided is still answered, and what waits can still be told of a break.
    expect(space.ask('set', { key: 'k', value: 2 }, { member: 'client.0', request: 'set-0', at: 0 })).toEqual(
      [{ request: 'set-0', answer: { ok: true, result: {} } }],
    );
    stage.leave('client.0');
    expect(stage.answer(waiting)).toMatchObject({ code: 'WAIT_BROKEN' });
  });
});

describe('who waits for what', () => {
  test('is known at any time', () => {
    const stage = new Stage({ server: 1, client: 2 });
    stage.now = 4;
    stage.arrive('client.0');
    stage.now = 5;
    stage.arrive('server.0', { name: 'done', roles: ['server', 'client'] });
    stage.ask('client.1', 'get', { key: 'port', wait: true });
    expect(stage.space.waits()).toEqual([
      { member: 'client.0', on: 'barrier "ready"', since: 4, missing: ['server.0', 'client.1'], needs: 2 },
      { member: 'server.0', on: 'barrier "done"', since: 5, missing: ['client.0', 'client.1'], needs: 2 },
      { member: 'client.1', on: 'key "port"', since: 5, missing: [], needs: 0 },
    ]);
  });

  test('of a barrier with a count lists all who could come', () => {
    const stage = new Stage({ client: 3 });
    stage.arrive('client.1', { count: 2 });
    expect(stage.space.waits()[0]?.missing).toEqual(['client.0', 'client.2']);
  });
});

test('a member that is not part of the test gets nothing', () => {
  const stage = new Stage({ client: 1 });
  expect(stage.answer(stage.ask('server.0', 'set', { key: 'k', value: 1 }))).toMatchObject({
    code: 'NO_SUCH_MEMBER',
  });
});

test('of ten thousand releases the report keeps a record, and no more than that', () => {
  const stage = new Stage({ client: 1 });
  for (let n = 0; n < 10_050; n += 1) stage.arrive('client.0');
  expect(stage.space.records.all).toHaveLength(10_000);
});

test('the first break a member is told of is the one that is remembered', () => {
  const stage = new Stage({ server: 1, client: 2 });
  stage.abort('server.0', 'first', 'a');
  stage.abort('client.1', 'second', 'b');
  stage.arrive('client.0', { name: 'a' });
  stage.arrive('client.0', { name: 'b' });
  expect(stage.space.toldOfBreak('client.0')).toMatchObject({ culprit: 'server.0' });
});
