/**
 * How fast does a script's output reach the master's disk?
 *
 * Floor: the same number of bytes from memory through one bare WebSocket into a file. Tutti: a script on a real agent of a
 * real master writes them to its stdout, and its log on the master grows. Both are seen from outside, by the size of the file;
 * they take turns. Then, apart, control under a flood of output: see flood.ts.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bench } from './bench.ts';
import { AgentDaemons } from './daemons/agents.ts';
import { follow, MasterDaemon } from './daemons/master.ts';
import { flood } from './flood.ts';
import { Child } from './harness/child.ts';
import { roomFor } from './harness/descriptors.ts';
import { growth } from './harness/file-growth.ts';
import { median } from './harness/median.ts';
import { round } from './harness/round.ts';
import { aRun } from './tutti/a-test.ts';

const TURNS = 3;
const PATIENCE_SECONDS = 30;

export const output = bench({
  about:
    "output: a script's output to the master's disk, and control meanwhile (bar: ≥ 0.5 × floor; p99 ≤ 50 ms)",
  options: { mb: 256, members: 100, seconds: 8 },
  async run({ mb, members, seconds }, report) {
    const bytes = mb * 1e6;
    const descriptors = roomFor(members * 2);
    const floor: number[] = [];
    const tutti: number[] = [];
    const rss: number[] = [];
    for (let turn = 0; turn < TURNS; turn += 1) {
      floor.push(await floorRate(bytes));
      const { rate, peakRss } = await tuttiRate(bytes, descriptors);
      tutti.push(rate);
      rss.push(peakRss);
    }
    const under = await flood(members, seconds, descriptors);
    report.line({
      bench: 'output',
      floor_mb_s: round(median(floor) / 1e6, 0),
      tutti_mb_s: round(median(tutti) / 1e6, 0),
      ratio: round(median(tutti) / median(floor), 2),
      master_rss_mb: round(Math.max(...rss) / 1e6, 1),
      flood_members: members,
      flood_control_p50_ms: round(under.p50, 1),
      flood_control_p99_ms: round(under.p99, 1),
      flood_master_rss_mb: round(under.peakRss / 1e6, 1),
    });
  },
});

async function floorRate(bytes: number): Promise<number> {
  const dir = mkdtempSync(join(tmpdir(), 'tutti-bench-'));
  try {
    await using receiver = await Child.start('floor/output.ts', 0);
    await using sender = await Child.start('floor/output.ts', 0);
    const file = join(dir, 'output');
    const url = await receiver.ask<string>('receive', file);
    const [rate] = await Promise.all([
      growth(() => file, bytes, PATIENCE_SECONDS),
      sender.ask('send', { url, bytes }),
    ]);
    return rate;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function tuttiRate(bytes: number, descriptors: number): Promise<{ rate: number; peakRss: number }> {
  await using master = await MasterDaemon.start(descriptors);
  await using _agents = await AgentDaemons.start(master, 1);
  const spec = aRun([
    { role: 'a', script: `yes 'all work and no play makes jack a dull boy' | head -c ${bytes}` },
  ]);
  const run = follow(await master.client(), spec);
  const [rate, { status, cause }] = await Promise.all([
    growth(() => theLog(join(master.dir, 'master/runs')), bytes, PATIENCE_SECONDS),
    run,
  ]);
  if (status !== 'PASS') throw new Error(`the run ended as ${status}: ${cause ?? ''}`);
  return { rate, peakRss: master.usage().peakRss };
}

/** The one stdout of the one member, when it is there. */
function theLog(runs: string): string | undefined {
  const path = ['', 'tests', '', 'attempt-1', '', 'stdout.log'].reduce<string | undefined>(
    (dir, name) => (dir === undefined ? undefined : name === '' ? onlyDirectory(dir) : join(dir, name)),
    runs,
  );
  return path;
}

function onlyDirectory(dir: string): string | undefined {
  try {
    const names = readdirSync(dir, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    return names[0] && join(dir, names[0].name);
  } catch {
    return undefined;
  }
}
