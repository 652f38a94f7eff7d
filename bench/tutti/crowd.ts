/** Tutti's clients: each says hello as an agent, and then what an agent passes on from its one member. */

import { ClockOffset, dialUrl, systemClock } from '@tutti/link';
import { Kind, SUBPROTOCOL } from '@tutti/protocol';
import { Connection } from '../connection.ts';
import { type Crowd, connectAll } from '../crowd.ts';
import { hello } from './hello.ts';
import { MASTER, memberId, TOKEN } from './names.ts';

/** Who has said nothing for so long pings, as agents do. */
const PING_EVERY_MS = 2000;

export class TuttiCrowd implements Crowd {
  readonly #agents: readonly Agent[];

  private constructor(agents: readonly Agent[]) {
    this.#agents = agents;
  }

  static async connect(this: void, url: string, n: number): Promise<TuttiCrowd> {
    return new TuttiCrowd(await connectAll(n, (index) => Agent.connect(url, index)));
  }

  get size(): number {
    return this.#agents.length;
  }

  arrive(index: number, released: () => void): void {
    this.#agent(index).ask('sync.barrier', { name: 'bench' }, released);
  }

  roundTrip(index: number): Promise<unknown> {
    return new Promise((answered) => this.#agent(index).ask('sync.keys', {}, answered));
  }

  #agent(index: number): Agent {
    const agent = this.#agents[index];
    if (agent === undefined) throw new RangeError(`no agent ${index}`);
    return agent;
  }
}

class Agent {
  readonly #index: number;
  readonly #asked = new Map<unknown, (result: unknown) => void>();
  readonly #offset = new ClockOffset();
  #connection!: Connection;
  #calls = 0;
  #spoke = true;
  #onPong = () => {};

  private constructor(index: number) {
    this.#index = index;
  }

  /** Resolves after the welcome. */
  static async connect(url: string, index: number): Promise<Agent> {
    const agent = new Agent(index);
    const heard = (message: unknown[]) => agent.#heard(message);
    const peer = { protocol: SUBPROTOCOL, token: TOKEN };
    agent.#connection = await Connection.open(dialUrl(url, '/agent'), heard, peer);
    const members = [{ member: memberId(index), master: MASTER, state: 'running' as const }];
    await new Promise((welcomed) => agent.#call('hello', hello({ index, members }), welcomed));
    setInterval(() => agent.#pingIfSilent(), PING_EVERY_MS);
    // The answer to the first says how far the clocks lie apart, and the second tells the master.
    await new Promise<void>((known) => {
      agent.#onPong = known;
      agent.#ping();
    });
    agent.#ping();
    return agent;
  }

  ask(name: string, args: object, answered: (result: unknown) => void): void {
    const request = `request-${this.#calls}`;
    const params = { member: memberId(this.#index), request, at: systemClock.monotonicMs(), args };
    this.#call(name, params, answered);
  }

  #call(name: string, params: object, answered: (result: unknown) => void): void {
    this.#spoke = true;
    this.#calls += 1;
    this.#asked.set(this.#calls, answered);
    this.#connection.send([Kind.call, this.#calls, name, params]);
  }

  #pingIfSilent(): void {
    if (!this.#spoke) this.#ping();
    this.#spoke = false;
  }

  #ping(): void {
    const offset = this.#offset.value;
    const sent = systemClock.monotonicMs();
    this.#connection.send([Kind.event, 'link.ping', offset === undefined ? { sent } : { sent, offset }]);
  }

  #heard([kind, id, result]: unknown[]): void {
    if (kind === Kind.event) {
      if (id === 'link.pong') this.#ponged(result as { sent: number; wall: number });
      return;
    }
    if (kind !== Kind.result)
      throw new Error(`agent ${this.#index} was told ${JSON.stringify([kind, id, result])}`);
    const answered = this.#asked.get(id);
    this.#asked.delete(id);
    answered?.(result);
  }

  #ponged({ sent, wall }: { sent: number; wall: number }): void {
    this.#offset.add(sent, systemClock.monotonicMs(), wall);
    this.#onPong();
  }
}
