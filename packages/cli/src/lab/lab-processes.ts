/**
 * All processes of one lab: the sweeper first, then the daemons. Once `stop` has been called none is started any more,
 * so what it ends is all there is; it always ends, in bounded time, and a second call waits for the first.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { processDied, startCancelled } from './failures.ts';
import { type HeldOptions, HeldProcess } from './held-process.ts';
import { type SweeperOptions, startSweeper } from './sweeper.ts';

/** After SIGKILL only a process stuck in the kernel remains; the sweeper is given this long beyond its own bounds. */
const LAST_GRACE_MS = 5_000;

export interface LabProcessesOptions {
  readonly sweeper: Omit<SweeperOptions, 'root'>;
  readonly stopMs: number;
  /** Whose they are, for messages; default: those of the local lab. */
  readonly what?: string;
  readonly log: (line: string) => void;
}

export class LabProcesses {
  /** Rejects when a process of the lab ends that should not have; never resolves. */
  readonly failed: Promise<never>;
  readonly sweeper: HeldProcess;
  /** The lab's directory, when the sweeper has made it. */
  root: string | undefined;

  readonly #options: LabProcessesOptions;
  readonly #what: string;
  readonly #daemons: HeldProcess[] = [];
  #fail: (error: Error) => void = () => undefined;
  #stopped: Promise<void> | undefined;

  constructor(options: LabProcessesOptions) {
    this.#options = options;
    this.#what = options.what ?? 'the local lab';
    this.failed = new Promise<never>((_, reject) => {
      this.#fail = reject;
    });
    // Who does not look at it is not to die of it.
    this.failed.catch(() => undefined);
    this.sweeper = this.#watch(startSweeper(options.sweeper));
  }

  start(options: HeldOptions): HeldProcess {
    if (this.#stopped !== undefined) throw startCancelled(undefined);
    const daemon = this.#watch(new HeldProcess(options));
    this.#daemons.push(daemon);
    return daemon;
  }

  /** Those that have been let go and have not said `ready`. */
  get late(): HeldProcess[] {
    return this.#daemons.filter(({ stage }) => stage === 'starting');
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  #watch(held: HeldProcess): HeldProcess {
    void this.#report(held);
    return held;
  }

  async #report(held: HeldProcess): Promise<void> {
    const { how } = await held.ended;
    if (this.#stopped !== undefined) return;
    this.#fail(processDied(held.what, how, held.stage === 'ready', held.lastWords(), this.#what));
  }

  async #stop(): Promise<void> {
    for (const daemon of this.#daemons) daemon.release();
    if (!(await allEnd(this.#daemons, this.#options.stopMs))) {
      for (const daemon of this.#daemons.filter(({ isAlive }) => isAlive)) {
        this.#options.log(`${daemon.what} of ${this.#what} did not end when told to; killed`);
        daemon.kill();
      }
      await allEnd(this.#daemons, LAST_GRACE_MS);
    }
    await this.#sweep();
  }

  async #sweep(): Promise<void> {
    let sweeper = this.sweeper;
    // Somebody killed it; what it would have removed is still there.
    if (!sweeper.isAlive && this.root !== undefined) {
      sweeper = startSweeper({ ...this.#options.sweeper, root: this.root });
    }
    sweeper.release();
    const inTime = await allEnd([sweeper], this.#options.sweeper.patienceMs + 2 * LAST_GRACE_MS);
    if (!inTime) sweeper.kill();
    const clean = inTime && (await sweeper.ended).ok;
    if (!clean && this.root !== undefined) {
      this.#options.log(`${this.#what}: ${sweeper.lastWords() || `gave up removing ${this.root}`}`);
    }
  }
}

/** Whether all of them ended within the time. */
async function allEnd(processes: readonly HeldProcess[], ms: number): Promise<boolean> {
  const enough = new AbortController();
  const ended = Promise.all(processes.map((held) => held.ended)).then(() => true);
  const timeout = sleep(ms, false, { signal: enough.signal }).catch(() => false);
  try {
    return await Promise.race([ended, timeout]);
  } finally {
    enough.abort();
  }
}
