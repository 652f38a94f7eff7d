/** What does a master use whose N agents have nothing to do? Simulated agents, each with its heartbeat of 2 s. */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Bench } from './bench.ts';
import { MasterDaemon } from './daemons/master.ts';
import { Child } from './harness/child.ts';
import { roomFor } from './harness/descriptors.ts';
import { count } from './harness/options.ts';
import { Report } from './harness/report.ts';
import { round } from './harness/round.ts';

/** What connecting has left over is collected by then. */
const SETTLE_SECONDS = 5;

export const idle: Bench = {
  usage: '[--n 10000] [--seconds 20] [--json]',
  about: 'idle: memory and processor time of a master with N idle agents (bar: ≤ 300 MB, ≤ 40 % of a core)',
  async run(args) {
    const { values } = parseArgs({
      args,
      options: {
        n: { type: 'string', default: '10000' },
        seconds: { type: 'string', default: '20' },
        json: { type: 'boolean', default: false },
      },
    });
    const n = count('--n', values.n);
    const seconds = count('--seconds', values.seconds);
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
    const report = new Report(values.json);
    report.line({
      bench: 'idle',
      n,
      rss_mb: round(after.rss / 1e6, 1),
      peak_rss_mb: round(after.peakRss / 1e6, 1),
      core_percent: round((100 * (after.cpu - before.cpu)) / (performance.now() - began), 1),
    });
    report.end();
  },
};
