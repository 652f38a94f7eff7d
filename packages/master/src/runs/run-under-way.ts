/**
 * One run, from the queue to its final report, across restarts of the master.
 *
 *   queued ─▶ allocated ─▶ (per attempt at a test: staging ─▶ running ─▶ collecting) ─▶ finished
 *
 * What begins when is agenda.ts's, what an end means outcome.ts's; this carries it out.
 *
 * Guarantees: what setup started is ended when all else has, and not before; the report on disk follows every change and ends final; the nodes are given back exactly once;
 * `finished` settles, whatever happened; each transition is durable before the next one, and before anybody hears of it.
 */
import { exitCode, type Status, TuttiError } from '@tutti/protocol';
import type { Machine } from '@tutti/protocol/selector';
import type { Node } from '../agents/node.ts';
import { ReportWriter } from '../reports/report-writer.ts';
import type { Cast } from '../scheduler/pass.ts';
import { type Beginning, beginnings, castAgain, whyNoMore } from './agenda.ts';
import { allocation, goneFor } from './allocation.ts';
import type { Attempt } from './attempt.ts';
import { attemptNamed } from './attempt-named.ts';
import { Coalesced } from './coalesced.ts';
import type { Run, TestRun } from './model.ts';
import { deciding, runVerdict, testStatus, triesAgain } from './outcome.ts';
import { isPaused, someStoodStill } from './pause.ts';
import { reportOf } from './report-of.ts';
import { milliseconds } from './report-values.ts';
import type { RunDeps, RunListener } from './run-deps.ts';
import { whySkipped } from './skip.ts';

/** Watchers see at most this often what changed; a thousand members that start are few messages. */
const VIEW_PAUSE_MS = 50;
/** The report on disk follows at this pace: writing a large one takes time. */
const REPORT_PAUSE_MS = 1000;
/** Nobody tells when a disk has room again. */
const DISK_PAUSE_MS = 1000;

export class RunUnderWay {
  readonly model: Run;
  /** Settles when the final report is written. */
  readonly finished: Promise<void>;
  readonly #deps: RunDeps;
  readonly #writer: ReportWriter;
  readonly #listeners = new Set<RunListener>();
  readonly #finish = Promise.withResolvers<void>();
  readonly #views: Coalesced;
  readonly #reports: Coalesced;
  /** Tests that listeners have not heard the last of. */
  readonly #dirty = new Set<number>();
  /** By the names they had when they were allocated: an agent may come back under another. */
  #nodes: ReadonlyMap<string, Node> = new Map();
  /** Those under way. */
  readonly #attempts = new Map<TestRun, Attempt>();
  #cancelTimeout: (() => void) | undefined;
  /** What its setup started lives until the run ends. */
  #setup: Attempt | undefined;
  /** Nobody waits for a teardown any more, nor for a disk, nor for what is being ended. */
  readonly #haste = new AbortController();
  #wakeReport: (() => void) | undefined;

