/** An agent as a master knows it: dialer, session, hello and heartbeat of its own, and no machine behind them. */
import {
  Dialer,
  type Handlers,
  type Heartbeat,
  type LinkState,
  Session,
  systemClock,
  type Transport,
} from '@tutti/link';
import { type CallParams, type CallResult, TuttiError } from '@tutti/protocol';
import { hello } from './hello.ts';

export type MasterSession = Session<'agent→master', 'master→agent'>;

export interface SimulatedAgentOptions {
  readonly url: string;
  readonly token: string;
  readonly index: number;
  readonly heartbeat: Heartbeat;
  readonly name?: string;
  /** What it is asked beyond these is refused. */
  readonly handlers?: Partial<Handlers<'master→agent'>>;
  /** What it has, asked at every hello. */
  readonly members?: () => CallParams<'hello'>['members'];
  readonly onWelcome?: (welcome: CallResult<'hello'>) => void;
}

const unasked = (): never => {
  throw new TuttiError('INTERNAL', 'a bench is asked for nothing');
};

const UNASKED: Handlers<'master→agent'> = {
  'blob.missing': unasked,
  'member.prepare': unasked,
  'member.start': unasked,
  'member.stop': unasked,
  'member.reboot': unasked,
  'member.extended': unasked,
  'member.freeze': unasked,
  'member.forget': unasked,
  'command.start': unasked,
  'command.kill': unasked,
  'files.write': unasked,
  'files.read': unasked,
  'machine.wait': unasked,
  'machine.reboot': unasked,
  'terminal.open': unasked,
  'terminal.read': unasked,
  'terminal.write': unasked,
  'terminal.resize': unasked,
  'terminal.attend': unasked,
  'terminal.close': unasked,
  'node.probe': () => ({}),
};

export class SimulatedAgent {
  readonly index: number;
  readonly #dialer: Dialer;
  readonly #opened = Promise.withResolvers<void>();
  #session: MasterSession | undefined;

  private constructor(options: SimulatedAgentOptions) {
    const { url, token, index, name, members, heartbeat, onWelcome } = options;
    this.index = index;
    this.#dialer = new Dialer({
      address: url,
      endpoint: '/agent',
      token: () => token,
      clock: systemClock,
      heartbeat,
      random: Math.random,
      greet: async (transport) => {
        const session = newSession(transport, options);
        const welcome = await session.call('hello', hello({ index, name, members: members?.() }));
        this.#session = session;
        onWelcome?.(welcome);
        return session;
      },
      onState: (state) => this.#onState(state),
    });
  }

  /** Resolves after the welcome; the first attempt counts. A connection lost later is sought again. */
  static async connect(options: SimulatedAgentOptions): Promise<SimulatedAgent> {
    const agent = new SimulatedAgent(options);
    agent.#dialer.start();
    await agent.#opened.promise;
    return agent;
  }

  /** The newest. */
  get session(): MasterSession {
    if (this.#session === undefined) throw new Error(`agent ${this.index} has not connected`);
    return this.#session;
  }

  close(): void {
    this.#dialer.stop(new TuttiError('CANCELLED', 'the bench is over'));
  }

  #onState(state: LinkState): void {
    if (state.at === 'open') this.#opened.resolve();
    else if ('error' in state) this.#opened.reject(state.error);
  }
}

function newSession(transport: Transport, { handlers }: SimulatedAgentOptions): MasterSession {
  return new Session({
    transport,
    sends: 'agent→master',
    receives: 'master→agent',
    handlers: { ...UNASKED, ...handlers },
    events: { 'barrier.data': () => {} },
    accept: unasked,
    clock: systemClock,
  });
}
