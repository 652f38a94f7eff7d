/** How much memory does an agent take that has nothing to do, against an empty Node process with one WebSocket? */
import { setTimeout as sleep } from 'node:timers/promises';
import { bench } from './bench.ts';
import { AgentDaemons } from './daemons/agents.ts';
import { MasterDaemon } from './daemons/master.ts';
import { Holder } from './floor/holder.ts';
import { Child } from './harness/child.ts';
import { roomFor } from './harness/descriptors.ts';
import { median } from './harness/median.ts';
import { processUsage } from './harness/process-usage.ts';
import { round } from './harness/round.ts';

/** Of each side; they live at the same time. */
const PROCESSES = 3;

export const agent = bench({
  about: 'agent: memory of an idle agent, against Node with one WebSocket (bar: ≤ 1.3 × floor)',
  options: { seconds: 15 },
  async run({ seconds }, report) {
    const descriptors = roomFor(100);
    await using stack = new AsyncDisposableStack();
    const master = stack.use(await MasterDaemon.start(descriptors));
    const agents = stack.use(await AgentDaemons.start(master, PROCESSES));
    const server = stack.use(await Child.start('floor/server.ts', descriptors));
    const url = await server.ask<string>('open', PROCESSES);
    const holders: Holder[] = [];
    for (let n = 0; n < PROCESSES; n += 1) holders.push(stack.use(await Holder.start(url)));
    await sleep(seconds * 1000);
    const floor = median(holders.map(({ pid }) => processUsage(pid).rss));
    const tutti = median(agents.daemons.map((daemon) => daemon.usage().rss));
    report.line({
      bench: 'agent',
      floor_mb: round(floor / 1e6, 1),
      tutti_mb: round(tutti / 1e6, 1),
      ratio: round(tutti / floor, 2),
    });
  },
});
