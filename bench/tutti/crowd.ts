/** Tutti's clients: an agent's dialer, session, hello and heartbeat each, and no machine behind them. */
import {
  Dialer,
  type Handlers,
  Heartbeat,
  type LinkState,
  Session,
  systemClock,
  type Transport,
} from '@tutti/link';
import { type CallParams, PROTOCOL, TuttiError } from '@tutti/protocol';
import { type Crowd, connectAll } from '../crowd.ts';
import { agentId, MASTER, memberId, nodeName, SOFTWARE, TOKEN } from './names.ts';

type MasterSession = Session<'agent→master', 'master→agent'>;

interface Member {
  session: MasterSession;
  id: string;
}

const BARRIER = { name: 'bench' };

const unasked = (): never => {
  throw new TuttiError('INTERNAL', 'a bench is asked for nothing');
};

const handlers: Handlers<'master→agent'> = {
  'blob.missing': unasked,
  'member.prepare': unasked,
  'member.start': unasked,
  'member.stop': unasked,
  'member.forget': unasked,
  'node.probe': () => ({}),
};

export class TuttiCrowd implements Crowd {
  readonly #members: readonly Member[];
  #requests = 0;

  private constructor(members: readonly Member[]) {
    this.#members = members;
  }

  static async connect(this: void, url: string, n: number): Promise<TuttiCrowd> {
    const heartbeat = new Heartbeat(systemClock);
    return new TuttiCrowd(await connectAll(n, (index) => connect(url, index, heartbeat)));
  }

  get size(): number {
    return this.#members.length;
  }

  arrive(index: number, released: () => void): void {
    const { session, id } = this.#member(index);
    void session.call('sync.barrier', this.#params(id, BARRIER)).then(released);
  }

  roundTrip(index: number): Promise<unknown> {
    const { session, id } = this.#member(index);
    return session.call('sync.keys', this.#params(id, {}));
  }

  #params<A>(member: string, args: A): { member: string; request: string; at: number; args: A } {
    this.#requests += 1;
    return { member, request: `request-${this.#requests}`, at: systemClock.monotonicMs(), args };
  }

  #member(index: number): Member {
    const member = this.#members[index];
    if (member === undefined) throw new RangeError(`no member ${index}`);
    return member;
  }
}

/** Resolves after the welcome; a connection that breaks, now or later, is a failure of the bench. */
function connect(url: string, index: number, heartbeat: Heartbeat): Promise<Member> {
  const { promise, resolve, reject } = Promise.withResolvers<Member>();
  let session: MasterSession;
  const dialer = new Dialer({
    address: url,
    endpoint: '/agent',
    token: () => TOKEN,
    clock: systemClock,
    heartbeat,
    random: Math.random,
    async greet(transport) {
      session = newSession(transport);
      await session.call('hello', hello(index));
      return session;
    },
    onState(state: LinkState) {
      if (state.at === 'open') resolve({ session, id: memberId(index) });
      else if ('error' in state) reject(state.error);
    },
  });
  dialer.start();
  return promise;
}

function newSession(transport: Transport): MasterSession {
  return new Session({
    transport,
    sends: 'agent→master',
    receives: 'master→agent',
    handlers,
    events: { 'barrier.data': () => {} },
    accept: unasked,
    clock: systemClock,
  });
}

function hello(index: number): CallParams<'hello'> {
  return {
    protocol: { ...PROTOCOL },
    software: SOFTWARE,
    agent: agentId(index),
    process: agentId(index),
    boot: 'bench',
    name: nodeName(index),
    labels: { rack: 'r1' },
    facts: {
      addresses: ['10.0.0.1', 'fe80::1'],
      os: 'Debian 12',
      kernel: '6.1.0',
      arch: 'x64',
      cpus: 4,
      memory: 8 * 1024 ** 3,
    },
    members: [{ member: memberId(index), master: MASTER, state: 'running' }],
    waits: [],
  };
}
