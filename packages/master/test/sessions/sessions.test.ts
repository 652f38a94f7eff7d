/** Sessions from the first who joins to the run that they become, on fake agents. */
import { type CallParams, LIMITS, type SessionTerms, TuttiError } from '@tutti/protocol';
import { settled } from '@tutti/testkit';
import { expect, test, vi } from 'vitest';
import { Registry } from '../../src/agents/registry.ts';
import { specAgain } from '../../src/clients/rerun.ts';
import { Sessions } from '../../src/sessions/sessions.ts';
import { type FakeAgent, id, Lab, quiet } from '../lab.ts';
import * as aTest from '../runs/a-test.ts';
import { RunsLab } from '../runs/runs-lab.ts';

const EXPECT: SessionTerms = { expect: { server: 1, client: 1 } };
const SESSION = 'nightly';

class SessionsLab {
  readonly lab: RunsLab;
  readonly sessions: Sessions;

  constructor(lab: RunsLab) {
    this.lab = lab;
    const { clock, registry, runs } = lab;
    this.sessions = new Sessions({ clock, registry, runs, log: quiet });
  }

  /** The joiner `n` with the agent of the machine `n<n>`, which need not be there yet. */
  join(n: number, role: string, more: Partial<CallParams<'session.join'>> = {}) {
    const stop = new AbortController();
    const told: string[] = [];
    const asked = {
      session: SESSION,
      joiner: id(n.toString(16)),
      host: `host${n}`,
      role,
      agents: [id(n.toString(16))],
      terms: {},
      patience: 60,
      ...more,
    };
    const joined = this.sessions.join(asked, `10.0.0.${n}:5`, (whom) => told.push(whom), stop.signal);
    joined.catch(() => {});
    return { joined, told, leave: () => stop.abort(new Error('gone')) };
  }

  /** The members of this one run until somebody says that they have ended. */
  staying(n: number): Promise<FakeAgent> {
    return this.lab.connect({ name: `n${n}`, session: SESSION });
  }

  guest(n: number, more: { session?: string; exit?: number } = {}) {
    const { session = SESSION, exit = 0 } = more;
    return this.lab.quick(`n${n}`, exit, { session });
  }
}

/** All their members have been started. */
async function begun(agents: readonly FakeAgent[]): Promise<void> {
  const isStart = (asked: string) => asked.startsWith('member.start');
  await vi.waitFor(() => expect(agents.every(({ asked }) => asked.some(isStart))).toBe(true));
}

async function aLab(): Promise<SessionsLab> {
  return new SessionsLab(await RunsLab.open());
}

test('when all have joined and their agents are there they become one run; afterwards nothing is left', async () => {
  const it = await aLab();
  const [server, client] = [it.join(1, 'server', { terms: EXPECT }), it.join(2, 'client')];
  await it.guest(1);
  const last = await it.guest(2, { exit: 3 });
  await expect(server.joined).resolves.toEqual({ run: 1, members: ['server.0'] });
  await expect(client.joined).resolves.toEqual({ run: 1, members: ['client.0'] });
  const run = it.lab.runs.get(1);
  await run.finished;
  expect(run.model).toMatchObject({ status: 'FAIL', spec: { suite: SESSION, joined: true } });
  expect(run.model.tests[0]).toMatchObject({ cause: 'client.0 on n2 exited with status 3' });
  // It is still connected: shown, and given to nobody.
  expect(it.lab.registry.views()).toMatchObject([
    { name: 'n1', state: 'reserved' },
    { name: 'n2', state: 'reserved' },
  ]);
  expect(it.lab.registry.pool(() => ({}))).toEqual([]);
  await last.cut();
  expect(it.lab.registry.views()).toMatchObject([{ name: 'n1' }]);
  expect(it.sessions.debugState()).toEqual({ sessions: 0, joiners: 0 });
});

test('it begins only when the last agent has connected, and who waits is told of people alone', async () => {
  const it = await aLab();
  await it.guest(1);
  const server = it.join(1, 'server');
  const client = it.join(2, 'client', { terms: EXPECT });
  await settled();
  expect(it.sessions.debugState()).toEqual({ sessions: 1, joiners: 2 });
  await it.guest(2);
  await expect(server.joined).resolves.toMatchObject({ run: 1 });
  await expect(client.joined).resolves.toMatchObject({ run: 1 });
  expect(server.told).toEqual([expect.stringContaining('somebody who says with --expect')]);
  expect(client.told).toEqual([]);
  await it.lab.runs.get(1).finished;
});

test('an ordinary run gets no machine of a session', async () => {
  const it = await aLab();
  await it.guest(1);
  const submit = async () => it.lab.submit([{ roles: [aTest.role('a')] }]);
  await expect(submit()).rejects.toMatchObject({ code: 'NOT_ENOUGH_NODES' });
  const waiting = await it.lab.submit([{ roles: [aTest.role('a')] }], {}, { waitForNodes: true });
  await settled();
  expect(waiting.model.phase).toBe('queued');
  it.lab.runs.cancel(waiting, 'enough');
  await waiting.finished;
});

