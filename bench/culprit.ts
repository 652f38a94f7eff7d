/**
 * How soon is it known who will not come?
 *
 * Two members on real agents: one waits at a barrier, the other exits without arriving. Both write down the time of the one
 * machine they are on, the one just before it exits and the other when its wait has failed. Then an agent is stopped, as
 * if its machine had vanished: its connection stays open and says nothing. The clock runs until the master calls the node
 * unreachable.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { listNodes, type MasterClient } from '@tutti/client';
import { bench } from './bench.ts';
import { AgentDaemons } from './daemons/agents.ts';
import { follow, MasterDaemon } from './daemons/master.ts';
import { roomFor } from './harness/descriptors.ts';
import { median } from './harness/median.ts';
import { round } from './harness/round.ts';
import { until } from './harness/until.ts';
import { aRun } from './tutti/a-test.ts';

export const culprit = bench({
  about:
    'culprit: a member exits → who waits for it knows (bar: ≤ 100 ms); a host vanishes → unreachable (bar: ≤ 5 s)',
  options: { exits: 10, vanishings: 3 },
  async run({ exits, vanishings }, report) {
    await using master = await MasterDaemon.start(roomFor(100));
    await using agents = await AgentDaemons.start(master, 2);
    const client = await master.client();
    const ends: number[] = [];
    for (let n = exits; n > 0; n -= 1) ends.push(await untilTold(client));
    const losses: number[] = [];
    for (let n = vanishings; n > 0; n -= 1) losses.push(await untilUnreachable(client, agents));
    report.line({
      bench: 'culprit',
      exit_to_waiters_median_ms: round(median(ends), 1),
      exit_to_waiters_max_ms: round(Math.max(...ends), 1),
      vanished_to_unreachable_max_ms: round(Math.max(...losses), 0),
    });
  },
});

async function untilTold(client: MasterClient): Promise<number> {
  const dir = mkdtempSync(join(tmpdir(), 'tutti-bench-'));
  try {
    const spec = aRun([
      { role: 'waits', script: `tutti barrier ready || date +%s%N >${dir}/told` },
      { role: 'exits', script: `sleep 0.5; date +%s%N >${dir}/exited; exit 1` },
    ]);
    await follow(client, spec);
    const ns = (file: string) => BigInt(readFileSync(join(dir, file), 'utf8').trim());
    return Number(ns('told') - ns('exited')) / 1e6;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function untilUnreachable(client: MasterClient, { daemons }: AgentDaemons): Promise<number> {
  const over = new AbortController();
  let running = false;
  const spec = aRun([{ role: 'a', count: 2, script: 'sleep 60' }]);
  const run = follow(
    client,
    spec,
    ({ tests }) => {
      running ||= tests[0]?.state === 'running';
    },
    over.signal,
  );
  await until('a running test', 10, () => running);
  // Its last sign of life is at a random point of the heartbeat's period.
  await sleep(Math.random() * 2000);
  daemons[0]?.signal('SIGSTOP');
  const began = performance.now();
  await until(
    'an unreachable node',
    15,
    async () => (await listNodes(client)).some(({ state }) => state === 'unreachable'),
    10,
  );
  const taken = performance.now() - began;
  daemons[0]?.signal('SIGCONT');
  over.abort(new Error('the bench has seen enough'));
  await run;
  await until('idle agents', 20, async () => {
    return (await listNodes(client)).every(({ state }) => state === 'idle');
  });
  return taken;
}
