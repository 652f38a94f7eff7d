import { join } from 'node:path';
import { FakeClock } from '@tutti/testkit';
import { describe, expect, test } from 'vitest';
import type { NodeIdentity } from '../../src/agents/node.ts';
import type { AttemptRun, Run, TestRun } from '../../src/runs/model.ts';
import { planAttempt, planTests } from '../../src/runs/plan.ts';
import { Store } from '../../src/store/store.ts';
import { FACTS, id, memberEnd, quiet } from '../lab.ts';
import { castOf, command, role, testSpec } from '../runs/a-test.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

const IDENTITY = {
  ...{ agent: id('1'), name: 'n1', boot: 'b', labels: { rack: 'r1' }, facts: FACTS, software: '0.1.0' },
  address: undefined,
};

async function path(): Promise<string> {
  return join(await temporaryDirectory(), 'master.db');
}

function open(at: string): Store {
  return Store.open({ path: at, clock: new FakeClock(), log: quiet });
}

/** What the next master finds: nothing is closed, as after a kill. */
async function reopened<T>(at: string, look: (store: Store) => T): Promise<T> {
  const store = open(at);
  try {
    return look(store);
  } finally {
    await store.close();
  }
}

function newRun(number: number): Run {
  const spec = {
    suite: 'A suite',
    files: [],
    tests: [testSpec([role('server'), role('client', 2)]), testSpec([role('server')], { name: 'second' })],
  };
  return {
    ...{
      number,
      id: id(String(number)),
      spec,
      dir: `/runs/${number}-a-suite`,
      owned: true,
      priority: 0,
      tests: planTests(spec),
    },
    ...{ phase: 'queued', started: 1000.5, cast: [], agents: new Map(), facts: new Map() },
  };
}

function begun(run: Run): { test: TestRun; attempt: AttemptRun } {
  run.cast = castOf({ server: ['n1'], client: ['n2', 'n3'] });
  run.facts = new Map([['n1', FACTS]]);
  run.phase = 'running';
  const [first] = run.tests;
  if (first === undefined) throw new Error('no test');
  let ids = 0;
  const attempt = planAttempt(first, run.cast, () => {
    ids += 1;
    return id(ids.toString(16));
  });
  first.attempts.push(attempt);
  first.state = 'running';
  first.started = 2000;
  return { test: first, attempt };
}

describe('the list of runs', () => {
  test('has the newest first, by pages, with its tests counted', async () => {
    const store = open(await path());
    for (const number of [1, 2, 3]) await store.runs.create(newRun(number));
    const run = newRun(4);
    await store.runs.create(run);
    const { test: first } = begun(run);
    Object.assign(first, { state: 'ended', status: 'FAIL' });
    Object.assign(run, { phase: 'finished', status: 'FAIL', exit: 1, cause: 'why', duration: 2.5 });
    await Promise.all([store.runs.saveTest(run, first), store.runs.saveRun(run)]);
    const numbers = (rows: readonly { number: number }[]) => rows.map(({ number }) => number);
    const list = store.runList;
    expect(numbers(list.page({}, 10))).toEqual([4, 3, 2, 1]);
    expect(numbers(list.page({ before: 3 }, 1))).toEqual([2]);
    expect(numbers(list.page({ stages: ['queued'] }, 10))).toEqual([3, 2, 1]);
    expect(numbers(list.page({ stages: ['running'], statuses: ['FAIL'] }, 10))).toEqual([4]);
    expect(numbers(list.page({ suite: 'A*te' }, 10))).toEqual([4, 3, 2, 1]);
    expect(numbers(list.page({ suite: '[A] suite' }, 10))).toEqual([]);
    expect(list.page({}, 1)).toEqual([
      {
        ...{ number: 4, id: id('4'), suite: 'A suite', dir: '/runs/4-a-suite', phase: 'finished' },
        ...{ started: 1000.5, priority: 0, status: 'FAIL', cause: 'why', exit: 1, duration: 2.5 },
        ...{ size: 2, done: 1, notOk: 1 },
      },
    ]);
    expect(store.runs.find({ id: id('3') })?.number).toBe(3);
    expect(store.runs.find({ number: 9 })).toBeUndefined();
    expect(store.runs.newest()).toBe(4);
    await store.close();
  });
});

