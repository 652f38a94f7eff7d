/**
 * Which faults there are, and when: pure, from a seed. The same seed and length give the same schedule.
 *
 * Guarantees that every fault is healed by the end; that no two hold the same part of a machine at once; that an agent which
 * is not meant to be lost is never away for so long that it could be; and that while one is meant to be lost, the
 * master goes on, as its restart would begin the grace anew.
 */
import { seededRandom } from '@tutti/testkit';
import { KINDS, type Kind, type KindName, kindOf } from './kinds.ts';

export interface Fault {
  kind: KindName;
  /** `n1`, or `master`. */
  on: string;
  /** Seconds from the beginning. */
  from: number;
  until: number;
  /** In [0, 1): what else there is to decide about it. */
  dice: number;
}

export interface ScheduleOptions {
  seed: number;
  /** Seconds; the last heal is not later. */
  length: number;
  machines: readonly string[];
  /** Seconds for which an agent may be away. */
  grace: number;
}

/** Seconds from the heal of a fault until an agent is surely back: 5 of a dial that began too early, 5 of back-off, a start. */
export const RECOVERY = 12;
/** Seconds between two faults of one part. */
const BREATH = 1;
/** Seconds at the beginning in which nothing happens. */
const CALM = 2;
/** Between two faults anywhere, at most; on average half of it. */
const LONGEST_PAUSE = 3;
/** Seconds between two faults that do harm: runs in between have their right verdicts. */
const HARMLESS = 60;

export function makeSchedule({ seed, length, machines, grace }: ScheduleOptions): Fault[] {
  const random = seededRandom(seed);
  const faults: Fault[] = [];
  for (let from = CALM; from < length; from += random() * LONGEST_PAUSE) {
    const kind = pick(random());
    const { on, lasts } = kindOf(kind);
    const machine = on === 'master' ? 'master' : (machines[Math.floor(random() * machines.length)] ?? '');
    const [least, most] = lasts;
    const until = from + least + random() * (most - least);
    const fault = { kind, on: machine, from: round(from), until: round(until), dice: random() };
    if (until <= length && fits(fault, faults, machines, grace)) faults.push(fault);
  }
  return faults;
}

function pick(dice: number): KindName {
  const kinds = Object.entries(KINDS) as [KindName, Kind][];
  const all = kinds.reduce((sum, [, { weight }]) => sum + weight, 0);
  let left = dice * all;
  for (const [name, { weight }] of kinds) {
    left -= weight;
    if (left < 0) return name;
  }
  return 'kill-agent';
}

function fits(fault: Fault, others: readonly Fault[], machines: readonly string[], grace: number): boolean {
  if (others.some((other) => collide(fault, other))) return false;
  const all = [...others, fault];
  return machines.every((machine) => longestAway(all, machine) <= grace);
}

function collide(a: Fault, b: Fault): boolean {
  const [one, two] = [kindOf(a.kind), kindOf(b.kind)];
  const harmful = one.harmful && two.harmful;
  if (!overlap(a, b, harmful ? HARMLESS : BREATH)) return false;
  if (harmful || (isVanish(a) && b.on === 'master') || (isVanish(b) && a.on === 'master')) return true;
  return a.on === b.on && one.holds.some((part) => two.holds.includes(part));
}

function overlap(a: Fault, b: Fault, margin: number): boolean {
  return a.from < b.until + margin && b.from < a.until + margin;
}

function isVanish({ kind }: Fault): boolean {
  return kind === 'vanish';
}

/** The longest time, in seconds, for which a machine's agent may not be heard; when it is meant to be lost, not counted. */
export function longestAway(faults: readonly Fault[], machine: string): number {
  const spans = faults
    .filter(({ kind, on }) => kindOf(kind).away && kind !== 'vanish' && (on === machine || on === 'master'))
    .toSorted((a, b) => a.from - b.from);
  let longest = 0;
  let begin = 0;
  let end = Number.NEGATIVE_INFINITY;
  for (const { from, until } of spans) {
    if (from > end) begin = from;
    end = Math.max(end, until + RECOVERY);
    longest = Math.max(longest, end - begin);
  }
  return longest;
}

function round(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
