/** How long from submitting a trivial test of two members to its verdict? On a real master, with two real, warm agents. */
import type { MasterClient } from '@tutti/client';
import type { RunSpec } from '@tutti/protocol';
import { bench } from './bench.ts';
import { AgentDaemons } from './daemons/agents.ts';
import { follow, MasterDaemon } from './daemons/master.ts';
import { roomFor } from './harness/descriptors.ts';
import { median } from './harness/median.ts';
import { quantile, round } from './harness/round.ts';
import { aRun } from './tutti/a-test.ts';

const WARM_UP = 5;
const SPEC = aRun([
  { role: 'a', script: 'true' },
  { role: 'b', script: 'true' },
]);

export const turnaround = bench({
  about: 'turnaround: a trivial test of two members, submitted → verdict, median ms (bar: ≤ 150 ms)',
  options: { rounds: 30 },
  async run({ rounds }, report) {
    await using master = await MasterDaemon.start(roomFor(100));
    await using _agents = await AgentDaemons.start(master, 2);
    const client = await master.client();
    const taken: number[] = [];
    for (let n = 0; n < WARM_UP + rounds; n += 1) {
      const ms = await untilVerdict(client, SPEC);
      if (n >= WARM_UP) taken.push(ms);
    }
    report.line({
      bench: 'turnaround',
      rounds,
      median_ms: round(median(taken), 1),
      p90_ms: round(quantile(taken, 0.9), 1),
    });
  },
});

async function untilVerdict(client: MasterClient, spec: RunSpec): Promise<number> {
  const began = performance.now();
  let verdict: number | undefined;
  const final = await follow(client, spec, ({ tests }) => {
    if (tests[0]?.status !== undefined) verdict ??= performance.now();
  });
  if (final.status !== 'PASS') throw new Error(`the run ended as ${final.status}: ${final.cause ?? ''}`);
  return (verdict ?? performance.now()) - began;
}
