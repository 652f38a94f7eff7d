/**
 * Tutti's server: the master's own door, registry, sessions, sync broker and database, composed as `startMaster` does,
 * without runs. One attempt is open, whose members are there by name only: nothing is staged or started, but every
 * decision is kept before anybody is told.
 */
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog, systemClock } from '@tutti/link';
import { serveAgent } from '../../packages/master/src/agents/agent-session.ts';
import type { Node, NodeIdentity } from '../../packages/master/src/agents/node.ts';
import { Registry } from '../../packages/master/src/agents/registry.ts';
import { Door } from '../../packages/master/src/http/door.ts';
import { MemberFiles } from '../../packages/master/src/logs/member-files.ts';
import { MasterClock } from '../../packages/master/src/master-clock.ts';
import { type LiveMember, LiveMembers } from '../../packages/master/src/runs/members.ts';
import type { Run, TestRun } from '../../packages/master/src/runs/model.ts';
import { Store } from '../../packages/master/src/store/store.ts';
import { SyncBroker } from '../../packages/master/src/sync/broker.ts';
import { answer } from '../harness/answer.ts';
import { usage } from '../harness/usage.ts';
import { ATTEMPT, agentId, FACTS, MASTER, memberId, memberName, nodeName, SOFTWARE, TOKEN } from './names.ts';

const TIMEOUT = 3600;

async function open(n: number): Promise<string> {
  const clock = new MasterClock(systemClock);
  const registry = new Registry(clock);
  const live = new LiveMembers();
  const log = createLog({ daemon: 'master', level: 'info', out: { write: () => {} } });
  const directory = await mkdtemp(join(tmpdir(), 'tutti-bench-'));
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  const store = Store.open({ path: join(directory, 'master.db'), clock, log });
  await openAttempt(store);
  const broker = new SyncBroker(clock, store.decisions);
  const indices = Array.from({ length: n }, (_, index) => index);
  broker.open(
    ATTEMPT,
    indices.map((index) => ({ name: memberName(index), role: 'member', node: nodeName(index) })),
    TIMEOUT,
  );
  registry.restore(indices.map((index) => ({ identity: identity(index) })));
  for (const index of indices) live.add(underWay(index, registry.get(nodeName(index))));
  // No driver runs here: nothing is brought.
  const blobs = {
    missing: () => Promise.resolve([]),
    writer: () => Promise.reject(new Error('this master keeps no files')),
  };
  const door = new Door({
    address: { host: '127.0.0.1', port: 0 },
    token: TOKEN,
    clock,
    ready: async () => {},
    agent: (transport) =>
      serveAgent(transport, {
        master: MASTER,
        software: SOFTWARE,
        clock,
        registry,
        live,
        broker,
        blobs,
        log,
      }),
    client: () => {
      throw new Error('nobody operates this master');
    },
  });
  return door.open();
}

/** Decisions belong to an attempt of a run. */
async function openAttempt(store: Store): Promise<void> {
  const spec = { suite: 'bench', files: [], tests: [] };
  const test: TestRun = {
    spec: { name: 'bench', timeout: TIMEOUT, linger: 0, grace: 0, params: {}, roles: [] },
    part: 'test',
    index: 0,
    dir: '',
    state: 'running',
    attempts: [],
  };
  const run: Run = {
    ...{ number: 1, id: MASTER, spec, dir: '/nonexistent', tests: [test], phase: 'running' },
    ...{ started: 0, priority: 0, owned: false, cast: [], agents: new Map(), facts: new Map() },
  };
  await store.runs.create(run);
  await store.runs.createAttempt(run, test, {
    n: 1,
    id: ATTEMPT,
    members: [],
    commands: [],
    barriers: [],
    extensions: {},
    reboots: {},
  });
}

/** As the agents of the crowd introduce themselves. */
function identity(index: number): NodeIdentity {
  return {
    ...{ agent: agentId(index), name: nodeName(index), boot: 'bench', labels: {}, software: SOFTWARE },
    ...{ facts: FACTS, address: undefined },
  };
}

/** What the master knows of a member between its start and its end. */
function underWay(index: number, machine: Node | undefined): LiveMember {
  if (machine === undefined) throw new RangeError(`no node ${index}`);
  return {
    machine,
    id: memberId(index),
    name: memberName(index),
    attempt: ATTEMPT,
    node: nodeName(index),
    files: new MemberFiles('/nonexistent', {
      now: () => Date.now(),
      room: () => undefined,
      onDamage: () => {},
    }),
    owed: true,
    complete: false,
    lost: false,
    end: async () => {},
    collected: async () => {},
    rebooting: async () => {},
    rebootOther: async () => {},
    extend: async () => TIMEOUT,
    drive: () => Promise.reject(new Error('no driver here')),
    present: () => {},
    vanished() {
      throw new Error(`${memberName(index)} vanished`);
    },
  };
}

answer({ open, usage });