  constructor(model: Run, deps: RunDeps) {
    this.model = model;
    this.#deps = deps;
    this.finished = this.#finish.promise;
    this.#writer = new ReportWriter({
      directory: model.dir,
      onError: (error) =>
        deps.log.error(
          { run: model.number, err: error },
          `the report of run ${model.number} cannot be written`,
        ),
    });
    // What is told is true after a restart too.
    this.#views = new Coalesced(
      deps.clock,
      VIEW_PAUSE_MS,
      () => void deps.store.committed().then(() => this.#tell()),
    );
    this.#reports = new Coalesced(deps.clock, REPORT_PAUSE_MS, () => this.#writer.update(this.#report()));
    if (model.phase === 'finished') this.#finish.resolve();
  }

  /** Seconds until a test that is under way times out. */
  left(test: TestRun): number | undefined {
    return this.#attempts.get(test)?.left;
  }

  /** The attempt at a test that is under way; without a name at the only one. Throws `NO_SUCH_TEST`. */
  attempt(test: string | undefined): Attempt {
    return attemptNamed(this.model.number, this.#attempts, test);
  }

  /** It waits for its turn. */
  queued(): void {
    this.#changed();
  }

  onChange(listener: RunListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Why it is not going yet. */
  waits(why: string): void {
    if (this.model.waitsFor === why) return;
    this.model.waitsFor = why;
    this.#changed();
  }

  /** `nodes`: those of the cast, by name. */
  start(cast: Cast, nodes: ReadonlyMap<string, Node>): void {
    delete this.model.waitsFor;
    this.#hold(nodes);
    Object.assign(this.model, allocation(cast, nodes.values(), this.#deps.clock.wallMs()));
    this.#changed();
    this.#begin();
  }

  /** Goes on with what an earlier master began, or with what was never queued, on the nodes allocated, by the names they had then. */
  resume(nodes: ReadonlyMap<string, Node>): void {
    this.#hold(nodes);
    this.#changed();
    this.#begin();
  }

  #hold(nodes: ReadonlyMap<string, Node>): void {
    this.#nodes = nodes;
    for (const node of nodes.values()) node.holder = this.model.number;
  }

  #begin(): void {
    this.#deps.attempts.openRun(this.model);
    void this.#run().catch((error: unknown) => this.#defect(error));
  }

  /** The first reason stands. A run that still waits ends at once; one that has begun is torn down, unless it is cancelled again. */
  cancel(cause: string): void {
    if (this.model.phase === 'finished') return;
    if (this.model.cancelled !== undefined) return this.#hurry(cause);
    this.model.cancelled = cause;
    void this.#deps.store.runs.saveRun(this.model);
    for (const [{ part }, attempt] of this.#attempts) if (part !== 'teardown') attempt.cancel(cause);
    if (this.model.phase === 'queued') void this.#end();
  }

  /** The master is going: ends as interrupted, without a teardown, and waits for nobody who is away. */
  shutDown(cause: string): void {
    this.cancel(cause);
    this.#hurry(cause);
    for (const attempt of this.#attempts.values()) attempt.endGrace();
  }

  #hurry(cause: string): void {
    this.#haste.abort();
    this.#wakeReport?.();
    for (const attempt of this.#attempts.values()) attempt.cancel(cause);
  }

  async #run(): Promise<void> {
    const underWay = new Set<Promise<void>>();
    const go = (work: Promise<void>) => {
      const done = work.finally(() => underWay.delete(done));
      underWay.add(done);
    };
    try {
      // What an earlier master was at comes first, and at once: agents that come back ask what is still wanted.
      this.#recallSetup();
      for (const test of this.model.tests)
        if (test.status === undefined && test.attempts.length > 0)
          go(this.#runTest({ test, cast: this.model.cast }));
      const saved = this.#deps.store.runs.saveRun(this.model);
      await Promise.race([saved, ...Array.from(underWay, (work) => work.then(() => saved))]);
      this.#armTimeout();
      for (;;) {
        for (const beginning of beginnings(this.model, this.#away)) go(this.#beginTest(beginning));
        this.#deps.attempts.runChanged(this.model);
        if (underWay.size === 0) break;
        await Promise.race(underWay);
      }
    } finally {
      // After a defect: whatever runs beside it is ended in order.
      if (underWay.size > 0) this.#hurry('the run cannot go on');
      await Promise.allSettled(underWay);
    }
    await this.#end();
  }

  async #beginTest(beginning: Beginning): Promise<void> {
    const { test, cast } = beginning;
    test.started = this.#deps.clock.wallMs();
    const reason = whySkipped(test, cast, (name) => this.#machine(name));
    if (reason !== undefined) return this.#endTest(test, 'SKIP', reason);
    if (test.part === 'teardown' && this.#haste.signal.aborted)
      return this.#endTest(
        test,
        'INTERRUPTED',
        `not run: ${this.model.cancelled ?? 'the master was stopped'}`,
      );
    await this.#runTest(beginning);
  }

  async #runTest({ test, cast: first }: Beginning): Promise<void> {
    let cast = first;
    for (;;) {
      // An earlier master may have judged it, and not come to say so.
      if (test.attempts.length === 0 || test.attempts.at(-1)?.status === undefined)
        await this.#runAttempt({ test, cast });
      if (!triesAgain(test) || this.model.cancelled !== undefined) break;
      // It may be in the way of the next.
      if (test.part === 'setup') await this.#letSetupGo();
      cast = castAgain(this.model, test, this.#away);
      await this.#runAttempt({ test, cast }, { again: true });
    }
    await this.#endTest(test, testStatus(test), test.attempts.at(-1)?.cause);
  }

  async #endTest(test: TestRun, status: Status, cause: string | undefined): Promise<void> {
    const { clock, store } = this.#deps;
    test.status = status;
    if (cause !== undefined) test.cause = cause;
    test.duration = milliseconds((clock.wallMs() - (test.started ?? clock.wallMs())) / 1000);
    test.state = 'ended';
    await store.runs.saveTest(this.model, test);
    this.#changed(test);
  }

  async #runAttempt(beginning: Beginning, { again = false } = {}): Promise<void> {
    const { attempts } = this.#deps;
    const { test } = beginning;
    const changed = (what?: 'pause') => {
      this.#changed(test);
      if (what === 'pause') this.#armTimeout();
    };
    const attempt =
      test.attempts.length === 0 || again
        ? attempts.create(this.model, beginning, this.#nodes, changed)
        : attempts.resume(this.model, test, this.#nodes, changed);
    this.#attempts.set(test, attempt);
    if (this.model.cancelled !== undefined && (test.part !== 'teardown' || this.#haste.signal.aborted))
      attempt.cancel(this.model.cancelled);
    try {
      await attempt.run();
    } finally {
      this.#attempts.delete(test);
      if (test.part === 'setup') this.#setup = attempt;
    }
  }

  /** An earlier master had its verdict. */
  #recallSetup(): void {
    const setup = this.model.tests.find(({ part }) => part === 'setup');
    if (setup?.attempts.at(-1)?.status === undefined) return;
    this.#setup = this.#deps.attempts.resume(this.model, setup, this.#nodes, () => {});
    this.#setup.keep();
  }

  async #letSetupGo(): Promise<void> {
    const setup = this.#setup;
    this.#setup = undefined;
    await setup?.letGo(this.#haste.signal);
  }

  /** A suite may say how long all its tests may take together. */
  #armTimeout(): void {
    const { timeout } = this.model.spec;
    const { clock } = this.#deps;
    if (timeout === undefined || this.model.cancelled !== undefined) return;
    const now = clock.wallMs();
    const began = this.model.allocated ?? now;
    const pauses = this.model.tests.flatMap(({ attempts }) => attempts.flatMap(({ pause }) => pause ?? []));
    this.#cancelTimeout?.();
    // It stands still: when the last of them is over it is armed anew.
    if (pauses.some(isPaused)) return;
    const left = timeout * 1000 - (now - began - someStoodStill(pauses, began, now));
    this.#cancelTimeout = clock.after(Math.max(0, left), () => {
      if (this.model.cancelled !== undefined) return;
      this.model.overdue = true;
      this.cancel(`the run timed out after ${timeout} s`);
    });
  }

  /** Those of its nodes that tests have waited for in vain, by the names they had when they were allocated. */
  get #away(): ReadonlySet<string> {
    return goneFor(
      this.#nodes,
      Math.min(...this.model.tests.map(({ spec }) => spec.grace)),
      this.#deps.clock,
    );
  }

  #machine(name: string): Machine | undefined {
    const facts = this.model.facts.get(name);
    const node = this.#nodes.get(name);
    return facts && { name, labels: node?.machine.labels ?? {}, facts };
  }

  /** Never rejects. */
  async #end(): Promise<void> {
    const { model } = this;
    this.#cancelTimeout?.();
    this.#deps.attempts.closeRun(model);
    try {
      const gone = this.#letSetupGo();
      this.#conclude();
      await this.#writeReport();
      await gone;
      await this.#deps.directories.finished(model.dir);
    } catch (error) {
      this.#deps.log.error({ run: model.number, err: error }, `run ${model.number} could not be concluded`);
      model.status = 'ERROR';
      model.exit = exitCode(['ERROR']);
      model.cause = `the report could not be written: ${TuttiError.from(error).message}`;
    }
    model.phase = 'finished';
    await this.#deps.store.runs.saveRun(model).catch((error: unknown) => {
      this.#deps.log.error(
        { run: model.number, err: error },
        `the end of run ${model.number} could not be kept`,
      );
    });
    for (const node of this.#nodes.values()) {
      node.holder = undefined;
      node.busy = false;
    }
    // Durable already, and the last word: whoever waits for the end has heard it.
    this.#views.stop();
    this.#tell();
    this.#finish.resolve();
  }

  /** A full disk is waited for, as long as this master lives: a verdict is not lost to it. */
  async #writeReport(): Promise<void> {
    this.#reports.now();
    for (;;) {
      try {
        return await this.#writer.flush();
      } catch (error) {
        if (this.#haste.signal.aborted || TuttiError.from(error).code !== 'DISK_FULL') throw error;
        await new Promise<void>((resolve) => {
          const cancel = this.#deps.clock.after(DISK_PAUSE_MS, resolve);
          this.#wakeReport = () => {
            cancel();
            resolve();
          };
        });
      }
    }
  }

  /** From the verdicts of the tests to that of the run. */
  #conclude(): void {
    const { model } = this;
    const why = whyNoMore(model) ?? { status: 'INTERRUPTED' as const, cause: 'not run: the run ended' };
    for (const test of model.tests) {
      if (test.status !== undefined) continue;
      // Nothing had begun: there is nothing to tear down.
      const { status, cause } = test.part === 'teardown' ? { ...why, status: 'SKIP' as const } : why;
      Object.assign(test, { status, cause, state: 'ended' });
      this.#dirty.add(test.index);
    }
    Object.assign(model, runVerdict(model));
    const byOperator = model.cancelled !== undefined && model.overdue !== true;
    model.exit = exitCode(
      deciding(model).map(({ status }) => status),
      byOperator ? 'operator' : 'timeout',
    );
    model.duration = milliseconds((this.#deps.clock.wallMs() - model.started) / 1000);
  }

  /** What stops a run as a whole, such as a defect in here, must not leave people waiting, nor the nodes held. */
  #defect(error: unknown): void {
    this.#deps.log.error({ run: this.model.number, err: error }, `run ${this.model.number} cannot go on`);
    const { message } = TuttiError.from(error);
    // Errors with a code are for people as they are.
    this.model.cancelled ??= error instanceof TuttiError ? message : `a defect in the master: ${message}`;
    for (const test of this.model.tests) {
      if (test.status !== undefined) continue;
      test.status = 'ERROR';
      test.cause = this.model.cancelled;
      test.state = 'ended';
      this.#dirty.add(test.index);
    }
    void this.#end();
  }

  #report() {
    return reportOf(this.model, this.model.facts);
  }

  #changed(test?: TestRun): void {
    if (test && this.model.phase !== 'finished')
      this.model.phase = phaseOf(this.model.tests) ?? this.model.phase;
    if (test) this.#dirty.add(test.index);
    this.#reports.wish();
    this.#views.wish();
  }

  #tell(): void {
    const tests = [...this.#dirty];
    this.#dirty.clear();
    for (const listener of this.#listeners) {
      try {
        listener({ run: this.model, tests });
      } catch (error) {
        // Whoever watches must not disturb what is watched.
        this.#deps.log.error({ run: this.model.number, err: error }, 'a watcher could not be told');
      }
    }
  }
}

/** Of a run that has tests under way. */
function phaseOf(tests: readonly TestRun[]): Run['phase'] | undefined {
  const states = new Set(tests.map(({ state }) => state));
  if (states.has('running')) return 'running';
  if (states.has('staging')) return 'staging';
  return states.has('collecting') ? 'collecting' : undefined;
}
