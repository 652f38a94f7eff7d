import { TuttiError } from '@tutti/protocol';
import { rejection, settled } from '@tutti/testkit';
import { describe, expect, test, vi } from 'vitest';
import { MemberFiles } from '../../src/logs/member-files.ts';
import { id, memberEnd } from '../lab.ts';
import { NO_HINDRANCE } from '../no-hindrance.ts';
import { role } from './a-test.ts';
import { AttemptLab, NOTHING } from './attempt-lab.ts';

const never = () => new Promise<never>(() => {});
const serverAndClients = [role('server'), role('client', 2)];
const statuses = (lab: AttemptLab) => lab.model.members.map(({ verdict }) => verdict?.status);

describe('an attempt', () => {
  test('stages, starts and collects all its members, passes when they do, and leaves nothing behind', async () => {
    const lab = await AttemptLab.start(serverAndClients);
    expect(lab.test.state).toBe('running');
    for (const name of ['client.1', 'server.0', 'client.0']) await lab.end(name, 0);
    await lab.over;
    expect(lab.model).toMatchObject({ status: 'PASS' });
    expect(lab.model).not.toHaveProperty('cause');
    expect(lab.model.members.map(({ endOrder }) => endOrder)).toEqual([1, 2, 0]);
    for (const name of ['server.0', 'client.0', 'client.1'])
      expect(lab.asked(name)).toEqual(['member.prepare', 'member.start', 'member.forget']);
    expect(lab.leftovers).toEqual(NOTHING);
  });

  test('starts nobody before all are staged, and then all', async () => {
    const staged = Promise.withResolvers<Record<string, never>>();
    const lab = await AttemptLab.start(serverAndClients, {
      agents: { n2: { handlers: { 'member.prepare': () => staged.promise } } },
    });
    expect(lab.test.state).toBe('staging');
    for (const name of ['server.0', 'client.0', 'client.1'])
      expect(lab.asked(name)).toEqual(['member.prepare']);
    expect(lab.model.members.map(({ state }) => state)).toEqual(['staged', 'waiting', 'staged']);
    staged.resolve({});
    await settled();
    for (const name of ['server.0', 'client.0', 'client.1']) expect(lab.asked(name)[1]).toBe('member.start');
  });

  test('gives barriers the time from its start, however long staging took', async () => {
    const staged = Promise.withResolvers<Record<string, never>>();
    const lab = await AttemptLab.start([role('client', 2)], {
      timeout: 60,
      agents: { n2: { handlers: { 'member.prepare': () => staged.promise } } },
    });
    await lab.clock.pass(50_000);
    staged.resolve({});
    await settled();
    const params = { member: lab.id('client.0'), request: 'the-request', at: 0, args: { name: 'go' } };
    const answer = rejection(lab.agent('client.0').session.call('sync.barrier', params));
    await settled();
    await lab.clock.pass(57_999);
    expect(lab.broker.debugState()).toMatchObject({ waiters: 1 });
    await lab.clock.pass(1);
    expect(await answer).toMatchObject({ code: 'TIMED_OUT' });
  });

  test('keeps what its members waited for as of when it was over, not what being stopped made of that', async () => {
    const lab = await AttemptLab.start([role('client', 2)], { timeout: 60 });
    const params = { member: lab.id('client.0'), request: 'the-request', at: 0, args: { name: 'go' } };
    const answer = rejection(lab.agent('client.0').session.call('sync.barrier', { ...params }));
    await settled();
    const from = lab.clock.wallMs() / 1000;
    await lab.clock.pass(5000);
    lab.attempt.cancel('enough');
    await settled();
    await lab.endStopped('client.1', 'client.0');
    await lab.over;
    await answer;
    expect(lab.model.waits).toEqual([
      { member: 'client.0', what: 'barrier "go"', from, missing: ['client.1'] },
    ]);
  });

  test('keeps the records of its barriers', async () => {
    const lab = await AttemptLab.start([role('client')]);
    const params = { member: lab.id('client.0'), request: 'the-request', at: 0, args: { name: 'go' } };
    await lab.agent('client.0').session.call('sync.barrier', params);
    await lab.end('client.0', 0);
    await lab.over;
    expect(lab.model.barriers).toMatchObject([{ name: 'go', generation: 0, size: 1, skew: 0 }]);
  });
});