describe('a run', () => {
  test('comes back as it was kept, whatever had become of it', async () => {
    const at = await path();
    const store = open(at);
    const run = newRun(1);
    await store.runs.create(run);
    expect(await reopened(at, ({ runs }) => runs.load(0))).toEqual([run]);

    const { test: first, attempt } = begun(run);
    void store.runs.saveRun(run);
    void store.runs.saveTest(run, first);
    await store.runs.createAttempt(run, first, attempt);
    expect(await reopened(at, ({ runs }) => runs.load(0))).toEqual([run]);

    Object.assign(attempt, { opened: 3000, lingers: 4000, over: 'timeout', extensions: { r1: 60 } });
    attempt.trouble = { status: 'INTERRUPTED', cause: 'timed out' };
    run.cancelled = 'by an operator';
    void store.runs.saveRun(run);
    void store.runs.saveAttempt('over', run, first, attempt);
    const [server, client] = attempt.members;
    if (server === undefined || client === undefined) throw new Error('no members');
    Object.assign(server, { state: 'ended', end: memberEnd(), endOrder: 0, collected: true });
    server.skipped = [{ path: 'a', why: 'a socket' }];
    server.verdict = { status: 'FAIL', cause: 'exited with status 1', becauseOf: 'client.0' };
    Object.assign(client, { lost: 'was lost', incarnation: 2 });
    client.rebooting = { incarnation: 2, until: 5000, timeout: 600 };
    void store.runs.saveMember('ended', attempt, server);
    await store.runs.saveMember('lost', attempt, client);
    expect(await reopened(at, ({ runs }) => runs.load(0))).toEqual([run]);

    const serving = command({ of: 'server.0', order: { command: 'serve', env: { A: 'b' } }, state: 'asked' });
    const other = command({ id: id('4'), of: 'server.0', number: 2, place: 1, end: memberEnd(), ended: 5 });
    attempt.commands.push(serving, other);
    void store.runs.saveCommand('asked for', attempt, other);
    await store.runs.saveCommand('asked for', attempt, serving);
    expect(await reopened(at, ({ runs }) => runs.load(0))).toEqual([run]);
    delete serving.order;
    Object.assign(serving, { state: 'ended', lost: 'was lost' });
    await store.runs.saveCommand('lost', attempt, serving);
    expect(await reopened(at, ({ runs }) => runs.load(0))).toEqual([run]);

    server.subtests = [{ name: 'a', status: 'pass', measure: 1.5, unit: 'Mbit/s' }];
    attempt.reboots = { 'server.0 request-1': { member: 'client.0', incarnation: 2 } };
    run.agents = new Map([['n1', id('1')]]);
    const arrivals = [{ member: 'client.0', at: 1_700_000_000.25 }];
    attempt.barriers = [
      { name: 'ready', generation: 0, size: 3, skew: 0.5, released: 1_700_000_000.25, arrivals },
    ];
    attempt.waits = [{ member: 'client.0', what: 'key "k"', from: 1, error: 'timed out', missing: ['a.0'] }];
    attempt.omitted = { waits: 3 };
    client.boots = [{ ended: 1000, back: 2000 }];
    Object.assign(attempt, { status: 'FAIL', cause: 'because' });
    await store.runs.concludeAttempt(run, first, attempt);
    Object.assign(first, { status: 'FAIL', cause: 'because', duration: 1.5, state: 'ended' });
    Object.assign(run, { status: 'FAIL', cause: 'because', exit: 1, duration: 2.5 });
    void store.runs.saveTest(run, first);
    await store.runs.saveRun(run);
    expect(await reopened(at, ({ runs }) => runs.load(0))).toEqual([run]);
    await store.close();
  });

  test('that is finished is among the newest that are, and no others', async () => {
    const at = await path();
    const store = open(at);
    for (let number = 1; number <= 4; number += 1) {
      const run = newRun(number);
      void store.runs.create(run);
      if (number === 2) continue;
      run.phase = 'finished';
      void store.runs.saveRun(run);
    }
    await store.committed();
    const numbers = await reopened(at, ({ runs }) => runs.load(2).map(({ number }) => number));
    expect(numbers).toEqual([2, 3, 4]);
    expect(store.runs.unfinishedDirectories()).toEqual(new Set(['/runs/2-a-suite']));
    await store.close();
  });
});

describe('decisions', () => {
  test('come back in their order, and go when the attempt has its verdict', async () => {
    const at = await path();
    const store = open(at);
    const run = newRun(1);
    void store.runs.create(run);
    const { test: first, attempt } = begun(run);
    void store.runs.createAttempt(run, first, attempt);
    const abort = (request: string) => ({ did: 'abort' as const, request });
    void store.decisions.append(attempt.id, [abort('a'), abort('b')]);
    await store.decisions.append(attempt.id, [abort('c')]);
    const kept = () => reopened(at, ({ decisions }) => decisions.of(attempt.id));
    expect(await kept()).toEqual([abort('a'), abort('b'), abort('c')]);
    await store.runs.concludeAttempt(run, first, attempt);
    expect(await kept()).toEqual([]);
    await store.close();
  });
});

describe('nodes', () => {
  test('come back as they introduced themselves last; who takes a name takes the place', async () => {
    const at = await path();
    const store = open(at);
    const save = (more: Partial<NodeIdentity>, orders = {}) =>
      store.nodes.save({ identity: { ...IDENTITY, ...more }, orders }, false);
    void save({});
    void save({ agent: id('2'), name: 'n2', address: '10.0.0.9' });
    await save({ name: 'renamed' }, { quarantined: { since: 5, reason: 'smoke' } });
    const names = () =>
      reopened(at, ({ nodes }) =>
        nodes.all().map(({ identity: { agent, name } }) => `${agent.slice(0, 1)} ${name}`),
      );
    expect(await names()).toEqual(['1 renamed', '2 n2']);
    await save({ agent: id('3'), name: 'n2' });
    expect(await names()).toEqual(['1 renamed', '3 n2']);
    expect((await reopened(at, ({ nodes }) => nodes.all()))[0]).toEqual({
      identity: { ...IDENTITY, name: 'renamed' },
      orders: { quarantined: { since: 5, reason: 'smoke' } },
    });
    await store.close();
  });
});

test('settings are the last that were set', async () => {
  const at = await path();
  const store = open(at);
  void store.settings.set('a', '1');
  await store.settings.set('a', '2');
  expect(await reopened(at, ({ settings }) => [settings.get('a'), settings.get('b')])).toEqual([
    '2',
    undefined,
  ]);
  await store.close();
});
