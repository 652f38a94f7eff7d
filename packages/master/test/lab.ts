/** A master's inner parts and agents that talk to them over transports in memory; time is a fake clock's. */
import { createLog, type Handlers, Session, type StreamAcceptor } from '@tutti/link';
import { type CallParams, type CallResult, type MemberEnd, PROTOCOL, type TuttiError } from '@tutti/protocol';
import {
  FakeClock,
  type MemoryPair,
  memoryTransports,
  refuseStreams,
  settled,
  stubEvents,
  stubHandlers,
} from '@tutti/testkit';
import { type AgentSessionDeps, serveAgent } from '../src/agents/agent-session.ts';
import type { AgentSession, Node } from '../src/agents/node.ts';
import { Registry } from '../src/agents/registry.ts';
import { MasterClock } from '../src/master-clock.ts';
import { LiveMembers } from '../src/runs/members.ts';
import { SyncBroker } from '../src/sync/broker.ts';

/** `id('7')` is 32 times 7. */
export const id = (digit: string) => digit.repeat(32).slice(0, 32);

export const MASTER = id('f');

export const FACTS = {
  addresses: ['10.0.0.1'],
  os: 'Debian 12',
  kernel: '6.1.0',
  arch: 'x64',
  cpus: 2,
  memory: 1024,
};

/** Where logs go that no test looks at. */
export const quiet = createLog({ daemon: 'master', level: 'fatal', out: { write: () => undefined } });

type Hello = CallParams<'hello'>;

export interface AgentOptions extends Partial<Hello> {
  handlers?: Partial<Handlers<'master→agent'>>;
  accept?: StreamAcceptor;
}

export class Lab {
  readonly clock = new FakeClock();
  readonly masterClock = new MasterClock(this.clock);
  readonly registry = new Registry(this.masterClock);
  readonly live = new LiveMembers();
  readonly broker = new SyncBroker(this.masterClock);

  /** Where agents send what they are asked for. */
  contents(): AgentSessionDeps['blobs'] {
    return { missing: () => Promise.resolve([]), writer: () => Promise.reject(new Error('no cache')) };
  }

  /** An agent that has connected and not yet said hello. */
  dial(options: AgentOptions = {}): FakeAgent {
    return new FakeAgent(this, options);
  }

  /** An agent that is let in. */
  async connect(options: AgentOptions = {}): Promise<FakeAgent> {
    const agent = this.dial(options);
    await agent.hello();
    // What comes after the welcome, as the master's wish to forget members.
    await settled();
    return agent;
  }

  node(name: string): Node {
    const node = this.registry.get(name);
    if (node === undefined) throw new Error(`no node ${name}`);
    return node;
  }
}

export class FakeAgent {
  readonly session: Session<'agent→master', 'master→agent'>;
  readonly served: AgentSession;
  readonly pair: MemoryPair;
  /** What the master asked, in order: `member.start 1111`. */
  readonly asked: string[] = [];
  readonly #hello: Hello;

  constructor(lab: Lab, { handlers = {}, accept = refuseStreams, ...hello }: AgentOptions) {
    const name = hello.name ?? 'n1';
    this.#hello = {
      protocol: { ...PROTOCOL },
      software: '0.1.0',
      agent: id(Number(name.replace(/\D/g, '')).toString(16)),
      process: id('9'),
      boot: 'boot-1',
      name,
      labels: {},
      facts: FACTS,
      members: [],
      waits: [],
      ...hello,
    };
    this.pair = memoryTransports({ clock: lab.clock });
    this.served = serveAgent(this.pair.right, {
      master: MASTER,
      software: '0.1.0',
      clock: lab.masterClock,
      registry: lab.registry,
      live: lab.live,
      broker: lab.broker,
      blobs: lab.contents(),
      log: quiet,
    });
    const all = stubHandlers('master→agent', { ...OBLIGING, ...handlers });
    const noted = Object.entries(all).map(([call, handler]) => {
      const note = (params: never, context: never) => {
        this.asked.push(`${call} ${brief(params)}`.trim());
        return (handler as (...args: never[]) => unknown)(params, context);
      };
      return [call, note];
    });
    this.session = new Session({
      transport: this.pair.left,
      sends: 'agent→master',
      receives: 'master→agent',
      handlers: Object.fromEntries(noted) as Handlers<'master→agent'>,
      events: stubEvents('master→agent'),
      accept,
      clock: lab.clock,
    });
  }

  hello(more: Partial<Hello> = {}): Promise<CallResult<'hello'>> {
    return this.session.call('hello', { ...this.#hello, ...more });
  }

  /** The connection breaks, and both sides hear of it. */
  async cut(): Promise<void> {
    this.pair.cut();
    await settled();
  }

  async ended(member: string, end: Partial<MemberEnd> = {}): Promise<void> {
    await this.session.call('member.ended', { member, end: memberEnd(end) });
  }

  async collected(member: string, more: Partial<CallParams<'member.collected'>> = {}): Promise<void> {
    await this.session.call('member.collected', { member, skipped: [], links: [], ...more });
  }

  get closed(): TuttiError | undefined {
    return this.session.closed;
  }
}

/** An agent that does at once whatever it is asked. */
const OBLIGING: Partial<Handlers<'master→agent'>> = {
  'blob.missing': () => ({ missing: [] }),
  'member.prepare': () => ({}),
  'member.start': () => ({}),
  'member.stop': () => ({}),
  'member.forget': () => ({}),
  'member.extended': () => ({}),
  'member.freeze': () => ({}),
  'member.reboot': () => ({}),
  'node.probe': () => ({}),
};

export function memberEnd(end: Partial<MemberEnd> = {}): MemberEnd {
  return {
    exit: { how: 'exited', code: 0 },
    duration: 1,
    logs: [],
    lastLine: '',
    survivors: 0,
    ...end,
  };
}

function brief(params: { member?: string; reason?: string; spec?: { member: string } }): string {
  return [(params.member ?? params.spec?.member)?.slice(0, 4), params.reason].filter(Boolean).join(' ');
}