describe('a member that cannot be staged', () => {
  test('makes the attempt ERROR, naming member and node; nobody is started, and all forget', async () => {
    const lab = await AttemptLab.start(serverAndClients, {
      agents: {
        n2: {
          handlers: {
            'member.prepare': () => Promise.reject(new TuttiError('DISK_FULL', 'no room at /var')),
          },
        },
      },
    });
    await lab.over;
    expect(lab.model).toMatchObject({
      status: 'ERROR',
      cause: 'client.0 on n2 could not be staged: no room at /var',
    });
    for (const name of ['server.0', 'client.0', 'client.1'])
      expect(lab.asked(name)).toEqual(['member.prepare', 'member.forget']);
    expect(statuses(lab)).toEqual(['CANCEL', 'CANCEL', 'CANCEL']);
    expect(lab.leftovers).toEqual(NOTHING);
  });

  test('does not wait for the others, and the first reason stands', async () => {
    const lab = await AttemptLab.start(serverAndClients, {
      agents: {
        n1: { handlers: { 'member.prepare': never } },
        n2: { handlers: { 'member.prepare': () => Promise.reject(new TuttiError('DISK_FULL', 'full')) } },
        n3: { handlers: { 'member.prepare': () => Promise.reject(new TuttiError('DISK_FULL', 'full too')) } },
      },
    });
    await lab.over;
    expect(lab.model.cause).toBe('client.0 on n2 could not be staged: full');
    // It may be making the member's directory just now.
    expect(lab.asked('server.0')).toEqual(['member.prepare', 'member.forget']);
    expect(lab.leftovers).toEqual(NOTHING);
  });

  test('because its node is away too long makes the attempt ERROR', async () => {
    const lab = await AttemptLab.start(serverAndClients, {
      grace: 5,
      agents: { n2: { handlers: { 'member.prepare': never } } },
    });
    await lab.agent('n2').cut();
    await lab.clock.pass(5000);
    await lab.over;
    expect(lab.model).toMatchObject({
      status: 'ERROR',
      cause: 'client.0 on n2 was lost: its node was away for more than 5 s',
    });
    expect(lab.asked('server.0')).not.toContain('member.start');
    expect(lab.leftovers).toEqual(NOTHING);
  });

  test('any more, because it was lost while others were staged, is not started after all', async () => {
    const lab = await AttemptLab.start(serverAndClients, {
      grace: 5,
      agents: { n1: { handlers: { 'member.prepare': never } } },
    });
    await lab.agent('n3').cut();
    await lab.clock.pass(5000);
    await lab.over;
    expect(lab.model).toMatchObject({
      status: 'ERROR',
      cause: expect.stringContaining('client.1 on n3 was lost'),
    });
    for (const name of ['server.0', 'client.0']) expect(lab.asked(name)).not.toContain('member.start');
  });
});

describe('the first essential FAIL', () => {
  test('lets the rest go on for the linger; then they are stopped, CANCEL', async () => {
    const lab = await AttemptLab.start(serverAndClients, { linger: 10 });
    await lab.end('client.0', 1, { lastLine: 'bind: address in use' });
    await lab.clock.pass(9999);
    expect(lab.asked('server.0')).not.toContain('member.stop test-over');
    await lab.clock.pass(1);
    expect(lab.asked('server.0')).toContain('member.stop test-over');
    await lab.endStopped('server.0', 'client.1');
    await lab.over;
    expect(lab.model).toMatchObject({
      status: 'FAIL',
      cause: 'client.0 on n2 exited with status 1 (last line: "bind: address in use")',
    });
    expect(statuses(lab)).toEqual(['CANCEL', 'FAIL', 'CANCEL']);
    expect(lab.leftovers).toEqual(NOTHING);
  });

  test('ends the test at once when the linger is 0', async () => {
    const lab = await AttemptLab.start(serverAndClients, { linger: 0 });
    await lab.end('client.0', 1);
    await lab.clock.pass(0);
    await lab.endStopped('server.0', 'client.1');
    await lab.over;
    expect(lab.model.status).toBe('FAIL');
  });

  test('needs no linger when the others end by themselves', async () => {
    const lab = await AttemptLab.start(serverAndClients);
    await lab.end('client.0', 1);
    await lab.end('client.1', 0);
    await lab.end('server.0', 0);
    await lab.over;
    expect(statuses(lab)).toEqual(['PASS', 'FAIL', 'PASS']);
    expect(lab.leftovers).toEqual(NOTHING);
  });

  test('that broke a barrier is the only one to answer for it', async () => {
    const lab = await AttemptLab.start(serverAndClients);
    const params = { member: lab.id('server.0'), request: 'the-request', at: 0, args: { name: 'go' } };
    const told = rejection(lab.agent('server.0').session.call('sync.barrier', params));
    await settled();
    await lab.end('client.1', 1, { lastLine: 'bind: address in use' });
    expect(await told).toMatchObject({
      code: 'BARRIER_BROKEN',
      message:
        'barrier "go" broken after 0.0 s: 1 of 3 arrived; missing client.1 on n3: exited with status 1 (last line: "bind: address in use"); client.0 on n2: running',
    });
    await lab.end('server.0', 1);
    await lab.end('client.0', 0);
    await lab.over;
    expect(lab.model.members[0]?.verdict).toMatchObject({ status: 'FAIL', becauseOf: 'client.1' });
    expect(lab.model.cause).toContain('client.1 on n3 exited with status 1');
  });
});

