/**
 * `npm run faults -- [--minutes M] [--seed S] [--json]`: harm to a lab of real processes, for as long as it is told to, and whether
 * everything that was promised held. Needs root on Linux. Exit status 0 if all held, 1 if not, 64 for a usage mistake.
 */
import { rm } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { chaos, type Outcome } from './chaos.ts';
import { canHarm } from './tools.ts';

const USAGE = 'npm run faults -- [--minutes M] [--seed S] [--json]';

const { minutes, seed, json } = options();
const why = canHarm();
if (why !== undefined) usage(why);
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort());
console.error(`seed ${seed}: ${minutes} minutes (npm run faults -- --minutes ${minutes} --seed ${seed})`);
try {
  const outcome = await chaos({
    seed,
    seconds: minutes * 60,
    log: (line) => console.error(line),
    signal: stop.signal,
  });
  await report(outcome);
} catch (error) {
  if (!stop.signal.aborted) throw error;
  console.error('stopped: everything is closed, nothing was checked');
  process.exit(130);
}

async function report(outcome: Outcome): Promise<void> {
  const { faults, checked, runs, violations, dir } = outcome;
  if (json) console.log(JSON.stringify(outcome));
  else {
    console.log(`runs: ${runs}`);
    console.log(`faults injected: ${listed(faults)}`);
    console.log(`invariants checked: ${listed(checked)}`);
    for (const what of violations) console.log(`violated: ${what}`);
    console.log(`${violations.length} violations with seed ${seed}`);
  }
  if (violations.length === 0) await rm(dir, { recursive: true });
  else {
    console.error(`all that is known is in ${dir}`);
    process.exitCode = 1;
  }
}

function listed(counts: Record<string, number>): string {
  const pairs = Object.entries(counts).toSorted(([a], [b]) => a.localeCompare(b));
  return pairs.map(([name, count]) => `${name} ${count}`).join(', ');
}

function options(): { minutes: number; seed: number; json: boolean } {
  try {
    const { values } = parseArgs({
      options: { minutes: { type: 'string' }, seed: { type: 'string' }, json: { type: 'boolean' } },
    });
    const about = {
      minutes: Number(values.minutes ?? 5),
      seed: Number(values.seed ?? Math.floor(Math.random() * 1_000_000)),
      json: values.json === true,
    };
    if (about.minutes > 0 && Number.isSafeInteger(about.seed)) return about;
    return usage('minutes are a number above 0, and a seed is a whole number');
  } catch (error) {
    return usage((error as Error).message);
  }
}

function usage(what: string): never {
  console.error(`${what}\n${USAGE}`);
  process.exit(64);
}
