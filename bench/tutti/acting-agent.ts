/** A simulated agent that takes members and lets them run: nothing is written or started. */
import { type ByteSource, type Heartbeat, systemClock } from '@tutti/link';
import type { CallParams, MemberOrder } from '@tutti/protocol';
import { SimulatedAgent } from './simulated-agent.ts';

interface Options {
  readonly url: string;
  readonly token: string;
  readonly index: number;
  readonly heartbeat: Heartbeat;
  readonly name?: string;
}

/** Lines, as scripts write them. */
const OUTPUT = Buffer.alloc(65_536, 'all work and no play makes jack a dull boy\n');
const ENDLESS: ByteSource = { read: async (_offset, into) => OUTPUT.copy(into) };

export class ActingAgent {
  /** The member it has; there is one at a time. */
  order: MemberOrder | undefined;
  running = false;
  welcomes = 0;
  #agent: SimulatedAgent | undefined;

  static async connect(options: Options): Promise<ActingAgent> {
    const acting = new ActingAgent();
    acting.#agent = await SimulatedAgent.connect({
      ...options,
      members: () => acting.#presence(),
      onWelcome: ({ giveUp }) => {
        acting.welcomes += 1;
        if (acting.order && giveUp.includes(acting.order.member)) acting.#drop();
      },
      handlers: {
        // As if it had it all from the run before.
        'blob.missing': () => ({ missing: [] }),
        'member.prepare': ({ spec }) => {
          acting.order = spec;
          return {};
        },
        'member.start': () => {
          acting.running = true;
          return {};
        },
        'member.stop': () => ({}),
        'member.forget': () => {
          acting.#drop();
          return {};
        },
      },
    });
    return acting;
  }

  /** Output without end; resolves when the master has begun to take it. */
  async flood(): Promise<void> {
    if (!this.running) return;
    const target = { to: 'log', member: this.#member, source: 'stdout', incarnation: 0 } as const;
    await this.#session.openStream(target, ENDLESS);
  }

  /** The smallest call that a script could make. Each needs a request of its own. */
  async increment(request: string): Promise<void> {
    const at = systemClock.monotonicMs();
    await this.#session.call('sync.incr', { member: this.#member, request, at, args: { key: 'count' } });
  }

  close(): void {
    this.#agent?.close();
  }

  get #session(): SimulatedAgent['session'] {
    if (this.#agent === undefined) throw new Error('it has not connected');
    return this.#agent.session;
  }

  get #member(): string {
    if (this.order === undefined || !this.running) throw new Error('nothing runs here');
    return this.order.member;
  }

  #drop(): void {
    this.order = undefined;
    this.running = false;
  }

  #presence(): CallParams<'hello'>['members'] {
    if (this.order === undefined) return [];
    const { member, master } = this.order;
    return [{ member, master, state: this.running ? 'running' : 'prepared' }];
  }
}