test.for([
  [99, 'ERROR'],
  [77, 'SKIP'],
] as const)('the first essential exit %d ends the test at once as %s', async ([code, status]) => {
  const lab = await AttemptLab.start(serverAndClients);
  await lab.end('client.0', code);
  await lab.endStopped('server.0', 'client.1');
  await lab.over;
  expect(lab.model.status).toBe(status);
  expect(lab.leftovers).toEqual(NOTHING);
});

test('the last essential member ends the test: the others are stopped', async () => {
  const lab = await AttemptLab.start([role('server', 1, { essential: false }), role('client')]);
  await lab.end('client.0', 0);
  await lab.endStopped('server.0');
  await lab.over;
  expect(lab.model.status).toBe('PASS');
  expect(statuses(lab)).toEqual(['CANCEL', 'PASS']);
});

describe('a timeout', () => {
  test('names who waits for whom, as it was before anybody was stopped', async () => {
    const lab = await AttemptLab.start(serverAndClients, { timeout: 30 });
    const call = (name: string, args: object) =>
      rejection(
        lab.agent(name).session.call('sync.barrier', {
          ...{ member: lab.id(name), request: 'the-request', at: 0 },
          args: { name: 'go', timeout: 60, ...args },
        }),
      );
    const waiting = call('client.0', {});
    await settled();
    await lab.clock.pass(30_000);
    for (const name of ['server.0', 'client.0', 'client.1'])
      expect(lab.asked(name)).toContain('member.stop timeout');
    await lab.endStopped('client.1', 'server.0', 'client.0');
    await waiting;
    await lab.over;
    expect(lab.model).toMatchObject({
      status: 'INTERRUPTED',
      cause:
        'timed out after 30 s: client.0 has waited at barrier "go" for 30.0 s, missing server.0, client.1; server.0 on n1, client.1 on n3 still running',
    });
    expect(statuses(lab)).toEqual(['INTERRUPTED', 'INTERRUPTED', 'INTERRUPTED']);
    expect(lab.leftovers).toEqual(NOTHING);
  });

  test('of very many lists a few of them', async () => {
    const lab = await AttemptLab.start([role('client', 12)], { timeout: 30 });
    await lab.clock.pass(30_000);
    expect(lab.model.trouble?.cause).toBe(
      'timed out after 30 s: client.0 on n1, client.1 on n2, client.2 on n3, client.3 on n4, client.4 on n5 … still running',
    );
    await lab.endStopped(...lab.model.members.map(({ name }) => name));
    await lab.over;
  });
});

describe('more time', () => {
  const extend = (lab: AttemptLab, request: string, seconds: number) =>
    lab.agent('client.0').session.call('member.extend', { member: lab.id('client.0'), request, seconds });

  test('is given once for each request, told to every agent, and ends later', async () => {
    const lab = await AttemptLab.start(serverAndClients, { timeout: 30 });
    await lab.clock.pass(10_000);
    expect(await extend(lab, 'request-1', 60)).toEqual({ remaining: 80 });
    await lab.clock.pass(10_000);
    expect(await extend(lab, 'request-1', 60)).toEqual({ remaining: 70 });
    for (const name of ['server.0', 'client.0', 'client.1'])
      expect(lab.asked(name).filter((line) => line.startsWith('member.extended'))).toHaveLength(1);
    await lab.clock.pass(69_999);
    expect(lab.model.trouble).toBeUndefined();
    await lab.clock.pass(1);
    expect(lab.model.trouble?.cause).toMatch(/^timed out after 90 s/);
    await lab.endStopped('server.0', 'client.0', 'client.1');
    await lab.over;
  });

  test('is bounded, and not given to a test that is over', async () => {
    const lab = await AttemptLab.start(serverAndClients, { timeout: 30, maxTimeout: 40 });
    expect(await extend(lab, 'request-1', 60)).toEqual({ remaining: 40 });
    expect(await extend(lab, 'request-2', 60)).toEqual({ remaining: 40 });
    lab.attempt.cancel('enough');
    expect(await rejection(extend(lab, 'request-3', 60))).toMatchObject({ code: 'SPACE_CLOSED' });
    await lab.endStopped('server.0', 'client.0', 'client.1');
    await lab.over;
  });

  test('moves what waits as long as the test, and nothing else', async () => {
    const lab = await AttemptLab.start(serverAndClients, { timeout: 30 });
    const wait = (name: string, request: string, args: object) =>
      rejection(
        lab.agent(name).session.call('sync.barrier', {
          ...{ member: lab.id(name), request, at: lab.clock.monotonicMs() },
          args: { name: request, ...args },
        }),
      );
    let ended = '';
    const [own, withTest] = [
      wait('server.0', 'own-limit', { timeout: 20 }),
      wait('client.1', 'no-limit', {}),
    ];
    void own.then(() => (ended += 'own '));
    void withTest.then(() => (ended += 'test '));
    await settled();
    await extend(lab, 'request-1', 60);
    await lab.clock.pass(20_000);
    expect(ended).toBe('own ');
    await lab.clock.pass(67_900);
    expect(ended).toBe('own ');
    await lab.clock.pass(200);
    expect(ended).toBe('own test ');
    lab.attempt.cancel('enough');
    await settled();
    await lab.endStopped('server.0', 'client.0', 'client.1');
    await lab.over;
  });
});

