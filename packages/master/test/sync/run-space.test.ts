/** The space that all tests of a run share: who takes part, how long one waits there, and what outlives a test and a master. */
import type { SyncArgs, SyncVerb, TuttiError } from '@tutti/protocol';
import { FakeClock, rejection, settled } from '@tutti/testkit';
import { describe, expect, test } from 'vitest';
import { playersInRun, SyncBroker } from '../../src/sync/broker.ts';
import type { Effect } from '../../src/sync/effects.ts';
import type { SyncSession } from '../../src/sync/live-space.ts';
import { missingInWords } from '../../src/sync/wait-graph.ts';
import { brief, players } from './players.ts';

const RUN = 'c'.repeat(32);
const ONE = '1'.repeat(32);
const TWO = '2'.repeat(32);
const PAIR = players({ client: 2 });

class Agent implements SyncSession {
  closed: TuttiError | undefined;
  readonly data: Uint8Array[] = [];

  sendEncoded(frame: Uint8Array): void {
    this.data.push(frame);
  }
}

/** A run whose tests are begun by `begin`; all that is decided is kept by space, as a store does. */
class Master {
  readonly clock = new FakeClock();
  readonly kept: Map<string, Effect[]>;
  readonly broker: SyncBroker;
  readonly agent = new Agent();
  #requests = 0;

  constructor(kept = new Map<string, Effect[]>()) {
    this.kept = kept;
    this.broker = new SyncBroker(this.clock, {
      append: async (space, effects) => {
        const copy = JSON.parse(JSON.stringify(effects)) as Effect[];
        this.kept.set(space, [...(this.kept.get(space) ?? []), ...copy]);
      },
    });
  }

  begin(attempt: string, testName: string, { more = false, timeout = 60 } = {}): void {
    const restored = this.kept.get(attempt) ?? [];
    this.broker.open(attempt, PAIR, timeout, { restored, inRun: { run: RUN, test: testName, more } });
  }

  ask<V extends SyncVerb>(attempt: string, member: string, verb: V, args: SyncArgs<V>, request?: string) {
    this.#requests += 1;
    const call = { attempt, member, request: request ?? `request-${this.#requests}`, args };
    const stop = new AbortController();
    const at = this.clock.monotonicMs();
    return this.broker.call(verb, { ...call, at }, this.agent, () => stop.signal);
  }

  async failure(asked: Promise<unknown>) {
    return brief((await rejection(asked)) as TuttiError);
  }

  end(attempt: string): void {
    for (const { name } of PAIR) this.broker.leave(attempt, name, 'ended with status 0');
    this.broker.close(attempt);
  }
}

function run(): Master {
  const master = new Master();
  master.broker.openRun(RUN);
  return master;
}

const scope = 'run' as const;

describe('in run scope', () => {
  test('what one test leaves another finds, and neither finds it in its own', async () => {
    const master = run();
    master.begin(ONE, 'one', { more: true });
    await master.ask(ONE, 'client.0', 'set', { key: 'image', value: 7, scope });
    await master.ask(ONE, 'client.0', 'send', { topic: 't', data: 'x', scope });
    expect(await master.ask(ONE, 'client.1', 'get', { key: 'image' })).toMatchObject({ found: false });
    master.end(ONE);
    master.begin(TWO, 'two');
    expect(await master.ask(TWO, 'client.0', 'get', { key: 'image', scope })).toEqual({
      found: true,
      value: 7,
    });
    expect(await master.ask(TWO, 'client.0', 'keys', {})).toEqual({ keys: [] });
    const received = await master.ask(TWO, 'client.0', 'recv', { topic: 't', scope }, 'receiving');
    expect(received).toEqual({ found: true, offset: 0, data: 'x' });
    expect(await master.ask(TWO, 'client.0', 'ack', { request: 'receiving', scope })).toEqual({});
    expect(await master.failure(master.ask(TWO, 'client.0', 'ack', { request: 'receiving' }))).toMatchObject({
      code: 'NOT_HELD',
    });
  });

  test('members of tests that run at the same time meet, each under the name of its test', async () => {
    const master = run();
    master.begin(ONE, 'one', { more: true });
    master.begin(TWO, 'a/b');
    const first = master.ask(ONE, 'client.0', 'barrier', { name: 'ready', count: 2, data: 1, scope });
    const second = master.ask(TWO, 'client.0', 'barrier', { name: 'ready', count: 2, scope });
    expect(await first).toMatchObject({ rank: 0, size: 2, hasData: true });
    expect(await second).toMatchObject({ rank: 1 });
    const [frame] = master.agent.data;
    expect(Buffer.from(frame ?? []).toString('latin1')).toContain('{"one/client.0":1,"a/b/client.0":null}');
  });

  test.each([{}, { roles: ['client'] }, { members: ['client.0'] }])(
    'a barrier needs a count: %j is refused',
    async (who) => {
      const master = run();
      master.begin(ONE, 'one');
      const refused = master.ask(ONE, 'client.0', 'barrier', { name: 'ready', ...who, scope });
      expect(await master.failure(refused)).toEqual({
        code: 'BAD_PARTICIPANTS',
        message: 'barrier "ready": in run scope give count: roles and members are those of one test',
      });
    },
  );

  test('a lock is held until the member ends, whatever its test does', async () => {
    const master = run();
    master.begin(ONE, 'one', { more: true });
    master.begin(TWO, 'two');
    await master.ask(ONE, 'client.0', 'lock', { name: 'rack', scope });
    const next = master.ask(TWO, 'client.0', 'lock', { name: 'rack', scope });
    await settled();
    expect(master.broker.waits(TWO)).toMatchObject([
      { on: 'lock "rack" of the run', missing: ['one/client.0'] },
    ]);
    master.broker.leave(ONE, 'client.0', 'ended with status 0');
    expect(await next).toEqual({});
  });
});

