/**
 * How long after the last arrival at a barrier is the last participant released?
 *
 * One round: all but one of N connections arrive, and each proves with a round trip that the server knows; then the
 * last arrives, and the clock runs until the Nth release has been received. Clients and server are a process each;
 * the clients of both sides are bare, since what is compared are the servers. Floor and Tutti take turns, block by block and
 * with fresh processes, so that what drifts on the machine hits both and neither runs beside the other.
 */
import { bench } from './bench.ts';
import { SIDES, type Side } from './client.ts';
import { Child } from './harness/child.ts';
import { roomFor } from './harness/descriptors.ts';
import { median } from './harness/median.ts';
import type { Usage } from './harness/usage.ts';

/** Turns of each side per N. */
const BLOCKS = 4;
/** As packages/cli/bin/tutti starts a master. */
const FLAGS: Record<Side, string[]> = { floor: [], tutti: ['--max-semi-space-size=2'] };
/** What V8 needs to see of either side before it runs at full speed. */
const WARM_UP = { arrivals: 20_000, mostRounds: 200, leastRounds: 2 };

interface Block {
  rounds: number[];
  rss: number;
}

export const barrier = bench({
  about: 'barrier: last arrival sent → last release received, medians in ms',
  options: { n: [100, 1_000, 10_000], rounds: undefined },
  async run({ n: sizes, rounds: wanted }, report) {
    const descriptors = roomFor(Math.max(...sizes));
    for (const n of sizes) {
      const rounds = wanted ?? enoughRounds(n);
      report.line({ bench: 'barrier', n, ...(await measure(n, rounds, descriptors)) });
    }
  },
});

/** Small rounds are quickly over and easily disturbed: the more of them. */
function enoughRounds(n: number): number {
  return Math.max(20, Math.min(200, Math.ceil(100_000 / n)));
}

async function measure(n: number, rounds: number, descriptors: number) {
  const taken: Record<Side, Block[]> = { floor: [], tutti: [] };
  const blocks = Math.min(BLOCKS, rounds);
  for (let block = 0; block < blocks; block += 1) {
    const share = Math.ceil((rounds - block) / blocks);
    for (const side of SIDES) taken[side].push(await runBlock(side, n, share, descriptors));
  }
  const ms = (side: Side) => median(taken[side].flatMap((block) => block.rounds));
  const rss = Math.max(...taken.tutti.map((block) => block.rss));
  return {
    floor_ms: rounded(ms('floor'), 3),
    tutti_ms: rounded(ms('tutti'), 3),
    ratio: rounded(ms('tutti') / ms('floor'), 2),
    master_rss_mb: rounded(rss / 1e6, 1),
  };
}

async function runBlock(side: Side, n: number, rounds: number, descriptors: number): Promise<Block> {
  await using server = await Child.start(`${side}/server.ts`, descriptors, FLAGS[side]);
  await using client = await Child.start('client.ts', descriptors);
  const url = await server.ask<string>('open', n);
  await client.ask('connect', { side, url, n });
  const { arrivals, mostRounds, leastRounds } = WARM_UP;
  const warmUp = Math.max(leastRounds, Math.min(mostRounds, Math.ceil(arrivals / n)));
  await client.ask('barrier', warmUp);
  const taken = await client.ask<number[]>('barrier', rounds);
  const { rss } = await server.ask<Usage>('usage');
  return { rounds: taken, rss };
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