describe('a member that announces a reboot', () => {
  const announce = (lab: AttemptLab, timeout: number) =>
    lab.agent('client.0').session.call('member.rebooting', {
      ...{ member: lab.id('client.0'), incarnation: 0, timeout, byScript: false },
    });
  const back = (lab: AttemptLab, more: object) =>
    lab.connect({
      ...{ name: 'n2', boot: 'boot-2', process: id('8') },
      members: [{ member: lab.id('client.0'), master: id('f'), state: 'running', ...more }],
    });

  test('may be away for longer than the grace, and counts as coming', async () => {
    const lab = await AttemptLab.start(serverAndClients, { timeout: 600, grace: 30 });
    const announced = lab.clock.wallMs();
    await announce(lab, 300);
    await lab.agent('client.0').cut();
    await lab.clock.pass(299_000);
    lab.agents.set('n2', await back(lab, { incarnation: 1 }));
    expect(lab.model.members[1]).toMatchObject({ incarnation: 1, state: 'running' });
    expect(lab.model.members[1]?.rebooting).toBeUndefined();
    // From when it was announced until it was back.
    expect(lab.model.members[1]?.boots).toEqual([{ ended: announced, back: announced + 299_000 }]);
    // From now on the grace is the usual one.
    await lab.agent('client.0').cut();
    await lab.clock.pass(30_000);
    expect(lab.model.members[1]?.lost).toBe('was lost: its node was away for more than 30 s');
    await lab.endStopped('server.0', 'client.1');
    await lab.over;
  });

  test('and does not come back is lost, and it is said that it was the reboot', async () => {
    const lab = await AttemptLab.start(serverAndClients, { timeout: 600, grace: 30 });
    await announce(lab, 100);
    await lab.agent('client.0').cut();
    await lab.clock.pass(100_000);
    expect(lab.model.members[1]?.lost).toBe(
      'was lost: its node did not come back from its reboot within 100 s',
    );
    await lab.endStopped('server.0', 'client.1');
    await lab.over;
    expect(lab.model.status).toBe('ERROR');
  });

  test('when the master was not there says so again with hello', async () => {
    const lab = await AttemptLab.start(serverAndClients, { timeout: 600, grace: 30 });
    await lab.agent('client.0').cut();
    const again = await back(lab, { incarnation: 0, rebooting: { timeout: 200, byScript: true } });
    await again.cut();
    await lab.clock.pass(199_000);
    expect(lab.model.members[1]?.lost).toBeUndefined();
    await lab.clock.pass(1000);
    expect(lab.model.members[1]?.lost).toContain('did not come back from its reboot within 200 s');
    await lab.endStopped('server.0', 'client.1');
    await lab.over;
  });

  test('on behalf of another is asked of that one`s agent, once for each request', async () => {
    const lab = await AttemptLab.start(serverAndClients);
    const ask = (request: string, other: string) =>
      lab.agent('server.0').session.call('member.rebootOther', {
        ...{ member: lab.id('server.0'), request, other, timeout: 60 },
      });
    await ask('request-1', 'client.1');
    expect(lab.asked('client.1').some((line) => line.startsWith('member.reboot'))).toBe(true);
    expect(await rejection(ask('request-2', 'client'))).toMatchObject({
      code: 'NO_SUCH_MEMBER',
      message:
        'client cannot be rebooted: that role has several; the members are server.0, client.0, client.1',
    });
    await lab.end('client.1', 0);
    expect(await rejection(ask('request-3', 'client.1'))).toMatchObject({ code: 'CANNOT_REBOOT' });
    for (const name of ['server.0', 'client.0']) await lab.end(name, 0);
    await lab.over;
  });

  test('on behalf of another is kept with its request: repeated after the reboot it asks for none', async () => {
    const lab = await AttemptLab.start(serverAndClients);
    const ask = (request: string) =>
      lab.agent('server.0').session.call('member.rebootOther', {
        ...{ member: lab.id('server.0'), request, other: 'client.0', timeout: 60 },
      });
    await ask('request-1');
    expect(lab.model.reboots).toEqual({ 'server.0 request-1': { member: 'client.0', incarnation: 0 } });
    await lab.agent('client.0').cut();
    lab.agents.set('n2', await back(lab, { incarnation: 1 }));
    await ask('request-1');
    const reboots = () => lab.asked('client.0').filter((line) => line.startsWith('member.reboot'));
    expect(reboots(), 'the agent of the next incarnation is left alone').toEqual([]);
    await ask('request-2');
    expect(reboots()).toHaveLength(1);
    await lab.end('client.0', 0);
    expect(await ask('request-1'), 'it was done').toEqual({});
    for (const name of ['server.0', 'client.1']) await lab.end(name, 0);
    await lab.over;
  });

  test('hands the next incarnation a release that the one before was not told of', async () => {
    const lab = await AttemptLab.start(serverAndClients);
    const arrive = (name: string, request: string) =>
      lab.agent(name).session.call('sync.barrier', {
        ...{ member: lab.id(name), request, at: 0, args: { name: 'ready' } },
      });
    const lost = arrive('client.0', 'lost-request');
    lost.catch(() => {});
    await settled();
    await announce(lab, 100);
    await lab.agent('client.0').cut();
    const others = [arrive('server.0', 'of-the-server'), arrive('client.1', 'of-the-client')];
    expect(await Promise.all(others)).toMatchObject([{ generation: 0 }, { generation: 0 }]);
    const unanswered = [{ name: 'ready', request: 'lost-request' }];
    lab.agents.set('n2', await back(lab, { incarnation: 1, unanswered }));
    expect(await arrive('client.0', 'next-request')).toMatchObject({ generation: 0, rank: 0, size: 3 });
    // Said again by a later hello it is old.
    await lab.agent('client.0').cut();
    lab.agents.set('n2', await back(lab, { incarnation: 1, unanswered }));
    const next = [
      arrive('client.0', 'second-request'),
      arrive('server.0', 'of-the-server-2'),
      arrive('client.1', 'of-the-client-2'),
    ];
    expect(await Promise.all(next)).toMatchObject([{ generation: 1 }, { generation: 1 }, { generation: 1 }]);
    for (const name of ['server.0', 'client.0', 'client.1']) await lab.end(name, 0);
    await lab.over;
  });
});

