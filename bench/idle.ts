/** What does a master use whose N agents have nothing to do? Simulated agents, each with its heartbeat of 2 s. */
import { setTimeout as sleep } from 'node:timers/promises';
import { bench } from './bench.ts';
import { MasterDaemon } from './daemons/master.ts';
import { Child } from './harness/child.ts';
import { roomFor } from './harness/descriptors.ts';
import { round } from './harness/round.ts';

/** What connecting has left over is collected by then. */
const SETTLE_SECONDS = 5;

export const idle = bench({
  about: 'idle: memory and processor time of a master with N idle agents (bar: ≤ 300 MB, ≤ 40 % of a core)',
  options: { n: 10_000, seconds: 20 },
  async run({ n, seconds }, report) {
    const descriptors = roomFor(n);
    await using master = await MasterDaemon.start(descriptors);
    await using agents = await Child.start('agents.ts', descriptors);
    const { url, token } = master;
    await agents.ask('connect', { url, token, n });
    await sleep(SETTLE_SECONDS * 1000);
    const before = master.usage();
    const began = performance.now();
    await sleep(seconds * 1000);
    const after = master.usage();
    report.line({
      bench: 'idle',
      n,
      rss_mb: round(after.rss / 1e6, 1),
      peak_rss_mb: round(after.peakRss / 1e6, 1),
      core_percent: round((100 * (after.cpu - before.cpu)) / (performance.now() - began), 1),
    });
  },
});
