/** Small labs and queues for the scheduler's properties, and a simulation of them by passes. */
import * as fc from 'fast-check';
import type { QueuedRun } from '../../src/scheduler/order.ts';
import { pass, type Settings, type Start } from '../../src/scheduler/pass.ts';
import type { Need, PoolNode } from '../../src/scheduler/pool.ts';
import { Selectors } from '../../src/scheduler/selectors.ts';

export const HOUR = 3_600_000;

export function node(
  name: string,
  labels: readonly string[] = [],
  more: Omit<PoolNode, 'machine'> = {},
): PoolNode {
  const facts = { addresses: [], arch: 'x64', os: 'Debian', kernel: '6.1', cpus: 4, memory: 2 ** 33 };
  return {
    machine: { name, labels: Object.fromEntries(labels.map((label) => [label, ''])), facts },
    ...more,
  };
}

export function need(role: string, count: number, label?: string): Need {
  return label === undefined ? { role, count } : { role, count, where: `"${label}" in labels` };
}

export function queued(run: number, needs: readonly Need[], more: Partial<QueuedRun> = {}): QueuedRun {
  return { run, priority: 0, submitted: run, needs, longest: HOUR, ...more };
}

const labels = fc.subarray(['a', 'b', 'c']);

export const machines = fc
  .array(labels, { minLength: 1, maxLength: 5 })
  .map((all) => all.map((own, index) => node(`n${index}`, own)));

export const needs: fc.Arbitrary<Need[]> = fc
  .uniqueArray(
    fc.record({
      role: fc.constantFrom('x', 'y'),
      label: fc.constantFrom(undefined, 'a', 'b', 'c'),
      count: fc.integer({ min: 1, max: 2 }),
    }),
    { minLength: 1, maxLength: 3, selector: ({ role, label }) => `${role} ${label}` },
  )
  .map((all) => all.map(({ role, label, count }) => need(role, count, label)));

export const queue: fc.Arbitrary<QueuedRun[]> = fc
  .array(
    fc.record({
      needs,
      priority: fc.integer({ min: 0, max: 3 }),
      submitted: fc.integer({ min: 0, max: 20 }).map((n) => n * (HOUR / 4)),
      longest: fc.integer({ min: 1, max: 6 }).map((n) => n * (HOUR / 2)),
    }),
    { maxLength: 8 },
  )
  .map((all) => all.map((run, index) => ({ ...run, run: index + 1 })));

export interface Begun {
  readonly at: number;
  readonly nodes: readonly string[];
  readonly lent: boolean;
}

/**
 * All runs to their end: a pass whenever one is submitted or ends. `taken`: how long each takes, by run. `onPass` sees each
 * pass before its starts.
 */
export function simulate(
  pool: readonly PoolNode[],
  runs: readonly QueuedRun[],
  settings: Settings,
  taken: (run: QueuedRun) => number = ({ longest }) => longest ?? HOUR,
  onPass: (input: {
    queue: QueuedRun[];
    nodes: PoolNode[];
    now: number;
    settings: Settings;
  }) => void = () => {},
): Map<number, Begun> {
  const selectors = new Selectors();
  const begun = new Map<number, Begun>();
  const ends = new Map<number, number>();
  const starts = new Map<number, Start>();
  const times = new Set(runs.map(({ submitted }) => submitted));
  while (times.size > 0) {
    const now = Math.min(...times);
    times.delete(now);
    const holder = new Map<string, PoolNode['held']>();
    for (const [run, { at, nodes, lent }] of begun) {
      if ((ends.get(run) ?? 0) <= now) continue;
      const { longest } = runs.find((other) => other.run === run) ?? {};
      const bound = longest === undefined ? {} : { until: at + longest };
      for (const name of nodes) holder.set(name, { run, since: at, lent, ...bound });
    }
    const nodes = pool.map((one) => {
      const held = holder.get(one.machine.name);
      return held === undefined ? one : { ...one, held };
    });
    const waiting = runs.filter(({ run, submitted }) => submitted <= now && !begun.has(run));
    const input = { queue: waiting, nodes, now, settings };
    onPass(input);
    for (const start of pass(input, selectors)) {
      const run = runs.find((other) => other.run === start.run);
      if (run === undefined) throw new Error(`run ${start.run} is not queued`);
      begun.set(start.run, { at: now, nodes: start.cast.flatMap((part) => part.nodes), lent: start.lent });
      starts.set(start.run, start);
      ends.set(start.run, now + taken(run));
      times.add(now + taken(run));
    }
  }
  return begun;
}

/** Whether some assignment of distinct nodes fills all places: by trying all. */
export function canBeFilled(places: readonly Need[], nodes: readonly PoolNode[]): boolean {
  const [first, ...rest] = places;
  if (first === undefined) return true;
  const remaining = first.count > 1 ? [{ ...first, count: first.count - 1 }, ...rest] : rest;
  return nodes.some(
    (one) =>
      fits(first, one) &&
      canBeFilled(
        remaining,
        nodes.filter((other) => other !== one),
      ),
  );
}

export function fits({ where }: Need, { machine }: PoolNode): boolean {
  const label = where === undefined ? undefined : /"(.)"/.exec(where)?.[1];
  return label === undefined || label in machine.labels;
}