describe("an operator's cancel", () => {
  test('while it is staged starts nobody', async () => {
    const lab = await AttemptLab.start(serverAndClients, {
      agents: { n1: { handlers: { 'member.prepare': never } } },
    });
    lab.attempt.cancel('Ctrl-C');
    await lab.over;
    expect(lab.model).toMatchObject({ status: 'INTERRUPTED', cause: 'Ctrl-C' });
    expect(lab.asked('client.0')).toEqual(['member.prepare', 'member.forget']);
    expect(lab.leftovers).toEqual(NOTHING);
  });

  test('while it runs stops everybody, and keeps what there is', async () => {
    const lab = await AttemptLab.start(serverAndClients);
    await lab.end('client.1', 0);
    lab.attempt.cancel('Ctrl-C');
    await settled();
    await lab.endStopped('server.0', 'client.0');
    await lab.over;
    expect(lab.asked('server.0')).toContain('member.stop cancelled');
    expect(lab.model).toMatchObject({ status: 'INTERRUPTED', cause: 'Ctrl-C' });
    expect(statuses(lab)).toEqual(['INTERRUPTED', 'INTERRUPTED', 'PASS']);
    expect(lab.leftovers).toEqual(NOTHING);
  });

  test('while members are being started is kept', async () => {
    const lab = await AttemptLab.start(serverAndClients, {
      agents: { n2: { handlers: { 'member.start': never } } },
    });
    lab.attempt.cancel('Ctrl-C');
    await settled();
    await lab.endStopped('server.0', 'client.0', 'client.1');
    await lab.over;
    expect(lab.model).toMatchObject({ status: 'INTERRUPTED', cause: 'Ctrl-C' });
    expect(lab.leftovers).toEqual(NOTHING);
  });

  test('during the linger ends it', async () => {
    const lab = await AttemptLab.start(serverAndClients);
    await lab.end('client.0', 1);
    lab.attempt.cancel('Ctrl-C');
    await settled();
    await lab.endStopped('server.0', 'client.1');
    await lab.over;
    expect(lab.model).toMatchObject({ status: 'INTERRUPTED', cause: 'Ctrl-C' });
    expect(lab.leftovers).toEqual(NOTHING);
  });

  test('while members are stopped, or while it is collected, changes what it is called and nothing else', async () => {
    const lab = await AttemptLab.start([role('client')]);
    await lab.agent('client.0').ended(lab.id('client.0'));
    await settled();
    expect(lab.test.state).toBe('collecting');
    lab.attempt.cancel('Ctrl-C');
    await settled();
    expect(lab.isOver).toBe(false);
    await lab.agent('client.0').collected(lab.id('client.0'));
    await lab.over;
    expect(lab.model.status).toBe('INTERRUPTED');
    expect(statuses(lab)).toEqual(['PASS']);
  });

  test('that comes twice keeps the first reason', async () => {
    const lab = await AttemptLab.start([role('client')]);
    lab.attempt.cancel('first');
    lab.attempt.cancel('second');
    await settled();
    await lab.endStopped('client.0');
    await lab.over;
    expect(lab.model.cause).toBe('first');
    lab.attempt.cancel('after it was over');
    expect(lab.model).toMatchObject({ status: 'INTERRUPTED', cause: 'first' });
  });
});

