/**
 * What the members of one attempt have waited for, for its report; released barriers have records of their own. Pure.
 *
 * Kept is what came to nothing, and what took longer than `NOTICED`. Bounds: `WAITS`; of too many those stay that came to
 * nothing, and of the others the longest. What is left out is counted.
 */
import { missingInWords, type Wait } from './wait-graph.ts';

/** Instants are master time in seconds. */
export interface WaitRecord {
  readonly member: string;
  /** `barrier "ready"` */
  readonly what: string;
  readonly from: number;
  /** Absent: it was not over when the attempt was. */
  readonly to?: number;
  /** Absent: it got what it waited for. */
  readonly error?: string;
  /** Whom it waited for when it ended; of many the first ones. */
  readonly missing?: readonly string[];
}

export interface Waited {
  readonly waits: readonly WaitRecord[];
  readonly omitted: number;
}

/** Seconds; whoever waits for less has not noticed. */
const NOTICED = 0.1;
const WAITS = 1000;
const NAMES = 10;

export class WaitLog {
  readonly #most: number;
  readonly #failed: WaitRecord[] = [];
  #good: WaitRecord[] = [];
  #omitted = 0;

  constructor(most = WAITS) {
    this.#most = most;
  }

  /** A wait is over at `to`; `error`: why it came to nothing. */
  add(wait: Wait, to: number, error?: string): void {
    if (error !== undefined) {
      if (this.#failed.length < this.#most)
        this.#failed.push({ ...recordOf(wait), to: Math.max(wait.since, to), error });
      else this.#omitted += 1;
    } else if (to - wait.since > NOTICED) {
      this.#good.push({ member: wait.member, what: wait.on, from: wait.since, to });
      // Twice as many before any is dropped: each is looked at a few times at most.
      if (this.#good.length >= 2 * this.#most) this.#good = this.#longest(this.#most);
    }
  }

  /** All of them, in the order in which they began; `open`: those that are not over. */
  conclude(open: readonly Wait[]): Waited {
    const important = [...open.map(recordOf), ...this.#failed];
    const kept = important.slice(0, this.#most);
    this.#good = this.#longest(this.#most - kept.length);
    const waits = [...kept, ...this.#good].toSorted((a, b) => a.from - b.from);
    return { waits, omitted: this.#omitted + important.length - kept.length };
  }

  #longest(most: number): WaitRecord[] {
    if (this.#good.length <= most) return this.#good;
    this.#omitted += this.#good.length - most;
    return this.#good.toSorted((a, b) => lengthOf(b) - lengthOf(a)).slice(0, most);
  }
}

function recordOf(wait: Wait): WaitRecord {
  const { member, on, since } = wait;
  const missing = missingInWords({ ...wait, missing: wait.missing.slice(0, NAMES) });
  return { member, what: on, from: since, ...(missing.length > 0 ? { missing } : {}) };
}

function lengthOf({ from, to = from }: WaitRecord): number {
  return to - from;
}