describe('a wait in run scope', () => {
  test('goes on while a test is to come, though nobody else is left now', async () => {
    const master = run();
    master.begin(ONE, 'one', { more: true });
    const patient = master.ask(ONE, 'client.0', 'get', { key: 'k', wait: true, scope });
    const meeting = master.ask(ONE, 'client.0', 'barrier', { name: 'ready', count: 3, scope });
    master.broker.leave(ONE, 'client.1', 'ended with status 0');
    await settled();
    expect(master.broker.debugState().waiters).toBe(2);
    master.clock.advance(58_000);
    expect(await master.failure(patient)).toEqual({
      code: 'TIMED_OUT',
      message: 'key "k" was not set within 58.0 s',
    });
    expect(await master.failure(meeting)).toMatchObject({ code: 'TIMED_OUT' });
  });

  test('breaks when the last test has begun and nobody is left who could end it', async () => {
    const master = run();
    master.begin(ONE, 'one', { more: true });
    master.end(ONE);
    master.begin(TWO, 'two');
    const patient = master.ask(TWO, 'client.0', 'recv', { topic: 't', scope });
    const meeting = master.ask(TWO, 'client.0', 'barrier', { name: 'ready', count: 2, scope });
    master.broker.leave(TWO, 'client.1', 'exited with status 1');
    expect(await master.failure(patient)).toEqual({
      code: 'WAIT_BROKEN',
      message:
        'topic "t" can get no message any more: two/client.1 on n2: exited with status 1; one/client.1 on n2: ended with status 0; one/client.0 on n1: ended with status 0',
    });
    expect(await master.failure(meeting)).toMatchObject({
      code: 'BARRIER_BROKEN',
      message: expect.stringContaining(
        '1 of 2 arrived; missing two/client.1 on n2: exited with status 1',
      ) as string,
    });
    expect(master.broker.told(TWO, 'client.0')).toMatchObject({ culprit: 'client.1' });
  });

  test('breaks when the last test begins, if even that brings too few', async () => {
    const master = run();
    master.begin(ONE, 'one', { more: true });
    const meeting = master.failure(master.ask(ONE, 'client.0', 'barrier', { name: 'all', count: 9, scope }));
    master.begin(TWO, 'two');
    expect(await meeting).toMatchObject({ code: 'BARRIER_BROKEN' });
  });

  test('blames nobody of a test for what a member of another broke', async () => {
    const master = run();
    master.begin(ONE, 'one', { more: true });
    master.begin(TWO, 'two');
    const meeting = master.failure(
      master.ask(ONE, 'client.0', 'barrier', { name: 'ready', count: 4, scope }),
    );
    master.broker.leave(TWO, 'client.1', 'exited with status 1');
    expect(await meeting).toMatchObject({ code: 'BARRIER_BROKEN' });
    expect(master.broker.told(ONE, 'client.0')).toMatchObject({ culprit: undefined });
  });

  test('gives up just before its own test does, and later when that is given more time', async () => {
    const master = run();
    master.begin(ONE, 'one', { more: true, timeout: 60 });
    master.begin(TWO, 'two', { timeout: 600 });
    const short = master.ask(ONE, 'client.0', 'lock', { name: 'rack', scope });
    await short;
    const waiting = master.failure(master.ask(ONE, 'client.1', 'lock', { name: 'rack', scope }));
    const other = master.ask(TWO, 'client.0', 'lock', { name: 'rack', scope });
    master.broker.extend(ONE, 10);
    master.clock.advance(67_999);
    expect(master.broker.debugState().waiters).toBe(2);
    master.clock.advance(1);
    expect(await waiting).toMatchObject({ code: 'TIMED_OUT' });
    master.broker.leave(ONE, 'client.0', 'ended with status 0');
    expect(await other).toEqual({});
  });

  test('is shown with those who could end it, none while others may come, and not who has left', async () => {
    const master = run();
    master.begin(ONE, 'one', { more: true });
    master.end(ONE);
    master.begin(TWO, 'two');
    void rejection(master.ask(TWO, 'client.0', 'barrier', { name: 'ready', count: 2, scope }));
    const [wait] = master.broker.waits(TWO);
    expect(wait).toMatchObject({ member: 'client.0', on: 'barrier "ready" of the run', needs: 1 });
    expect(wait && missingInWords(wait)).toEqual(['two/client.1']);
    master.end(TWO);
  });

  test('of a caller that is gone is withdrawn when its agent is back without it', async () => {
    const master = run();
    master.begin(ONE, 'one');
    const gone = master.failure(master.ask(ONE, 'client.0', 'get', { key: 'k', wait: true, scope }, 'gone'));
    void rejection(master.ask(ONE, 'client.0', 'get', { key: 'k', wait: true, scope }, 'kept'));
    master.broker.keepOnly(ONE, 'client.0', new Set(['kept']), { mayComeAgain: true });
    expect(await gone).toMatchObject({ code: 'CANCELLED' });
    expect(master.broker.debugState().waiters).toBe(1);
  });
});