describe('a node that is away', () => {
  const present = (lab: AttemptLab, name: string) => [
    { member: lab.id(name), master: id('f'), state: 'running' as const, incarnation: 0 },
  ];

  test('for less than the grace goes on with its member', async () => {
    const lab = await AttemptLab.start(serverAndClients, { grace: 30 });
    await lab.agent('client.0').cut();
    await lab.clock.pass(29_999);
    lab.agents.set('n2', await lab.connect({ name: 'n2', members: present(lab, 'client.0') }));
    await lab.clock.pass(5000);
    for (const name of ['server.0', 'client.0', 'client.1']) await lab.end(name, 0);
    await lab.over;
    expect(lab.model.status).toBe('PASS');
    expect(lab.leftovers).toEqual(NOTHING);
  });

  test('for longer loses its member: ERROR, and every wait for it breaks and says so', async () => {
    const lab = await AttemptLab.start(serverAndClients, { grace: 30 });
    const params = { member: lab.id('server.0'), request: 'the-request', at: 0, args: { name: 'go' } };
    const told = rejection(lab.agent('server.0').session.call('sync.barrier', params));
    await settled();
    await lab.agent('client.0').cut();
    await lab.clock.pass(30_000);
    expect(await told).toMatchObject({
      code: 'BARRIER_BROKEN',
      message:
        'barrier "go" broken after 30.0 s: 1 of 3 arrived; missing client.0 on n2: was lost: its node was away for more than 30 s; client.1 on n3: running',
    });
    await lab.endStopped('server.0', 'client.1');
    await lab.over;
    expect(lab.model).toMatchObject({
      status: 'ERROR',
      cause: 'client.0 on n2 was lost: its node was away for more than 30 s',
    });
    expect(statuses(lab)).toEqual(['CANCEL', 'ERROR', 'CANCEL']);
    expect(lab.leftovers).toEqual(NOTHING);
  });

  test('and comes back after its member was lost is told to give it up, and is not heard about it', async () => {
    const lab = await AttemptLab.start(serverAndClients, { grace: 5 });
    await lab.agent('client.0').cut();
    await lab.clock.pass(5000);
    const back = lab.dial({ name: 'n2', members: present(lab, 'client.0') });
    expect((await back.hello()).giveUp).toEqual([lab.id('client.0')]);
    await settled();
    await back.ended(lab.id('client.0'));
    await lab.endStopped('server.0', 'client.1');
    await lab.over;
    expect(lab.model.members[1]?.verdict).toMatchObject({ status: 'ERROR' });
    expect(lab.node('n2').leftovers.size).toBe(0);
  });

  test('and comes back without its member has lost it', async () => {
    const lab = await AttemptLab.start(serverAndClients);
    await lab.agent('client.0').cut();
    lab.agents.set('n2', await lab.connect({ name: 'n2' }));
    await lab.endStopped('server.0', 'client.1');
    await lab.over;
    expect(lab.model).toMatchObject({
      status: 'ERROR',
      cause: 'client.0 on n2 was lost: its agent came back without a trace of it',
    });
    expect(lab.leftovers).toEqual(NOTHING);
  });

  test('under another name when it comes back goes on with its member', async () => {
    const lab = await AttemptLab.start(serverAndClients);
    lab.node('n2').holder = 1;
    await lab.agent('client.0').cut();
    const renamed = await lab.connect({ name: 'n77', agent: id('2'), members: present(lab, 'client.0') });
    lab.agents.set('n2', renamed);
    for (const name of ['server.0', 'client.0', 'client.1']) await lab.end(name, 0);
    await lab.over;
    expect(lab.model.status).toBe('PASS');
  });

  test('while it is collected, for longer than the grace, has lost what it had not brought', async () => {
    const lab = await AttemptLab.start([role('client', 2)], { grace: 5 });
    await lab.agent('client.0').ended(lab.id('client.0'));
    await lab.agent('client.0').cut();
    await lab.end('client.1', 0);
    await lab.clock.pass(5000);
    await lab.over;
    expect(lab.model).toMatchObject({
      status: 'ERROR',
      cause: 'client.0 on n1 ended, but its logs could not be collected: its node was away for more than 5 s',
    });
    expect(statuses(lab)).toEqual(['ERROR', 'PASS']);
    expect(lab.leftovers).toEqual(NOTHING);
  });

  test('and comes back without what it had not brought has lost it', async () => {
    const lab = await AttemptLab.start([role('client')]);
    await lab.agent('client.0').ended(lab.id('client.0'));
    await lab.agent('client.0').cut();
    await lab.connect({ name: 'n1' });
    await lab.over;
    expect(lab.model.cause).toBe(
      'client.0 on n1 ended, but its logs could not be collected: its agent came back without a trace of it',
    );
  });

  test('after it has brought everything loses nothing any more', async () => {
    const lab = await AttemptLab.start([role('client', 2)], { grace: 5 });
    await lab.end('client.0', 0);
    await lab.agent('client.0').cut();
    await lab.clock.pass(50_000);
    await lab.end('client.1', 0);
    await lab.over;
    expect(lab.model.status).toBe('PASS');
    expect(statuses(lab)).toEqual(['PASS', 'PASS']);
  });

  test('is not waited for when the master is going', async () => {
    const lab = await AttemptLab.start(serverAndClients, { grace: 600 });
    await lab.agent('client.0').cut();
    lab.attempt.cancel('the master was stopped');
    lab.attempt.endGrace();
    await lab.clock.pass(0);
    await lab.endStopped('server.0', 'client.1');
    await lab.over;
    expect(statuses(lab)).toEqual(['INTERRUPTED', 'ERROR', 'INTERRUPTED']);
    expect(lab.leftovers).toEqual(NOTHING);
  });
});

