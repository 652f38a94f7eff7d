/**
 * A lab under a schedule of faults, while run after run goes through it; in the end everything is looked at.
 *
 * Guarantees: the faults are those of the schedule, each injected and healed once, at its time or as soon after as it can be;
 * every run that was carried out is checked by every invariant; the lab is closed, however this ends.
 */
import { rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { Campaign } from './campaign.ts';
import { ACTIONS } from './faults.ts';
import type { Harm } from './harm.ts';
import { kindOf } from './kinds.ts';
import { Lab } from './lab/lab.ts';
import { type Fault, makeSchedule } from './schedule.ts';

const GRACE = 30;

export interface ChaosOptions {
  seed: number;
  /** Of the schedule; what runs then is finished and looked at. */
  seconds: number;
  log: (line: string) => void;
  /** Ends early: nothing is checked, and nothing stays. */
  signal?: AbortSignal;
}

export interface Outcome {
  seed: number;
  /** Of each kind, how many were injected. */
  faults: Record<string, number>;
  /** Of each invariant, how many things it looked at. */
  checked: Record<string, number>;
  runs: number;
  violations: string[];
  /** All that is known; kept. */
  dir: string;
}

const AGENTS = 3;
/** From the last heal until all runs are over and all machines idle. */
const LAST_RUN_MS = 240_000;
const QUIET_MS = 60_000;

export async function chaos({ seed, seconds, log, signal }: ChaosOptions): Promise<Outcome> {
  const lab = await Lab.open({ agents: AGENTS, seed });
  try {
    const machines = lab.machines.map(({ name }) => name);
    const faults = makeSchedule({ seed, length: seconds, machines, grace: GRACE });
    log(`lab: ${lab.dir}; ${faults.length} faults in ${seconds} s`);
    const harms: Harm[] = [];
    const campaign = new Campaign({ lab, harms, log });
    const loop = campaign.until(seconds * 1000);
    const injected = await injectAll({ lab, faults, harms, log, signal, campaign });
    const over = await within(LAST_RUN_MS, loop);
    if (!over) campaign.violation('the last run did not end');
    await checkQuiet(lab, campaign);
    for (const what of lab.surprises) campaign.violation(what);
    return { seed, faults: injected, ...campaign.result(), dir: lab.dir };
  } finally {
    await lab.close();
    if (signal?.aborted) await rm(lab.dir, { recursive: true, force: true });
  }
}

interface Injecting {
  lab: Lab;
  faults: readonly Fault[];
  harms: Harm[];
  log: (line: string) => void;
  signal: AbortSignal | undefined;
  campaign: Campaign;
}

/** Resolves when all are healed. */
async function injectAll({
  lab,
  faults,
  harms,
  log,
  signal,
  campaign,
}: Injecting): Promise<Record<string, number>> {
  const begin = performance.now();
  const counts: Record<string, number> = {};
  const at = (seconds: number) =>
    delay(Math.max(0, begin + seconds * 1000 - performance.now()), undefined, { signal });
  const carryOut = async (fault: Fault) => {
    const { kind, on, from, until } = fault;
    await at(from);
    log(`${from.toFixed(1).padStart(7)} s  ${kind} on ${on} for ${(until - from).toFixed(1)} s`);
    const began = Date.now();
    await ACTIONS[kind].inject(lab, fault);
    counts[kind] = (counts[kind] ?? 0) + 1;
    campaign.disturbed(until - from);
    const harm = harmOf(fault, began);
    if (harm !== undefined) harms.push(harm);
    await at(until);
    await ACTIONS[kind].heal(lab, fault);
    if (harm !== undefined) harm.until = Date.now();
  };
  const done = await Promise.allSettled(faults.map(carryOut));
  signal?.throwIfAborted();
  for (const [i, result] of done.entries())
    if (result.status === 'rejected')
      campaign.violation(`${faults[i]?.kind} on ${faults[i]?.on} went wrong: ${String(result.reason)}`);
  return counts;
}

function harmOf({ kind, on }: Fault, from: number): Harm | undefined {
  if (!kindOf(kind).harmful || (kind !== 'crash' && kind !== 'vanish')) return undefined;
  return { kind, on, from, until: Number.POSITIVE_INFINITY };
}

async function checkQuiet(lab: Lab, campaign: Campaign): Promise<void> {
  campaign.count('remains', lab.machines.length);
  await lab
    .quiet(QUIET_MS)
    .catch((error: unknown) => campaign.violation(`something is left: ${String(error)}`));
}

async function within(ms: number, work: Promise<void>): Promise<boolean> {
  const enough = new AbortController();
  const late = delay(ms, false, { signal: enough.signal }).catch(() => false);
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    enough.abort();
  }
}
