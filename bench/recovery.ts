/**
 * How soon is everybody back after the master was killed?
 *
 * N simulated agents have a member each of one run. The master is killed with -9 and started again on the same state. The
 * clock runs from the start of the new one until it has welcomed all agents, and a member's call is answered: the
 * run goes on.
 */
import { bench } from './bench.ts';
import { follow, MasterDaemon } from './daemons/master.ts';
import { Child } from './harness/child.ts';
import { roomFor } from './harness/descriptors.ts';
import { round } from './harness/round.ts';
import { until } from './harness/until.ts';
import { aRun } from './tutti/a-test.ts';

const PATIENCE_SECONDS = 30;

export const recovery = bench({
  about: 'recovery: master killed and started again → N agents back and their run going on (bar: ≤ 10 s)',
  options: { n: 1_000 },
  async run({ n }, report) {
    const descriptors = roomFor(n);
    await using master = await MasterDaemon.start(descriptors);
    await using agents = await Child.start('agents.ts', descriptors);
    const { url, token } = master;
    await agents.ask('connect', { url, token, n });
    // Its end is not waited for.
    follow(await master.client(), aRun([{ role: 'a', count: n, script: 'true' }])).catch(() => {});
    await until('running members', PATIENCE_SECONDS, async () => (await agents.ask<number>('running')) === n);
    await master.kill();
    const began = performance.now();
    await master.startAgain();
    const ready = performance.now() - began;
    await until(
      'agents that are back',
      PATIENCE_SECONDS,
      async () => (await agents.ask<number>('back')) === n,
    );
    const back = performance.now() - began;
    const kept = await agents.ask<number>('running');
    if (kept > 0) await agents.ask('call');
    report.line({
      bench: 'recovery',
      n,
      ready_ms: round(ready, 0),
      back_ms: round(back, 0),
      going_on_ms: kept > 0 ? round(performance.now() - began, 0) : -1,
      members_kept: kept,
    });
  },
});
