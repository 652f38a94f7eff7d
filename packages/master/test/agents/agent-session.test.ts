import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { TuttiError } from '@tutti/protocol';
import { MemorySink, MemorySource, rejection, settled } from '@tutti/testkit';
import { describe, expect, test } from 'vitest';
import type { Node } from '../../src/agents/node.ts';
import type { LiveMember } from '../../src/runs/members.ts';
import { type FakeAgent, id, Lab, MASTER, memberEnd } from '../lab.ts';
import { RunsLab } from '../runs/runs-lab.ts';
import { players } from '../sync/players.ts';

const ATTEMPT = id('a');
const [MINE, OTHERS] = [id('1'), id('2')];

/** A member that writes down what it is told. */
function watched(member: string, name: string, machine: Node, more: Partial<LiveMember> = {}) {
  const told: unknown[] = [];
  const sinks = new Map<string, MemorySink>();
  const sink = (what: string) => {
    const made = new MemorySink(sinks.get(what)?.file);
    sinks.set(what, made);
    return Promise.resolve(made);
  };
  const live: LiveMember = {
    ...{
      id: member,
      name,
      node: machine.name,
      machine,
      attempt: ATTEMPT,
      owed: false,
      complete: false,
      lost: false,
    },
    files: {
      log: (source: string, incarnation: number) => sink(`${source}.${incarnation}`),
      artifact: ({ path }: { path: string }) => sink(path),
    } as unknown as LiveMember['files'],
    end: (end) => {
      told.push(end);
      return Promise.resolve();
    },
    collected: (collected) => {
      told.push(collected);
      return Promise.resolve();
    },
    rebooting: async () => {},
    drive: () => Promise.reject(new Error('no driver')),
    rebootOther: async () => {},
    extend: async () => 60,
    present: () => {},
    vanished: () => told.push('vanished'),
    ...more,
  };
  return { live, told, sinks };
}

async function labWithMembers() {
  const lab = new Lab();
  const agent = await lab.connect({ name: 'n1' });
  await lab.connect({ name: 'n2' });
  const mine = watched(MINE, 'client.0', lab.node('n1'));
  const others = watched(OTHERS, 'client.1', lab.node('n2'));
  lab.live.add(mine.live);
  lab.live.add(others.live);
  lab.broker.open(ATTEMPT, players({ client: 2 }), 60);
  return { lab, agent, mine, others };
}

const request = 'the-request';

describe('an agent', () => {
  test('is welcomed with the id of the master', async () => {
    const lab = new Lab();
    expect(await lab.dial().hello()).toEqual({ master: MASTER, software: '0.1.0', giveUp: [] });
  });

  test('that says hello twice is refused the second time', async () => {
    const lab = new Lab();
    const agent = await lab.connect();
    expect(await rejection(agent.hello())).toMatchObject({ code: 'HELLO_FIRST' });
    expect(lab.node('n1').state).toBe('idle');
  });

  test('that asks before it says hello is shown out', async () => {
    const lab = new Lab();
    const agent = lab.dial();
    expect(await rejection(agent.ended(MINE))).toMatchObject({ code: 'HELLO_FIRST' });
    await settled();
    expect(agent.closed?.code).toBe('HELLO_FIRST');
  });

  test.for([
    [2, /agent n1 speaks protocol 2\.0, this master 1\.\d+: upgrade this master/],
    [0, /agent n1 speaks protocol 0\.0, this master 1\.\d+: upgrade agent n1/],
  ] as const)('of major version %d is refused, and told which side to upgrade', async ([major, message]) => {
    const lab = new Lab();
    const agent = lab.dial();
    const refusal = rejection(agent.hello({ protocol: { major, minor: 0 } }));
    expect(await refusal).toMatchObject({
      code: 'PROTOCOL_MISMATCH',
      message: expect.stringMatching(message),
    });
    await settled();
    expect(agent.closed?.code).toBe('PROTOCOL_MISMATCH');
    expect(lab.registry.nodes()).toEqual([]);
  });

  test('of a newer minor version is let in', async () => {
    const lab = new Lab();
    await lab.dial().hello({ protocol: { major: 1, minor: 7 } });
    expect(lab.node('n1').state).toBe('idle');
  });
});

