/** Real agents of a bench, idle and ready for work when they have started. */
import { join } from 'node:path';
import { listNodes } from '@tutti/client';
import { until } from '../harness/until.ts';
import { Daemon } from './daemon.ts';
import type { MasterDaemon } from './master.ts';

/** An agent needs no more than any Node process. */
const DESCRIPTORS = 256;

export class AgentDaemons implements AsyncDisposable {
  readonly daemons: readonly Daemon[];

  private constructor(daemons: readonly Daemon[]) {
    this.daemons = daemons;
  }

  /** `n1`, `n2`, … */
  static async start(master: MasterDaemon, n: number): Promise<AgentDaemons> {
    const names = Array.from({ length: n }, (_, index) => `n${index + 1}`);
    const agents = new AgentDaemons(await Promise.all(names.map((name) => start(master, name))));
    const client = await master.client();
    await until(`${n} idle agents`, 10, async () => {
      const nodes = await listNodes(client);
      return nodes.filter(({ state }) => state === 'idle').length === n;
    });
    return agents;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const daemon of this.daemons) daemon.signal('SIGCONT');
    await Promise.all(this.daemons.map((daemon) => daemon.stop()));
  }
}

function start({ dir, url, tokenFile }: MasterDaemon, name: string): Promise<Daemon> {
  const state = join(dir, name);
  return Daemon.start(
    [
      'agent',
      ...['--master', url, '--token-file', tokenFile, '--state', state, '--name', name],
      ...['--log-level', 'error'],
    ],
    DESCRIPTORS,
  );
}
