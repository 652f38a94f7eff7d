/**
 * A master that is spoken to by peers that send rubbish, floods and half-frames, while two agents and a client go on
 * with a run: those are served throughout, the others are cut off, and in the end nothing is left of any of it.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dial, jsonBytes, Session, systemClock } from '@tutti/link';
import { encode, type RunSpec, TuttiError } from '@tutti/protocol';
import {
  eventually,
  MemorySource,
  refuseStreams,
  seededRandom,
  stubEvents,
  stubHandlers,
} from '@tutti/testkit';
import { describe, expect, onTestFinished, test } from 'vitest';
import { announceTooMuch, cutOff, open, saySomething, type Target } from './fuzz/bad-sender.ts';
import { helloOf, randomBytes } from './fuzz/frames.ts';
import { temporaryDirectory } from './support/tutti.ts';

const MASTER = join(import.meta.dirname, '../../packages/master/test/master-process.ts');

const FRAMES = 100_000;
const SENDERS = 24;
/** On one connection, before it makes a new one by itself. */
const MOST = 60;
const MiB = 1024 * 1024;
/** An idle master has about 100 MiB. */
const RSS_LIMIT = 400 * MiB;

interface Looked {
  holds: Record<string, unknown>;
  rss: number;
}

class MasterProcess {
  readonly target: Target;
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess, target: Target) {
    this.#process = process;
    this.target = target;
  }

  static async start(): Promise<MasterProcess> {
    const state = await temporaryDirectory();
    const process = fork(MASTER, [state], { execArgv: [] });
    onTestFinished(() => void process.kill('SIGKILL'));
    const [{ url }] = (await once(process, 'message')) as [{ url: string }];
    const token = (await readFile(join(state, 'admin.token'), 'utf8')).trim();
    return new MasterProcess(process, { url, token });
  }

  get lives(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  async look(): Promise<Looked> {
    this.#process.send('look');
    const [looked] = (await once(this.#process, 'message')) as [Looked];
    return looked;
  }

  async close(): Promise<number | null> {
    this.#process.send('close');
    await once(this.#process, 'exit');
    return this.#process.exitCode;
  }
}

async function client({ url, token }: Target) {
  let finish = (_status: string) => {};
  const finished = new Promise<string>((resolve) => {
    finish = resolve;
  });
  const session = new Session({
    transport: await dial({ address: url, endpoint: '/client', token: () => token }),
    sends: 'client→master',
    receives: 'master→client',
    handlers: stubHandlers('master→client'),
    events: stubEvents('master→client', {
      'run.changed': ({ phase, status }) => {
        if (phase === 'finished') finish(status ?? 'none');
      },
    }),
    accept: refuseStreams,
    clock: systemClock,
  });
  await session.call('client.hello', { protocol: helloOf('', '').protocol, software: 'fuzz' });
  return { session, finished };
}

/** An agent that does all as it should, as far as the master can see; its member runs nothing. */
async function goodAgent({ url, token }: Target, name: string, agent: string) {
  const started = Promise.withResolvers<string>();
  const session = new Session({
    transport: await dial({ address: url, endpoint: '/agent', token: () => token }),
    sends: 'agent→master',
    receives: 'master→agent',
    handlers: stubHandlers('master→agent', {
      'blob.missing': () => ({ missing: [] }),
      'member.prepare': () => ({}),
      'member.start': ({ member }) => {
        started.resolve(member);
        return {};
      },
      'member.forget': () => ({}),
    }),
    events: stubEvents('master→agent'),
    accept: refuseStreams,
    clock: systemClock,
  });
  await session.call('hello', helloOf(agent, name));
  const end = async (member: string) => {
    const exit = { how: 'exited', code: 0 } as const;
    await session.call('member.ended', {
      member,
      end: { exit, duration: 1, logs: [], lastLine: '', survivors: 0 },
    });
    await session.call('member.collected', { member, skipped: [], links: [] });
  };
  return { session, started: started.promise, end };
}

const SPEC: RunSpec = {
  suite: 'fuzz',
  files: [],
  tests: [
    {
      ...{ name: 'throughout', timeout: 300, linger: 0, grace: 30, params: {} },
      roles: [
        {
          ...{ name: 'client', count: 2, params: {}, env: {}, essential: true },
          script: { kind: 'inline', text: 'true' },
        },
      ],
    },
  ],
};

/** Two agents whose members meet at a barrier and count a key, again and again, while `going`. */
async function aRun(target: Target) {
  const agents = [
    await goodAgent(target, 'good-1', 'a'.repeat(32)),
    await goodAgent(target, 'good-2', 'b'.repeat(32)),
  ];
  const owner = await client(target);
  const { blob, bytes } = jsonBytes(SPEC);
  const stream = await owner.session.openStream({ to: 'blob', ...blob }, new MemorySource(bytes));
  await stream.finish(blob.size);
  const { run } = await owner.session.call('run.submit', { id: 'c'.repeat(32), spec: blob, owned: true });
  await owner.session.call('run.watch', { run });
  const members = await Promise.all(agents.map(({ started }) => started));
  let rounds = 0;
  let slowest = 0;
  const round = async () => {
    const began = performance.now();
    const request = `round-${rounds}-`;
    const ranks = await Promise.all(
      agents.map(({ session }, n) =>
        session.call('sync.barrier', {
          member: members[n]!,
          request: `${request}barrier`,
          at: 0,
          args: { name: 'go' },
        }),
      ),
    );
    expect(ranks.map(({ rank }) => rank).toSorted((a, b) => a - b)).toEqual([0, 1]);
    expect(ranks[0]!.generation).toBe(rounds);
    const { value } = await agents[rounds % 2]!.session.call('sync.incr', {
      ...{ member: members[rounds % 2]!, request: `${request}incr`, at: 0, args: { key: 'rounds' } },
    });
    rounds += 1;
    expect(value).toBe(rounds);
    slowest = Math.max(slowest, performance.now() - began);
  };
  const goOn = async (going: () => boolean) => {
    while (going()) {
      await round();
      // A heartbeat, as of a real agent.
      for (const { session } of [...agents, owner]) session.ping();
    }
  };
  const finish = async () => {
    await Promise.all(agents.map(({ end }, n) => end(members[n]!)));
    const status = await owner.finished;
    const done = new TuttiError('NOT_CONNECTED', 'done');
    for (const { session } of [...agents, owner]) session.close(done);
    return status;
  };
  return { goOn, finish, rounds: () => rounds, slowest: () => slowest };
}

test('a hundred thousand frames that nobody should send harm nobody but their senders', async () => {
  const master = await MasterProcess.start();
  const { target } = master;
  const run = await aRun(target);
  const seed = Number(process.env['FUZZ_SEED'] ?? 1);
  const sent = { frames: 0, cut: 0, connections: 0 };
  const sender = async (n: number) => {
    const random = seededRandom(seed * 1000 + n);
    const agent = n.toString(16).padStart(32, '0');
    while (sent.frames < FRAMES) {
      const { frames, ended } = await saySomething(target, { agent, name: `bad-${n}`, random, most: MOST });
      sent.frames += frames;
      sent.connections += 1;
      sent.cut += Number(ended === 'by the master');
    }
  };
  let going = true;
  const served = run.goOn(() => going);
  let most = 0;
  const watched = (async () => {
    for (; going && master.lives; ) {
      const [{ rss }] = await Promise.all([
        master.look(),
        new Promise((resolve) => setTimeout(resolve, 200)),
      ]);
      most = Math.max(most, rss);
    }
  })();
  await Promise.all(Array.from({ length: SENDERS }, (_, n) => sender(n)));
  const during = run.rounds();
  going = false;
  await Promise.all([served, watched]);

  expect(master.lives).toBe(true);
  expect(sent.frames).toBeGreaterThanOrEqual(FRAMES);
  expect(sent.cut, 'most of them are cut off').toBeGreaterThan(sent.connections / 2);
  expect(during, 'rounds while it went on').toBeGreaterThan(100);
  expect(run.slowest(), 'the slowest round, in ms').toBeLessThan(5000);
  expect(most, 'the most memory the master had').toBeLessThan(RSS_LIMIT);
  expect(await run.finish()).toBe('PASS');
  await eventually(async () => {
    const { holds } = await master.look();
    const { nodes, ...rest } = holds;
    expect(rest).toEqual({
      ...{ sessions: 0, watched: 0, spaces: 0, waiters: 0, timers: 0 },
      ...{ queued: 0, unfinished: 0, owned: 0, abandoned: 0, followed: 0, members: 0 },
      ...{ machinesCaredFor: 0, notificationsOwed: 0, watching: 0, requests: 0 },
      joining: { joiners: 0, sessions: 0 },
      // A client that has left may come back to what it started, for half a minute.
      console: { clients: expect.any(Number) as number, commands: 0 },
    });
    expect((nodes as string[]).every((node) => node.endsWith(' offline'))).toBe(true);
  });
  expect(await master.close()).toBe(0);
}, 90_000);

describe('a peer', () => {
  test('that sends bytes which are no frame is cut off, before its hello and after', async () => {
    const { target } = await MasterProcess.start();
    const random = seededRandom(1);
    for (const hello of [false, true]) {
      const socket = await open(target, '/agent');
      if (hello)
        socket.send(encode({ kind: 'call', id: 0, name: 'hello', params: helloOf('d'.repeat(32), 'n') }));
      const end = cutOff(socket);
      socket.send(Buffer.concat([Uint8Array.of(0xc1), randomBytes(random, 100)]));
      expect(await end).toBe(4000);
    }
  });

  test('that announces a frame of 100 MiB is cut off before it has sent it', async () => {
    const master = await MasterProcess.start();
    const before = (await master.look()).rss;
    await Promise.all(Array.from({ length: 20 }, () => announceTooMuch(master.target)));
    await eventually(async () => expect((await master.look()).holds).toMatchObject({ sessions: 0 }));
    expect((await master.look()).rss - before).toBeLessThan(100 * MiB);
  });

  test('that asks and does not read the answers is cut off, and costs the master little', async () => {
    const master = await MasterProcess.start();
    // Something to list.
    await Promise.all(
      Array.from({ length: 50 }, (_, n) =>
        goodAgent(master.target, `node-${n}`, n.toString(16).padStart(32, '0')),
      ),
    );
    const socket = await open(master.target, '/client');
    const params = { protocol: helloOf('', '').protocol, software: 'fuzz' };
    socket.send(encode({ kind: 'call', id: 0, name: 'client.hello', params }));
    await once(socket, 'message');
    socket.pause();
    let most = 0;
    for (let id = 1; id < 20_000; id += 1) {
      if (socket.readyState !== socket.OPEN) break;
      socket.send(encode({ kind: 'call', id, name: 'nodes.list', params: {} }));
      if (id % 500 === 0) most = Math.max(most, (await master.look()).rss);
      if (Number((await master.look()).holds['sessions']) === 50) break;
    }
    await eventually(async () => expect((await master.look()).holds).toMatchObject({ sessions: 50 }));
    expect(most).toBeLessThan(RSS_LIMIT);
    socket.terminate();
  }, 60_000);

  test('that begins a frame and says no more is shown out for its silence', async () => {
    const master = await MasterProcess.start();
    const socket = await open(master.target, '/agent');
    socket.send(encode({ kind: 'call', id: 0, name: 'hello', params: helloOf('e'.repeat(32), 'n') }));
    await once(socket, 'message');
    const end = cutOff(socket);
    socket.send(encode({ kind: 'event', name: 'link.ping', params: { sent: 1 } }), { fin: false });
    await end;
    await eventually(async () =>
      expect((await master.look()).holds).toMatchObject({ sessions: 0, nodes: ['n offline'] }),
    );
  }, 30_000);
});
