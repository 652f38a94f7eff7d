/** How long from submitting a trivial test of two members to its verdict? On a real master, with two real, warm agents. */
import { parseArgs } from 'node:util';
import type { MasterClient } from '@tutti/client';
import type { RunSpec } from '@tutti/protocol';
import type { Bench } from './bench.ts';
import { AgentDaemons } from './daemons/agents.ts';
import { follow, MasterDaemon } from './daemons/master.ts';
import { roomFor } from './harness/descriptors.ts';
import { median } from './harness/median.ts';
import { count } from './harness/options.ts';
import { Report } from './harness/report.ts';
import { quantile, round } from './harness/round.ts';
import { aRun } from './tutti/a-test.ts';

const WARM_UP = 5;
const SPEC = aRun([
  { role: 'a', script: 'true' },
  { role: 'b', script: 'true' },
]);

export const turnaround: Bench = {
  usage: '[--rounds 30] [--json]',
  about: 'turnaround: a trivial test of two members, submitted → verdict, median ms (bar: ≤ 150 ms)',
  async run(args) {
    const { values } = parseArgs({
      args,
      options: { rounds: { type: 'string', default: '30' }, json: { type: 'boolean', default: false } },
    });
    const rounds = count('--rounds', values.rounds);
    await using master = await MasterDaemon.start(roomFor(100));
    await using _agents = await AgentDaemons.start(master, 2);
    const client = await master.client();
    const taken: number[] = [];
    for (let n = 0; n < WARM_UP + rounds; n += 1) {
      const ms = await untilVerdict(client, SPEC);
      if (n >= WARM_UP) taken.push(ms);
    }
    const report = new Report(values.json);
    report.line({
      bench: 'turnaround',
      rounds,
      median_ms: round(median(taken), 1),
      p90_ms: round(quantile(taken, 0.9), 1),
    });
    report.end();
  },
};

async function untilVerdict(client: MasterClient, spec: RunSpec): Promise<number> {
  const began = performance.now();
  let verdict: number | undefined;
  const final = await follow(client, spec, ({ tests }) => {
    if (tests[0]?.status !== undefined) verdict ??= performance.now();
  });
  if (final.status !== 'PASS') throw new Error(`the run ended as ${final.status}: ${final.cause ?? ''}`);
  return (verdict ?? performance.now()) - began;
}
