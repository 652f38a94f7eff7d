/**
 * How long does a scheduling pass take?
 *
 * 10,000 queued runs on 1,000 nodes, in several mixes. Selectors have been compiled and asked before, as in a master that
 * has run for a while; how long that takes, with the first pass, is `first_ms`. The floor goes once through all runs in
 * their turn and gives each the next free nodes, whatever it wants: the least that any scheduler does.
 */
import { inTurn, type QueuedRun } from '../packages/master/src/scheduler/order.ts';
import { pass, type Queue } from '../packages/master/src/scheduler/pass.ts';
import type { Need, PoolNode } from '../packages/master/src/scheduler/pool.ts';
import { Selectors } from '../packages/master/src/scheduler/selectors.ts';
import { bench } from './bench.ts';
import { median } from './harness/median.ts';
import { quantile, round } from './harness/round.ts';

const HOUR = 3_600_000;
const SELECTORS = 100;
const RACKS = 50;

interface Mix {
  readonly name: string;
  /** Whether the node is free. */
  readonly free: (node: number) => boolean;
  readonly needs: (run: number) => Need[];
  readonly backfill?: boolean;
}

const same = (): Need[] => [
  { role: 'server', count: 1 },
  { role: 'client', count: 2, where: 'cpus >= 2' },
];
const distinct = (run: number): Need[] => [
  { role: 'server', count: 1, where: `labels.rack == "r${run % RACKS}" && cpus >= 2` },
  { role: 'client', count: 2, where: `memory >= ${1 + (run % SELECTORS)} * MiB && "nic" in labels` },
];

const MIXES: Mix[] = [
  { name: 'same-needs-one-node-free', free: (node) => node === 0, needs: same },
  { name: 'same-needs-all-free', free: () => true, needs: same },
  { name: 'distinct-all-free', free: () => true, needs: distinct },
  { name: 'distinct-half-free', free: (node) => node % 2 === 0, needs: distinct },
  { name: 'distinct-none-free', free: () => false, needs: distinct },
  {
    name: 'wants-more-than-free',
    free: (node) => node % 2 === 0,
    needs: (run) => [...distinct(run), ...many],
  },
  { name: 'backfill-half-free', free: (node) => node % 2 === 0, needs: distinct, backfill: true },
  { name: 'backfill-none-free', free: () => false, needs: distinct, backfill: true },
];
const many: Need[] = [{ role: 'load', count: 600, where: 'cpus >= 1' }];

export const schedule = bench({
  about: 'schedule: one scheduling pass, 10,000 queued runs, 1,000 nodes (bar: ≤ 50 ms)',
  options: { runs: 10_000, nodes: 1_000, rounds: 15 },
  async run({ runs, nodes, rounds }, report) {
    for (const mix of MIXES) report.line(await measure(mix, runs, nodes, rounds));
  },
});

async function measure(
  mix: Mix,
  runs: number,
  nodes: number,
  rounds: number,
): Promise<Record<string, string | number>> {
  const input = inputOf(mix, runs, nodes);
  const selectors = new Selectors();
  const first = timed(() => pass(input, selectors));
  const taken: number[] = [];
  const floor: number[] = [];
  let started = 0;
  for (let turn = 0; turn < rounds; turn += 1) {
    // Each pass of a master finds new objects around the machines that it knows.
    const next = { ...input, nodes: input.nodes.map((node) => ({ ...node })) };
    floor.push(timed(() => leastPass(next)));
    taken.push(
      timed(() => {
        started = pass(next, selectors).length;
      }),
    );
    await new Promise((resolve) => setImmediate(resolve));
  }
  return {
    bench: 'schedule',
    mix: mix.name,
    runs,
    nodes,
    started,
    first_ms: round(first, 1),
    floor_ms: round(median(floor), 1),
    pass_best_ms: round(Math.min(...taken), 1),
    pass_median_ms: round(median(taken), 1),
    pass_p95_ms: round(quantile(taken, 0.95), 1),
  };
}

function inputOf({ free, needs, backfill = false }: Mix, runs: number, nodes: number): Queue {
  const now = 1000 * HOUR;
  const queue = Array.from({ length: runs }, (_, index): QueuedRun => {
    const run = index + 1;
    const waited = ((run * 7919) % runs) * 1000;
    return { run, priority: run % 3, submitted: now - waited, needs: needs(run), longest: HOUR + waited };
  });
  return {
    queue,
    nodes: Array.from({ length: nodes }, (_, n) => nodeOf(n, free(n), now)),
    now,
    settings: { ageing: 60, backfill },
  };
}

function nodeOf(n: number, free: boolean, now: number): PoolNode {
  const labels = { rack: `r${n % RACKS}`, nic: '100g', ...(n % 10 === 0 ? { gpu: 'a100' } : {}) };
  const facts = {
    addresses: [`10.0.${n >> 8}.${n & 255}`],
    arch: 'x64',
    os: 'Debian GNU/Linux 12',
    kernel: '6.1.0',
    cpus: 2 + (n % 30),
    memory: 2 ** 33 + n,
  };
  const machine = { name: `node-${n}`, labels, facts };
  return free ? { machine } : { machine, held: { run: 0, since: now - HOUR, until: now + n * 60_000 } };
}

function leastPass({ queue, nodes, settings }: Queue): number {
  const free = nodes.filter(({ held }) => held === undefined);
  const given = new Map<number, PoolNode[]>();
  for (const { run, needs } of inTurn(queue, settings.ageing)) {
    const wanted = needs.reduce((sum, need) => sum + need.count, 0);
    if (wanted <= free.length) given.set(run, free.splice(0, wanted));
  }
  return given.size;
}

function timed(work: () => void): number {
  const began = performance.now();
  work();
  return performance.now() - began;
}