describe('what an agent says of a member', () => {
  test('on its own node is heard', async () => {
    const { agent, mine } = await labWithMembers();
    await agent.ended(MINE, { lastLine: 'bye' });
    await agent.collected(MINE, { skipped: [{ path: 'socket', why: 'no file' }] });
    expect(mine.told).toEqual([
      memberEnd({ lastLine: 'bye' }),
      { skipped: [{ path: 'socket', why: 'no file' }], links: [] },
    ]);
  });

  test('of another node is refused', async () => {
    const { agent, others } = await labWithMembers();
    const refused = { code: 'NO_SUCH_MEMBER', message: 'member 22222222 is not under way on n1' };
    expect(await rejection(agent.ended(OTHERS))).toMatchObject(refused);
    expect(await rejection(agent.collected(OTHERS))).toMatchObject(refused);
    const call = { member: OTHERS, request, at: 0, args: {} };
    expect(await rejection(agent.session.call('sync.keys', call))).toMatchObject(refused);
    const log = { to: 'log', member: OTHERS, source: 'stdout', incarnation: 0 } as const;
    expect(await rejection(agent.session.openStream(log, new MemorySource()))).toMatchObject(refused);
    expect(others.told).toEqual([]);
  });

  test('whose attempt is over is taken note of, so that it is not said for ever', async () => {
    const { agent, mine } = await labWithMembers();
    await agent.ended(id('7'));
    await agent.collected(id('7'));
    expect(mine.told).toEqual([]);
  });

  test('that nobody knows is refused, where something is wanted for it', async () => {
    const { agent } = await labWithMembers();
    const call = { member: id('7'), request, at: 0, args: {} };
    expect(await rejection(agent.session.call('sync.keys', call))).toMatchObject({ code: 'NO_SUCH_MEMBER' });
  });
});

describe('a stream of an agent', () => {
  const bytes = Buffer.from('hello');

  test('goes where it belongs', async () => {
    const { agent, mine } = await labWithMembers();
    const targets = [
      { to: 'log', member: MINE, source: 'stderr', incarnation: 2 },
      { to: 'artifact', member: MINE, path: 'a/b', digest: 'd'.repeat(64), size: 5, mode: 0o644 },
    ] as const;
    for (const target of targets) {
      const stream = await agent.session.openStream(target, new MemorySource(bytes));
      await stream.finish(bytes.byteLength);
    }
    expect([...mine.sinks].map(([what, { file }]) => [what, String(file.bytes)])).toEqual([
      ['stderr.2', 'hello'],
      ['a/b', 'hello'],
    ]);
  });

  test('to a result is refused', async () => {
    const { agent } = await labWithMembers();
    const target = { to: 'result', run: 1, path: 'report.yaml', size: 5, mode: 0o644 } as const;
    expect(await rejection(agent.session.openStream(target, new MemorySource(bytes)))).toMatchObject({
      code: 'BAD_PARAMS',
      message: 'an agent does not send a result',
    });
  });

  test('with contents by digest goes into the cache of the master, which says what it lacks', async () => {
    const lab = await RunsLab.open();
    const agent = await lab.connect();
    const blob = { digest: createHash('sha256').update(bytes).digest('hex'), size: bytes.byteLength };
    const missing = () => agent.session.call('blob.missing', { blobs: [blob] });
    expect(await missing()).toEqual({ missing: [0] });
    const stream = await agent.session.openStream({ to: 'blob', ...blob }, new MemorySource(bytes));
    await stream.finish(blob.size);
    expect(await missing()).toEqual({ missing: [] });
    expect(await readFile(lab.blobs.path(blob.digest), 'utf8')).toBe('hello');
  });
});

