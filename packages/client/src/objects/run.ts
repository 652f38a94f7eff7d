/** A run of the master, by its number. It goes on whatever becomes of this program, unless it was submitted as owned. */
import { resolve } from 'node:path';
import {
  type ExplanationView,
  type Report,
  type ReportFormat,
  type RunRow,
  type RunView,
  TuttiError,
} from '@tutti/protocol';
import { type LogListener, type LogText, readLogs } from '../read-logs.ts';
import { rerunRun } from '../rerun-run.ts';
import { fetchReport, fetchReportData } from '../results/fetch-report.ts';
import { fetchResults } from '../results/fetch-results.ts';
import { runAt } from '../run-at.ts';
import type { RerunOptions, RunAt } from '../run-types.ts';
import { watchRun } from '../watch-run.ts';
import { type Context, signalOf } from './context.ts';
import { RunTest } from './run-tests.ts';

export interface LogOptions {
  /** A test by name or glob; default: all. */
  readonly test?: string | undefined;
  /** A member, a role, or a glob; default: all. */
  readonly member?: string | undefined;
  /** Goes on until the run is finished. */
  readonly follow?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Some whole lines of one log. */
export interface LogLines {
  readonly test: string;
  readonly attempt: number;
  readonly member: string;
  readonly node: string;
  readonly source: 'stdout' | 'stderr';
  /** Unix ms, master time. */
  readonly at: number;
  readonly bytes: Uint8Array;
  readonly text: string;
}

export class Run {
  readonly number: number;
  readonly #context: Context;
  readonly #row: () => RunRow | undefined;

  /** @internal */
  constructor(context: Context, number: number, row: () => RunRow | undefined) {
    this.number = number;
    this.#context = context;
    this.#row = row;
  }

  /** As it is now, if it has not ended or is one of the last that have; see `info` for any. */
  get row(): RunRow | undefined {
    return this.#row();
  }

  /** Throws `NO_SUCH_RUN`. */
  async info(): Promise<RunRow> {
    const { runs } = await this.#context.client.call('runs.list', { before: this.number + 1 });
    const [row] = runs;
    if (row?.run === this.number) return row;
    throw new TuttiError('NO_SUCH_RUN', `the master knows no run ${this.number}`);
  }

  /** As it is now, with all its tests. */
  async view({ signal: given }: { signal?: AbortSignal } = {}): Promise<RunView> {
    const seen = new AbortController();
    const signal = signalOf(this.#context, given);
    const either = signal === undefined ? seen.signal : AbortSignal.any([signal, seen.signal]);
    let view: RunView | undefined;
    const first = (found: RunView) => {
      view ??= found;
      seen.abort();
    };
    try {
      return await watchRun(this.#context.client, this.number, first, either);
    } catch (error) {
      if (view !== undefined) return view;
      throw error;
    }
  }

  /** Its end. `onView` is called after every change, first with the run as it is. */
  async wait({
    onView,
    signal,
  }: {
    onView?: (view: RunView) => void;
    signal?: AbortSignal;
  } = {}): Promise<RunView> {
    return watchRun(this.#context.client, this.number, onView, signalOf(this.#context, signal));
  }

  /** Ends it as INTERRUPTED. Throws `RUN_FINISHED`. */
  async cancel(reason = 'cancelled by a program'): Promise<void> {
    await this.#context.client.call('run.cancel', { run: this.number, reason });
  }

  /** @internal The number of the new run. */
  async rerunAs(options: RerunOptions = {}): Promise<number> {
    return rerunRun(this.#context.client, this.number, options);
  }

  /** As data; while it goes on, as far as it is. */
  async report(): Promise<Report> {
    return fetchReportData(this.#context.client, this.number);
  }

  /** A file of the report as it is. Throws `NO_SUCH_REPORT`. */
  async reportFile(format: ReportFormat): Promise<Uint8Array> {
    return fetchReport(this.#context.client, this.number, format);
  }

  /** Its directory, into one of this machine; resolves with how many files came. */
  async fetch(to: string, { logs = true } = {}): Promise<number> {
    return fetchResults(this.#context.client, this.number, resolve(this.#context.cwd(), to), logs);
  }

  /** What its members have written, in the order of time. The next is not taken before the one before it was dealt with. */
  async *logs(options: LogOptions = {}): AsyncGenerator<LogLines, void> {
    const leaving = new AbortController();
    const { signal: given } = options;
    const signal = given === undefined ? leaving.signal : AbortSignal.any([given, leaving.signal]);
    const hand = handOver<readonly LogText[]>();
    const reading = this.readLogs({ ...options, signal }, { texts: hand.give });
    reading.then(hand.end, hand.fail);
    try {
      for await (const texts of hand.taken())
        for (const { log, at, bytes } of texts) {
          const { test: of, attempt, member: who, node, source } = log;
          const copy = Uint8Array.from(bytes);
          const text = new TextDecoder().decode(copy);
          yield { test: of, attempt, member: who, node, source, at, bytes: copy, text };
        }
    } finally {
      leaving.abort(new TuttiError('CANCELLED', 'nobody reads on'));
      hand.end();
    }
  }

  /** @internal The same for a listener that deals with the texts as they come. */
  async readLogs({ test, member, follow = false, signal }: LogOptions, listener: LogListener): Promise<void> {
    const query = {
      ...{ run: this.number, sources: ['stdout' as const, 'stderr' as const], follow },
      ...(test === undefined ? {} : { test }),
      ...(member === undefined ? {} : { member }),
    };
    await readLogs(this.#context.client, query, listener, signalOf(this.#context, signal));
  }

  /** What its members are doing, and who waits for whom. */
  async ps(): Promise<RunAt> {
    return runAt(this.#context.client, this.number);
  }

  /** What it waits for. */
  async explain(): Promise<ExplanationView> {
    return this.#context.client.call('run.explain', { run: this.number });
  }

  test(name: string): RunTest {
    return new RunTest(this.#context, this.number, name, () => this.view());
  }

  async testNames(): Promise<string[]> {
    return (await this.view()).tests.map(({ name }) => name);
  }
}

/** From who has it to who wants it, one at a time: `give` resolves when it was taken and the next is wanted. */
function handOver<T>() {
  let wanted = Promise.withResolvers<void>();
  let given = Promise.withResolvers<{ value: T } | undefined>();
  let over = false;
  const give = async (value: T): Promise<void> => {
    if (over) return;
    given.resolve({ value });
    await wanted.promise;
  };
  const end = (): void => {
    over = true;
    given.resolve(undefined);
    wanted.resolve();
  };
  let failed: { readonly error: unknown } | undefined;
  const fail = (error: unknown): void => {
    over = true;
    failed = { error };
    given.reject(error);
    wanted.resolve();
  };
  async function* taken(): AsyncGenerator<T, void> {
    for (;;) {
      const next = await given.promise;
      if (next === undefined) return;
      given = Promise.withResolvers();
      given.promise.catch(() => {});
      // What was over before this one was taken could not be said then.
      if (failed !== undefined) given.reject(failed.error);
      else if (over) given.resolve(undefined);
      yield next.value;
      const dealtWith = wanted;
      wanted = Promise.withResolvers();
      dealtWith.resolve();
    }
  }
  return { give, end, fail, taken };
}