describe('a master that is alone with the timeout', () => {
  const left = (lab: AttemptLab) => lab.model.members.filter(({ state }) => state !== 'ended').length;

  test('because all agents have died, ends their members at most the grace after it', async () => {
    const lab = await AttemptLab.start([role('client', 2)], { timeout: 60, grace: 30 });
    await lab.clock.pass(50_000);
    for (const name of ['client.0', 'client.1']) await lab.agent(name).cut();
    await lab.clock.pass(29_999);
    expect([left(lab), lab.model.over]).toEqual([2, 'timeout']);
    await lab.clock.pass(1);
    await lab.over;
    expect(left(lab)).toBe(0);
    expect(lab.model).toMatchObject({
      status: 'ERROR',
      cause: 'timed out after 60 s: client.0 on n1, client.1 on n2 still running',
    });
    expect(lab.leftovers).toEqual(NOTHING);
  });

  test('because all agents hang, ends their members 30 s after it', async () => {
    const handlers = { 'member.stop': never };
    const lab = await AttemptLab.start([role('client', 2)], {
      ...{ timeout: 60, agents: { n1: { handlers }, n2: { handlers } } },
    });
    await lab.clock.pass(89_999);
    expect(left(lab)).toBe(2);
    await lab.clock.pass(1);
    await lab.over;
    expect(left(lab)).toBe(0);
    expect(lab.model.status).toBe('ERROR');
    expect(lab.leftovers).toEqual(NOTHING);
  });
});

