/**
 * Tutti's server: the master's own door, registry, sessions and sync broker, composed as `startMaster` does, without runs.
 * One attempt is open, whose members are there by name only: nothing is staged, started or written.
 */
import { createLog, systemClock } from '@tutti/link';
import { serveAgent } from '../../packages/master/src/agents/agent-session.ts';
import type { Node, NodeIdentity } from '../../packages/master/src/agents/node.ts';
import { Registry } from '../../packages/master/src/agents/registry.ts';
import { Door } from '../../packages/master/src/http/door.ts';
import { MemberFiles } from '../../packages/master/src/logs/member-files.ts';
import { MasterClock } from '../../packages/master/src/master-clock.ts';
import { type LiveMember, LiveMembers } from '../../packages/master/src/runs/members.ts';
import { SyncBroker } from '../../packages/master/src/sync/broker.ts';
import { answer } from '../harness/answer.ts';
import { usage } from '../harness/usage.ts';
import { ATTEMPT, agentId, FACTS, MASTER, memberId, memberName, nodeName, SOFTWARE, TOKEN } from './names.ts';

const TIMEOUT = 3600;

async function open(n: number): Promise<string> {
  const clock = new MasterClock(systemClock);
  const registry = new Registry(clock);
  const live = new LiveMembers();
  const broker = new SyncBroker(clock);
  const log = createLog({ daemon: 'master', level: 'info', out: { write: () => {} } });
  const indices = Array.from({ length: n }, (_, index) => index);
  broker.open(
    ATTEMPT,
    indices.map((index) => ({ name: memberName(index), role: 'member', node: nodeName(index) })),
    TIMEOUT,
  );
  registry.restore(indices.map(identity));
  for (const index of indices) live.add(underWay(index, registry.get(nodeName(index))));
  const door = new Door({
    address: { host: '127.0.0.1', port: 0 },
    token: TOKEN,
    clock,
    ready: async () => {},
    agent: (transport) =>
      serveAgent(transport, { master: MASTER, software: SOFTWARE, clock, registry, live, broker, log }),
    client: () => {
      throw new Error('nobody operates this master');
    },
  });
  return door.open();
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
    files: new MemberFiles('/nonexistent', () => Date.now()),
    owed: true,
    lost: false,
    end: async () => {},
    collected: async () => {},
    rebooting: async () => {},
    rebootOther: async () => {},
    extend: async () => TIMEOUT,
    present: () => {},
    vanished() {
      throw new Error(`${memberName(index)} vanished`);
    },
  };
}

answer({ open, usage });
