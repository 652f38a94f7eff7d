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
  readonly #sessions: readonly MasterSession[];
  #requests = 0;

  private constructor(sessions: readonly MasterSession[]) {
    this.#sessions = sessions;
  }

  static async connect(this: void, url: string, n: number): Promise<TuttiCrowd> {
    const heartbeat = new Heartbeat(systemClock);
    return new TuttiCrowd(await connectAll(n, (index) => connect(url, index, heartbeat)));
  }

  get size(): number {
    return this.#sessions.length;
  }

  arrive(index: number, released: () => void): void {
    void this.#session(index).call('sync.barrier', this.#params(index, BARRIER)).then(released);
  }

  async roundTrip(index: number): Promise<void> {
    await this.#session(index).call('sync.keys', this.#params(index, {}));
  }

  #params<A>(index: number, args: A): { member: string; request: string; at: number; args: A } {
    this.#requests += 1;
    const request = `request-${this.#requests}`;
    return { member: memberId(index), request, at: systemClock.monotonicMs(), args };
  }

  #session(index: number): MasterSession {
    const session = this.#sessions[index];
    if (session === undefined) throw new RangeError(`no member ${index}`);
    return session;
  }
}

/** Resolves after the welcome; a connection that breaks, now or later, is a failure of the bench. */
function connect(url: string, index: number, heartbeat: Heartbeat): Promise<MasterSession> {
  const { promise, resolve, reject } = Promise.withResolvers<MasterSession>();
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
      if (state.at === 'open') resolve(session);
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