test('who leaves gives the place back to the next', async () => {
  const it = await aLab();
  const server = it.join(1, 'server', { terms: EXPECT });
  const first = it.join(2, 'client');
  const late = it.join(3, 'client');
  await expect(late.joined).rejects.toMatchObject({
    code: 'SESSION_REFUSED',
    message: expect.stringContaining('joined from host2 (10.0.0.2:5)'),
  });
  first.leave();
  await expect(first.joined).rejects.toThrow('gone');
  expect(server.told.at(-1)).toBe('client (0 of 1 joined)');
  const next = it.join(3, 'client');
  await it.guest(1);
  await it.guest(3);
  await expect(next.joined).resolves.toEqual({ run: 1, members: ['client.0'] });
  await expect(server.joined).resolves.toMatchObject({ run: 1 });
  await it.lab.runs.get(1).finished;
});

test('the last to leave takes the session along', async () => {
  const it = await aLab();
  const only = it.join(1, 'server', { terms: EXPECT });
  only.leave();
  await expect(only.joined).rejects.toThrow('gone');
  expect(it.sessions.debugState()).toEqual({ sessions: 0, joiners: 0 });
  const refused = it.join(2, 'judge', { terms: EXPECT });
  await expect(refused.joined).rejects.toMatchObject({ code: 'SESSION_REFUSED' });
  expect(it.sessions.debugState()).toEqual({ sessions: 0, joiners: 0 });
});

test('nobody waits longer than it said, and hears who is missing: a piece, or an agent', async () => {
  const it = await aLab();
  const server = it.join(1, 'server', { terms: EXPECT, patience: 10 });
  const other = it.join(2, 'client', { patience: 30 });
  await settled();
  it.lab.clock.advance(10_000);
  await expect(server.joined).rejects.toMatchObject({
    code: 'TIMED_OUT',
    message:
      'session "nightly" was not complete in time: it waits for the agent of server.0, which has not connected, the agent of client.0, which has not connected',
  });
  it.lab.clock.advance(20_000);
  await expect(other.joined).rejects.toMatchObject({
    code: 'TIMED_OUT',
    message: expect.stringContaining('somebody who says with --expect'),
  });
  const lone = it.join(1, 'server', { terms: EXPECT, patience: 1 });
  it.lab.clock.advance(1000);
  await expect(lone.joined).rejects.toMatchObject({
    message: 'session "nightly" was not complete in time: it waits for client (0 of 1 joined)',
  });
});

test('who asks twice is one joiner: the newer call counts, and the end of the older one takes nothing away', async () => {
  const it = await aLab();
  const older = it.join(1, 'server', { terms: EXPECT });
  const newer = it.join(1, 'server', { terms: EXPECT });
  await expect(older.joined).rejects.toMatchObject({ code: 'SUPERSEDED' });
  older.leave();
  expect(it.sessions.debugState()).toEqual({ sessions: 1, joiners: 1 });
  const client = it.join(2, 'client');
  await it.guest(1);
  await it.guest(2);
  await expect(newer.joined).resolves.toMatchObject({ run: 1 });
  await expect(client.joined).resolves.toMatchObject({ run: 1 });
  await it.lab.runs.get(1).finished;
});

test('a session that runs takes nobody in; who belongs to it is answered again, also by the next master', async () => {
  const it = await aLab();
  it.join(1, 'server', { terms: EXPECT });
  const client = it.join(2, 'client');
  const agents = [await it.staying(1), await it.staying(2)];
  await client.joined;
  await begun(agents);
  await expect(it.join(3, 'client').joined).rejects.toMatchObject({
    code: 'SESSION_IN_USE',
    message: 'session "nightly" is complete: it is run 1',
  });
  await expect(it.join(2, 'client').joined).resolves.toEqual({ run: 1, members: ['client.0'] });

  const next = new SessionsLab(it.lab.successor());
  next.lab.runs.restore();
  await expect(next.join(2, 'client').joined).resolves.toEqual({ run: 1, members: ['client.0'] });
  await expect(next.join(3, 'client').joined).rejects.toMatchObject({ code: 'SESSION_IN_USE' });
  expect(next.lab.registry.views()).toMatchObject([
    { name: 'n1', state: 'unreachable' },
    { name: 'n2', state: 'unreachable' },
  ]);
  // They come back, and have lost what they ran.
  await vi.waitFor(() => expect(next.lab.live.size).toBe(2));
  await next.guest(1);
  await next.guest(2);
  await next.lab.runs.get(1).finished;
});

test('a run goes on with the next master when its guests come back; those that do not are lost and forgotten', async () => {
  const it = await aLab();
  it.join(1, 'server', { terms: { ...EXPECT, grace: 5 } });
  const client = it.join(2, 'client');
  const agents = [await it.staying(1), await it.staying(2)];
  await client.joined;
  await begun(agents);

  const next = new SessionsLab(it.lab.successor());
  const [run] = next.lab.runs.restore();
  await vi.waitFor(() => expect(next.lab.live.size).toBe(2));
  const member = run?.model.tests[0]?.attempts[0]?.members[0]?.id ?? '';
  const back = await next.lab.connect({
    name: 'n1',
    session: SESSION,
    members: [{ member, master: id('f'), state: 'running' }],
  });
  next.lab.clock.advance(6000);
  await settled();
  await back.ended(member);
  await back.collected(member);
  await run?.finished;
  expect(run?.model.tests[0]).toMatchObject({
    status: 'ERROR',
    cause: 'client.0 on n2 was lost: its node was away for more than 5 s',
  });
  expect(next.lab.registry.views()).toMatchObject([{ name: 'n1' }]);
});

