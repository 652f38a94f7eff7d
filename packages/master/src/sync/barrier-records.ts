/**
 * Barriers that were released, as the report tells of them: when, and who came when. Pure.
 *
 * Bounds: `RECORDS` barriers, `OF_ONE` arrivals of each, `ARRIVALS` in all: a loop of barriers must not fill the memory. What
 * is left out is counted. Made of the releases alone, so that those that are restored give the same, to the microsecond.
 */
import type { Release } from './barrier.ts';

export interface ArrivalRecord {
  readonly member: string;
  /** Master time in seconds. */
  readonly at: number;
}

/** Instants are master time in seconds; those that an older master has kept have none. */
export interface BarrierRecord {
  readonly name: string;
  readonly generation: number;
  readonly size: number;
  /** Seconds from first to last arrival. */
  readonly skew: number;
  /** When the last one came. */
  readonly released?: number;
  /** In order of time; of many the first one and the last ones. */
  readonly arrivals?: readonly ArrivalRecord[];
}

export interface BarrierBounds {
  readonly records: number;
  readonly arrivals: number;
  readonly ofOne: number;
}

const BOUNDS: BarrierBounds = { records: 10_000, arrivals: 20_000, ofOne: 64 };

export class BarrierRecords {
  readonly all: BarrierRecord[] = [];
  readonly omitted = { barriers: 0, arrivals: 0 };
  readonly #bounds: BarrierBounds;
  #room: number;

  constructor(bounds: BarrierBounds = BOUNDS) {
    this.#bounds = bounds;
    this.#room = bounds.arrivals;
  }

  add({ name, generation, arrivals }: Release): void {
    if (this.all.length >= this.#bounds.records) {
      this.omitted.barriers += 1;
      return;
    }
    const size = arrivals.length;
    const { first, last } = ends(arrivals);
    const [from, released] = [arrivals[first]?.at ?? 0, arrivals[last]?.at ?? 0];
    const wanted = Math.min(size, this.#bounds.ofOne);
    const kept = wanted <= this.#room ? chosen(arrivals, first, last, wanted) : [];
    this.#room -= kept.length;
    this.omitted.arrivals += size - kept.length;
    this.all.push({ name, generation, size, skew: released - from, released, arrivals: kept });
  }
}

type Arrivals = Release['arrivals'];

/** Where the earliest and the latest stand: agents stamp them, so that they need not have come in that order. */
function ends(arrivals: Arrivals): { first: number; last: number } {
  let first = 0;
  let last = 0;
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  // By index: of ten thousand arrivals each step counts.
  for (let at = 0; at < arrivals.length; at += 1) {
    const time = (arrivals[at] as ArrivalRecord).at;
    if (time < least) {
      least = time;
      first = at;
    }
    if (time >= most) {
      most = time;
      last = at;
    }
  }
  return { first, last };
}

function chosen(arrivals: Arrivals, first: number, last: number, wanted: number): ArrivalRecord[] {
  const places = new Set([last, first].slice(0, wanted));
  for (let at = arrivals.length - 1; places.size < wanted; at -= 1) places.add(at);
  return [...places]
    .toSorted((a, b) => a - b)
    .flatMap((at) => arrivals[at] ?? [])
    .map(({ member, at }) => ({ member, at }))
    .toSorted((a, b) => a.at - b.at);
}
