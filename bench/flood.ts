/**
 * The second half of the bench `output`: how long does a control round trip take while M members flood their output?
 *
 * All members are of one real run on the real master, their agents simulated. Those that flood live in a process of
 * their own; the one that asks (an `incr` at a time) is in this one, which does nothing else.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Heartbeat, systemClock } from '@tutti/link';
import { follow, MasterDaemon } from './daemons/master.ts';
import { Child } from './harness/child.ts';
import { quantile } from './harness/round.ts';
import { until } from './harness/until.ts';
import { aRun } from './tutti/a-test.ts';
import { ActingAgent } from './tutti/acting-agent.ts';

/** Sorts before the others: the first role gets it. */
const ASKING = { index: 1_000_000, name: 'asking' };
/** Between two questions: so few that they are no load. */
const PAUSE_MS = 5;

export interface Flood {
  /** Of the round trips, in ms. */
  p50: number;
  p99: number;
  /** Of the master, in bytes. */
  peakRss: number;
}

export async function flood(members: number, seconds: number, descriptors: number): Promise<Flood> {
  await using master = await MasterDaemon.start(descriptors);
  await using agents = await Child.start('agents.ts', descriptors);
  const { url, token } = master;
  const heartbeat = new Heartbeat(systemClock);
  const asking = await ActingAgent.connect({ url, token, heartbeat, ...ASKING });
  try {
    await agents.ask('connect', { url, token, n: members });
    const spec = aRun([
      { role: 'asking', script: 'true' },
      { role: 'flood', count: members, script: 'true' },
    ]);
    // It never ends: it goes down with its master.
    follow(await master.client(), spec).catch(() => {});
    await until('running members', 20, async () => {
      return asking.running && (await agents.ask<number>('running')) === members;
    });
    await agents.ask('flood');
    const trips = await roundTrips(asking, seconds);
    return { p50: quantile(trips, 0.5), p99: quantile(trips, 0.99), peakRss: master.usage().peakRss };
  } finally {
    asking.close();
  }
}

async function roundTrips(asking: ActingAgent, seconds: number): Promise<number[]> {
  const taken: number[] = [];
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    const sent = performance.now();
    await asking.increment(`request-${taken.length}`);
    taken.push(performance.now() - sent);
    await sleep(PAUSE_MS);
  }
  return taken;
}