describe('an agent that does not answer', () => {
  test('to a stop loses its member after 30 s', async () => {
    const lab = await AttemptLab.start([role('client', 2)], {
      agents: { n1: { handlers: { 'member.stop': never } } },
    });
    await lab.end('client.1', 99);
    await lab.clock.pass(30_000);
    await lab.over;
    expect(lab.model.members[0]).toMatchObject({
      lost: 'was lost: it did not end within 30 s of being stopped',
    });
    expect(lab.asked('client.0')).toContain('member.forget');
    expect(lab.leftovers).toEqual(NOTHING);
  });

  test('to a stop because it is away has the grace it is given', async () => {
    const lab = await AttemptLab.start([role('client', 2)], { grace: 100 });
    await lab.agent('client.0').cut();
    await lab.end('client.1', 99);
    await lab.clock.pass(99_000);
    lab.agents.set(
      'n1',
      await lab.connect({
        name: 'n1',
        members: [{ member: lab.id('client.0'), master: id('f'), state: 'running', incarnation: 0 }],
      }),
    );
    await lab.endStopped('client.0');
    await lab.over;
    expect(statuses(lab)).toEqual(['CANCEL', 'ERROR']);
    expect(lab.model.members[0]?.lost).toBeUndefined();
    expect(lab.leftovers).toEqual(NOTHING);
  });

  test('to a start makes the attempt ERROR when it refuses, naming member and node', async () => {
    const refuse = () => Promise.reject(new TuttiError('NO_SUCH_MEMBER', 'not prepared'));
    const lab = await AttemptLab.start([role('client', 2)], {
      agents: { n1: { handlers: { 'member.start': refuse } } },
    });
    await settled();
    await lab.endStopped('client.1');
    await lab.clock.pass(30_000);
    await lab.over;
    expect(lab.model).toMatchObject({
      status: 'ERROR',
      cause: 'client.0 on n1 could not be started: not prepared',
    });
    expect(lab.leftovers).toEqual(NOTHING);
  });

  test('with anything of what its member left for two minutes has lost that', async () => {
    const lab = await AttemptLab.start([role('client')]);
    await lab.agent('client.0').ended(lab.id('client.0'));
    await lab.clock.pass(119_999);
    expect(lab.isOver).toBe(false);
    await lab.clock.pass(1);
    await lab.over;
    expect(lab.model.cause).toBe(
      'client.0 on n1 ended, but its logs could not be collected: nothing of them came for 120 s',
    );
    expect(lab.leftovers).toEqual(NOTHING);
  });

  test('with what its member left is waited for while the disk of the master is full', async () => {
    let full = true;
    class Waiting extends MemberFiles {
      override get waitsForRoom(): boolean {
        return full;
      }
    }
    const lab = await AttemptLab.start([role('client')], { files: (dir) => new Waiting(dir, NO_HINDRANCE) });
    await lab.agent('client.0').ended(lab.id('client.0'));
    await lab.clock.pass(600_000);
    expect(lab.isOver).toBe(false);
    full = false;
    await lab.clock.pass(120_000);
    await lab.over;
    expect(lab.model.cause).toContain('nothing of them came for 120 s');
  });

  test('but brings something now and then is waited for', async () => {
    let received = 0;
    class Growing extends MemberFiles {
      override get received(): number {
        return received;
      }
    }
    const lab = await AttemptLab.start([role('client')], { files: (dir) => new Growing(dir, NO_HINDRANCE) });
    await lab.agent('client.0').ended(lab.id('client.0'));
    for (let minute = 0; minute < 60; minute += 1) {
      received += 1;
      await lab.clock.pass(60_000);
    }
    await lab.agent('client.0').collected(lab.id('client.0'));
    await lab.over;
    expect(lab.model.status).toBe('PASS');
  });
});

describe('what an attempt reads and closes', () => {
  class Broken extends MemberFiles {
    constructor(dir: string) {
      super(dir, NO_HINDRANCE);
      vi.spyOn(this.said, 'conclude').mockRejectedValue(new Error('EIO'));
    }
    override close(): Promise<never> {
      return Promise.reject(new Error('EIO'));
    }
  }

  test('may fail: the attempt is ERROR, ends, and leaves nothing behind', async () => {
    const lab = await AttemptLab.start([role('client')], { files: (dir) => new Broken(dir) });
    await lab.end('client.0', 0);
    await lab.over;
    expect(lab.model).toMatchObject({
      status: 'ERROR',
      cause: 'client.0 on n1 has subtests that cannot be read: Error: EIO',
    });
    expect(lab.leftovers).toEqual(NOTHING);
  });
});

describe('a member', () => {
  test('ends once: a second end is not heard', async () => {
    const lab = await AttemptLab.start([role('client', 2)]);
    await lab.end('client.0', 0);
    await lab.agent('client.0').ended(lab.id('client.0'), { exit: { how: 'exited', code: 1 } });
    await lab.end('client.1', 0);
    await lab.over;
    expect(lab.model.status).toBe('PASS');
    expect(lab.model.members[0]?.end).toEqual(memberEnd());
  });

  test('keeps what was skipped the first time it is told', async () => {
    const lab = await AttemptLab.start([role('client', 2)]);
    const agent = lab.agent('client.0');
    await agent.ended(lab.id('client.0'));
    await agent.collected(lab.id('client.0'), { skipped: [{ path: 'fifo', why: 'no file' }] });
    await agent.collected(lab.id('client.0'), { skipped: [{ path: 'all', why: 'told twice' }] });
    expect(lab.model.members[0]?.skipped).toEqual([{ path: 'fifo', why: 'no file' }]);
    await lab.end('client.1', 0);
    await lab.over;
  });

  test('whose links cannot be made has them among what was skipped, and is complete', async () => {
    const lab = await AttemptLab.start([role('client')]);
    const links = [
      { path: 'a', target: 'b' },
      { path: 'a', target: 'c' },
    ];
    await lab.agent('client.0').ended(lab.id('client.0'));
    await lab.agent('client.0').collected(lab.id('client.0'), { links });
    await lab.over;
    expect(lab.model.status).toBe('PASS');
    expect(lab.model.members[0]?.skipped).toMatchObject([
      { path: 'a', why: expect.stringContaining('paths are unique') },
      { path: 'a' },
    ]);
  });
});
