/**
 * The agent's own watchdog over one member: how long it may run, armed, and written down every now and then, so that
 * neither a restarted agent nor a rebooted machine gives it its time anew.
 */
import type { Instant } from '../system/checkpoint.ts';
import type { Log } from '../system/log.ts';
import { type Timer, timer } from '../system/timer.ts';
import { Deadline } from './deadline.ts';
import type { Layout } from './layout.ts';

/**
 * Beyond its timeout a member may run so long here. The master acts at the timeout itself, because it has to look at who
 * waits for whom before anything is stopped; this watchdog is for when there is no master.
 */
export const WATCHDOG_MARGIN_MS = 2000;

/** What a machine that loses power forgets of the time that a member has used, at most. */
const CHECKPOINT_MS = 15_000;

export interface TimeLimitOptions {
  readonly member: string;
  readonly layout: Layout;
  /** Seconds. */
  readonly timeout: number;
  /** What it may run beyond that. */
  readonly marginMs: number;
  /** When the member was started; asked when the time is first needed. */
  readonly started: () => Instant | undefined;
  readonly now: () => Instant;
  readonly onOver: () => void;
  readonly log: Log;
}

export class TimeLimit {
  readonly #options: TimeLimitOptions;
  #deadline: Deadline | undefined;
  #watchdog: Timer | undefined;
  #checkpoint: Timer | undefined;
  #released = false;

  constructor(options: TimeLimitOptions) {
    this.#options = options;
  }

  /** Milliseconds. */
  get left(): number {
    return this.#time.left;
  }

  /** Settles, without failing, when nothing is being written. */
  get saved(): Promise<void> {
    return this.#deadline?.saved ?? Promise.resolve();
  }

  /** `left`: anew, with so many milliseconds. */
  arm(left?: number): void {
    if (left !== undefined) this.#time.left = left;
    this.#watchdog?.clear();
    if (this.#released) return;
    this.#watchdog = timer(this.left + this.#options.marginMs, this.#options.onOver);
    this.#checkpoint ??= timer(CHECKPOINT_MS, () => {
      this.#checkpoint = undefined;
      void this.trySave();
      this.arm();
    });
  }

  /** Writes down what is left. */
  async save(): Promise<void> {
    await this.#time.save();
  }

  /** The same; where it fails a later checkpoint may find room. */
  async trySave(): Promise<void> {
    try {
      await this.save();
    } catch (thrown) {
      const { member, log } = this.#options;
      log.warn({ member, err: thrown }, 'the remaining time cannot be written down');
    }
  }

  /** Nothing is timed any more. */
  release(): void {
    this.#released = true;
    this.#watchdog?.clear();
    this.#checkpoint?.clear();
  }

  get #time(): Deadline {
    const { layout, timeout, started, now } = this.#options;
    this.#deadline ??= new Deadline(layout, timeout, started(), now);
    return this.#deadline;
  }
}
