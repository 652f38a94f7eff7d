/** Tutti's clients: simulated agents, each with the one member that the server of this side expects of it. */
import { Heartbeat, systemClock } from '@tutti/link';
import { type Crowd, connectAll } from '../crowd.ts';
import { MASTER, memberId, TOKEN } from './names.ts';
import { SimulatedAgent } from './simulated-agent.ts';

const BARRIER = { name: 'bench' };

export class TuttiCrowd implements Crowd {
  readonly #agents: readonly SimulatedAgent[];
  #requests = 0;

  private constructor(agents: readonly SimulatedAgent[]) {
    this.#agents = agents;
  }

  static async connect(this: void, url: string, n: number): Promise<TuttiCrowd> {
    const heartbeat = new Heartbeat(systemClock);
    return new TuttiCrowd(await connectAll(n, (index) => connect(url, index, heartbeat)));
  }

  get size(): number {
    return this.#agents.length;
  }

  arrive(index: number, released: () => void): void {
    const { session } = this.#agent(index);
    void session.call('sync.barrier', this.#params(index, BARRIER)).then(released);
  }

  roundTrip(index: number): Promise<unknown> {
    const { session } = this.#agent(index);
    return session.call('sync.keys', this.#params(index, {}));
  }

  #params<A>(index: number, args: A): { member: string; request: string; at: number; args: A } {
    this.#requests += 1;
    return {
      member: memberId(index),
      request: `request-${this.#requests}`,
      at: systemClock.monotonicMs(),
      args,
    };
  }

  #agent(index: number): SimulatedAgent {
    const agent = this.#agents[index];
    if (agent === undefined) throw new RangeError(`no agent ${index}`);
    return agent;
  }
}

function connect(url: string, index: number, heartbeat: Heartbeat): Promise<SimulatedAgent> {
  return SimulatedAgent.connect({
    ...{ url, token: TOKEN, index, heartbeat },
    members: () => [{ member: memberId(index), master: MASTER, state: 'running' }],
  });
}