describe('an agent that comes back', () => {
  const present = (member: string, master = MASTER) => ({
    member,
    master,
    state: 'running' as const,
    incarnation: 0,
  });

  test('without a member that it owes says that it has vanished', async () => {
    const lab = new Lab();
    await (await lab.connect()).cut();
    const [owed, free] = [
      watched(MINE, 'client.0', lab.node('n1'), { owed: true }),
      watched(OTHERS, 'client.1', lab.node('n1')),
    ];
    lab.live.add(owed.live);
    lab.live.add(free.live);
    await lab.connect();
    expect([owed.told, free.told]).toEqual([['vanished'], []]);
  });

  test('with a member that it owes goes on with it', async () => {
    const lab = new Lab();
    await (await lab.connect()).cut();
    const { live, told } = watched(MINE, 'client.0', lab.node('n1'), { owed: true });
    lab.live.add(live);
    await lab.connect({ members: [present(MINE)] });
    expect(told).toEqual([]);
  });

  test('gives up members of other masters, members nobody knows, those of other nodes and those that are lost', async () => {
    const lab = new Lab();
    await (await lab.connect()).cut();
    await lab.connect({ name: 'n2', agent: id('2') });
    lab.live.add(watched(id('1'), 'client.0', lab.node('n1')).live);
    lab.live.add(watched(id('2'), 'client.1', lab.node('n2')).live);
    lab.live.add(watched(id('3'), 'client.2', lab.node('n1'), { lost: true }).live);
    const members = [
      present(id('1')),
      present(id('2')),
      present(id('3')),
      present(id('4')),
      present(id('1'), id('e')),
    ];
    const agent = lab.dial({ members });
    expect((await agent.hello()).giveUp).toEqual([id('2'), id('3'), id('4'), id('1')]);
    await settled();
    expect(agent.asked).toEqual(['2222', '3333', '4444', '1111'].map((member) => `member.forget ${member}`));
  });

  test('without a wait of its member withdraws it, and keeps the others', async () => {
    const { lab, agent } = await labWithMembers();
    const wait = (key: string, name: string) =>
      agent.session.call('sync.get', { member: MINE, request: name, at: 0, args: { key, wait: true } });
    const [gone, kept] = [rejection(wait('a', 'gone-wait')), rejection(wait('b', 'kept-wait'))];
    await settled();
    expect(lab.broker.debugState().waiters).toBe(2);
    await agent.cut();
    await Promise.all([gone, kept]);
    expect(lab.broker.debugState().waiters).toBe(2);
    await lab.connect({ members: [present(MINE)], waits: ['kept-wait'] });
    expect(lab.broker.waits(ATTEMPT)).toMatchObject([{ member: 'client.0', on: 'key "b"' }]);
  });

  test('as a new process has only the waits that are asked again', async () => {
    const { lab, agent } = await labWithMembers();
    const wait = (from: FakeAgent, key: string, name: string) =>
      from.session.call('sync.get', { member: MINE, request: name, at: 0, args: { key, wait: true } });
    const waits = () => lab.broker.waits(ATTEMPT).map(({ on }) => on);
    const before = [rejection(wait(agent, 'a', 'gone-wait')), rejection(wait(agent, 'b', 'kept-wait'))];
    await settled();
    await agent.cut();
    await Promise.all(before);
    const successor = await lab.connect({ process: id('8'), members: [present(MINE)] });
    expect(waits()).toEqual([]);
    const again = rejection(wait(successor, 'b', 'kept-wait'));
    await settled();
    expect(waits()).toEqual(['key "b"']);
    await successor.cut();
    await again;
  });

  test.for([
    ['as a new process', '8'],
    ['as the same process', undefined],
  ] as const)(
    'a message that nobody stands for when its agent is back %s goes to the next after 5 s on one connection',
    async ([, process]) => {
      const { lab, agent } = await labWithMembers();
      const ask = (from: FakeAgent, member: string, verb: 'take' | 'send', args: object) =>
        from.session.call(`sync.${verb}`, { member, request: `${verb}-request`, at: 0, args } as never);
      const other = await lab.connect({ name: 'n2' });
      await ask(other, OTHERS, 'send', { topic: 'jobs', data: 1 });
      await ask(agent, MINE, 'take', { topic: 'jobs' });
      const next = ask(other, OTHERS, 'take', { topic: 'jobs' });
      const back = { ...(process && { process: id(process) }), members: [present(MINE)] };
      await agent.cut();
      const first = await lab.connect(back);
      lab.clock.advance(4999);
      await first.cut();
      lab.clock.advance(1);
      await lab.connect(back);
      lab.clock.advance(4999);
      await settled();
      expect(lab.broker.debugState().waiters).toBe(1);
      lab.clock.advance(1);
      expect(await next).toMatchObject({ offset: 0 });
    },
  );
});

describe('a sync call', () => {
  test('meets those of other agents, and is answered by its own', async () => {
    const { lab, agent } = await labWithMembers();
    const second = lab.node('n2').session;
    expect(second).toBeDefined();
    const other = await lab.connect({ name: 'n2' });
    const answers = await Promise.all([
      agent.session.call('sync.barrier', { member: MINE, request, at: 0, args: { name: 'go' } }),
      other.session.call('sync.barrier', { member: OTHERS, request, at: 0, args: { name: 'go' } }),
    ]);
    expect(answers).toMatchObject([{ rank: 0 }, { rank: 1 }]);
  });

  test('carries when the script asked, by the clock of its machine', async () => {
    const { lab, agent } = await labWithMembers();
    // The agent knows the offset from its second ping on.
    agent.session.ping();
    await settled();
    agent.session.ping();
    await settled();
    const at = lab.clock.monotonicMs() - 5000;
    const wait = rejection(
      agent.session.call('sync.get', { member: MINE, request, at, args: { key: 'k', wait: true } }),
    );
    await settled();
    expect(lab.broker.waits(ATTEMPT)[0]?.since).toBeCloseTo(lab.clock.wallMs() / 1000 - 5, 6);
    await agent.cut();
    await wait;
  });

  test('that is withdrawn is withdrawn, and the session goes on', async () => {
    const { lab, agent } = await labWithMembers();
    const stop = new AbortController();
    const params = { member: MINE, request, at: 0, args: { name: 'go' } };
    const answer = rejection(agent.session.call('sync.barrier', params, { signal: stop.signal }));
    await settled();
    stop.abort();
    expect(await answer).toBeInstanceOf(TuttiError);
    await settled();
    expect(lab.broker.debugState()).toMatchObject({ waiters: 0, timers: 0 });
    expect(agent.served.debugState().serving).toBe(0);
    expect(agent.closed).toBeUndefined();
  });
});