test('a master that is killed between keeping the run and beginning it leaves the next one all that it needs', async () => {
  const it = await aLab();
  const { runs } = it.lab.store;
  const create = runs.create.bind(runs);
  const kept = Promise.withResolvers<void>();
  vi.spyOn(runs, 'create').mockImplementation(async (run) => {
    await create(run);
    kept.resolve();
    return new Promise(() => {});
  });
  it.join(1, 'server', { terms: EXPECT });
  it.join(2, 'client');
  const agents = [await it.staying(1), await it.staying(2)];
  await kept.promise;

  const next = new SessionsLab(it.lab.successor());
  const [run] = next.lab.runs.restore();
  await expect(next.join(1, 'server', { terms: EXPECT }).joined).resolves.toEqual({
    run: 1,
    members: ['server.0'],
  });
  await next.guest(1);
  await next.guest(2);
  await run?.finished;
  expect(run?.model).toMatchObject({ number: 1, status: 'PASS' });
  expect(agents.flatMap(({ asked }) => asked)).toEqual([]);
});

test('after its end the name is free again', async () => {
  const it = await aLab();
  const alone: SessionTerms = { expect: { server: 1 } };
  await it.guest(1);
  await it.join(1, 'server', { terms: alone }).joined;
  await it.lab.runs.get(1).finished;
  await it.guest(2);
  await expect(it.join(2, 'server', { terms: alone }).joined).resolves.toMatchObject({ run: 2 });
  await it.lab.runs.get(2).finished;
});

test('when its run cannot be made all hear why', async () => {
  const it = await aLab();
  const full = new TuttiError('DISK_FULL', 'there is no room');
  vi.spyOn(it.lab.directories, 'create').mockRejectedValue(full);
  const server = it.join(1, 'server', { terms: EXPECT });
  const client = it.join(2, 'client');
  const agent = await it.guest(1);
  await it.guest(2);
  await expect(server.joined).rejects.toBe(full);
  await expect(client.joined).rejects.toBe(full);
  await agent.cut();
  expect(it.lab.registry.views()).toMatchObject([{ name: 'n2' }]);
  expect(it.sessions.debugState()).toEqual({ sessions: 0, joiners: 0 });
});

test('a master that is about to stop begins nothing, and refuses nobody: they ask the next one', async () => {
  const it = await aLab();
  it.lab.runs.suspend();
  const server = it.join(1, 'server', { terms: EXPECT });
  const client = it.join(2, 'client');
  await it.guest(1);
  await it.guest(2);
  await settled();
  expect(it.sessions.debugState()).toEqual({ sessions: 1, joiners: 2 });
  for (const { joined, leave } of [server, client]) {
    leave();
    await expect(joined).rejects.toThrow('gone');
  }
  expect(it.sessions.debugState()).toEqual({ sessions: 0, joiners: 0 });
});

test('only so many sessions gather at once', async () => {
  const it = await aLab();
  const most = LIMITS.sessions.value;
  for (let n = 0; n < most; n += 1) it.join(1, 'server', { session: `s${n}`, joiner: id('1') });
  await expect(it.join(2, 'server', { session: 'one-more' }).joined).rejects.toMatchObject({
    code: 'SESSION_REFUSED',
    message: `${most} sessions gather at this master already`,
  });
});

test('guests are never kept, and take no place of a machine, nor does a machine take theirs', async () => {
  const kept: string[] = [];
  const lab = new (class extends Lab {
    override readonly registry = new Registry(this.masterClock, async ({ identity: { name } }) => {
      kept.push(name);
    });
  })();
  await lab.connect({ name: 'n1' });
  const guest = await lab.connect({ name: 'n2', session: SESSION });
  expect(kept).toEqual(['n1']);
  await expect(lab.dial({ name: 'n1', agent: id('5'), session: SESSION }).hello()).rejects.toMatchObject({
    code: 'NAME_IN_USE',
  });
  await expect(lab.dial({ name: 'n2', agent: id('6') }).hello()).rejects.toMatchObject({
    code: 'NAME_IN_USE',
  });
  await guest.cut();
  expect(lab.registry.nodes().map(({ name }) => name)).toEqual(['n1']);
});

test('such a run can neither be submitted nor repeated', async () => {
  const it = await aLab();
  await it.guest(1);
  await it.join(1, 'server', { terms: { expect: { server: 1 } } }).joined;
  const { model, finished } = it.lab.runs.get(1);
  await finished;
  await expect(specAgain(model, false, it.lab.blobs)).rejects.toMatchObject({ code: 'NOTHING_TO_RERUN' });
  expect(() => it.lab.runs.submit(id('7'), model.spec, false)).toThrow(/started by tutti join/);
});
