/** A process full of simulated agents of a real master, which does what it is told. */
import { Heartbeat, systemClock } from '@tutti/link';
import { connectAll } from './crowd.ts';
import { answer } from './harness/answer.ts';
import { ActingAgent } from './tutti/acting-agent.ts';

interface Connect {
  url: string;
  token: string;
  n: number;
}

const agents: ActingAgent[] = [];

answer({
  /** Milliseconds until all have been welcomed. */
  async connect({ url, token, n }: Connect): Promise<number> {
    const heartbeat = new Heartbeat(systemClock);
    const began = performance.now();
    agents.push(...(await connectAll(n, (index) => ActingAgent.connect({ url, token, index, heartbeat }))));
    return performance.now() - began;
  },
  /** How many have a member that runs. */
  running: () => agents.filter((agent) => agent.running).length,
  /** How many have been welcomed a second time. */
  back: () => agents.filter((agent) => agent.welcomes > 1).length,
  /** Resolves when the master has answered a running member. */
  call: () => agents.find((agent) => agent.running)?.increment('request-1'),
  /** Whoever has a running member writes as much output as the master takes. */
  flood: () => Promise.all(agents.map((agent) => agent.flood())),
});