describe('the next master', () => {
  test('has what was decided, repeats the answers, and knows who has left', async () => {
    const before = run();
    before.begin(ONE, 'one', { more: true });
    expect(await before.ask(ONE, 'client.0', 'incr', { key: 'n', scope }, 'counting')).toEqual({ value: 1 });
    await before.ask(ONE, 'client.1', 'lock', { name: 'rack', scope });
    before.end(ONE);
    await settled();
    const after = new Master(before.kept);
    after.broker.openRun(RUN, playersInRun('one', PAIR), after.kept.get(RUN));
    after.begin(TWO, 'two');
    expect(await after.ask(TWO, 'client.0', 'incr', { key: 'n', scope })).toEqual({ value: 2 });
    expect(await after.ask(TWO, 'client.0', 'lock', { name: 'rack', scope })).toEqual({});
    after.broker.leave(TWO, 'client.1', 'ended with status 0');
    expect(await after.failure(after.ask(TWO, 'client.0', 'recv', { topic: 't', scope }))).toMatchObject({
      code: 'WAIT_BROKEN',
    });
  });

  test('gives a repeated request of a test that goes on the answer it had', async () => {
    const before = run();
    before.begin(ONE, 'one');
    await before.ask(ONE, 'client.0', 'incr', { key: 'n', scope }, 'counting');
    await settled();
    const after = new Master(before.kept);
    after.broker.openRun(RUN, playersInRun('one', PAIR), after.kept.get(RUN));
    after.begin(ONE, 'one');
    expect(await after.ask(ONE, 'client.0', 'incr', { key: 'n', scope }, 'counting')).toEqual({ value: 1 });
    expect(await after.ask(ONE, 'client.1', 'get', { key: 'n', scope })).toEqual({ found: true, value: 1 });
  });
});

test('a run that is over is closed to all, and nothing of it is left', async () => {
  const master = run();
  master.begin(ONE, 'one', { more: true });
  const waiting = master.failure(master.ask(ONE, 'client.0', 'get', { key: 'k', wait: true, scope }));
  master.broker.closeRun(RUN);
  expect(await waiting).toEqual({ code: 'SPACE_CLOSED', message: 'the run is over' });
  master.end(ONE);
  expect(master.broker.debugState()).toEqual({ spaces: 0, waiters: 0, timers: 0 });
  expect(master.clock.timers).toBe(0);
});

test('each space has its own limits', async () => {
  const master = run();
  master.begin(ONE, 'one');
  const large = 'x'.repeat(200 * 1024);
  for (let n = 0; n < 327; n += 1)
    await master.ask(ONE, 'client.0', 'set', { key: `${n}`, value: large, scope });
  const full = master.ask(ONE, 'client.0', 'set', { key: 'one more', value: large, scope });
  expect(await master.failure(full)).toMatchObject({
    code: 'SPACE_FULL',
    message: expect.stringContaining("the run's keys and topics exceed") as string,
  });
  expect(await master.ask(ONE, 'client.0', 'set', { key: 'one more', value: large })).toEqual({});
});
