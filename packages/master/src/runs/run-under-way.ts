/**
 * One run, from the queue to its final report, across restarts of the master.
 *
 *   queued ─▶ allocated ─▶ (per test: staging ─▶ running ─▶ collecting) ─▶ finished
 *
 * Guarantees: the report on disk follows every change and ends final; the nodes are given back exactly once;
 * `finished` settles, whatever happened; each transition is durable before the next one, and before anybody hears of it.
 */
import { exitCode, TuttiError, worst } from '@tutti/protocol';
import type { Node } from '../agents/node.ts';
import { ReportWriter } from '../reports/report-writer.ts';
import type { Attempt } from './attempt.ts';
import { Coalesced } from './coalesced.ts';
import type { Run, TestRun } from './model.ts';
import { milliseconds, reportOf } from './report-of.ts';
import type { RunDeps, RunListener } from './run-deps.ts';

/** Watchers see at most this often what changed; a thousand members that start are few messages. */
const VIEW_PAUSE_MS = 50;
/** The report on disk follows at this pace: writing a large one takes time. */
const REPORT_PAUSE_MS = 1000;

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
  #attempt: Attempt | undefined;

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

  /** Seconds until the test that is under way times out. */
  get left(): number | undefined {
    return this.#attempt?.left;
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

  start(cast: ReadonlyMap<string, readonly Node[]>): void {
    this.model.cast = new Map([...cast].map(([role, nodes]) => [role, nodes.map((node) => node.name)]));
    delete this.model.waitsFor;
    this.#hold(new Map([...cast.values()].flat().map((node) => [node.name, node])));
    this.model.facts = new Map(
      [...this.#nodes].map(([name, node]) => [name, { ...node.identity.facts, addresses: node.addresses }]),
    );
    this.model.phase = 'allocated';
    this.#changed();
    this.#begin();
  }

  /** Goes on with what an earlier master began, on the nodes that it had allocated, by the names they had then. */
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
    void this.#run().catch((error: unknown) => this.#defect(error));
  }

  /** The first reason stands. A run that still waits ends at once. */
  cancel(cause: string): void {
    if (this.model.phase === 'finished' || this.model.cancelled !== undefined) return;
    this.model.cancelled = cause;
    void this.#deps.store.runs.saveRun(this.model);
    this.#attempt?.cancel(cause);
    if (this.model.phase === 'queued') void this.#end();
  }

  /** The master is going: ends as interrupted, and waits for nobody who is away. */
  shutDown(cause: string): void {
    this.cancel(cause);
    this.#attempt?.endGrace();
  }

  async #run(): Promise<void> {
    await this.#deps.store.runs.saveRun(this.model);
    for (const test of this.model.tests) {
      if (test.status !== undefined) continue;
      // What has begun is ended in order, a test that an earlier master was at included.
      if (this.model.cancelled !== undefined && test.attempts.length === 0) break;
      await this.#runTest(test);
    }
    await this.#end();
  }

  async #runTest(test: TestRun): Promise<void> {
    const { clock, store } = this.#deps;
    test.started ??= clock.wallMs();
    // An earlier master may have judged it, and not come to say so.
    if (test.attempts.at(-1)?.status === undefined) await this.#runAttempt(test);
    const last = test.attempts.at(-1);
    test.status = last?.status ?? 'ERROR';
    if (last?.cause !== undefined) test.cause = last.cause;
    test.duration = milliseconds((clock.wallMs() - test.started) / 1000);
    test.state = 'ended';
    await store.runs.saveTest(this.model, test);
    this.#changed(test);
  }

  async #runAttempt(test: TestRun): Promise<void> {
    const { attempts } = this.#deps;
    const changed = () => this.#changed(test);
    this.#attempt =
      test.attempts.length === 0
        ? attempts.create(this.model, test, this.#nodes, changed)
        : attempts.resume(this.model, test, this.#nodes, changed);
    if (this.model.cancelled !== undefined) this.#attempt.cancel(this.model.cancelled);
    await this.#attempt.run();
    this.#attempt = undefined;
  }

  /** Never rejects. */
  async #end(): Promise<void> {
    const { model } = this;
    try {
      this.#conclude();
      this.#reports.now();
      await this.#writer.flush();
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

  /** From the verdicts of the tests to that of the run. */
  #conclude(): void {
    const { model } = this;
    for (const test of model.tests) {
      if (test.status !== undefined) continue;
      // The operator ended the run before this test could say anything.
      test.status = 'INTERRUPTED';
      test.cause = `not run: ${this.model.cancelled ?? 'the run ended'}`;
      test.state = 'ended';
      this.#dirty.add(test.index);
    }
    const statuses = model.tests.flatMap(({ status }) => status ?? []);
    model.status = worst(statuses) ?? 'ERROR';
    model.exit = exitCode(statuses, model.cancelled === undefined ? 'timeout' : 'operator');
    const first = model.tests.find(({ status, cause }) => status === model.status && cause !== undefined);
    if (first?.cause !== undefined && model.status !== 'SKIP')
      model.cause = `${first.spec.name}: ${first.cause}`;
    model.duration = milliseconds((this.#deps.clock.wallMs() - model.started) / 1000);
  }

  /** A defect in here must not leave people waiting, nor the nodes held. */
  #defect(error: unknown): void {
    this.#deps.log.error({ run: this.model.number, err: error }, `run ${this.model.number} hit a defect`);
    this.model.cancelled ??= `a defect in the master: ${TuttiError.from(error).message}`;
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
    if (test && this.model.phase !== 'finished') this.model.phase = phaseOf(test);
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

function phaseOf({ state }: TestRun): Run['phase'] {
  return state === 'staging' || state === 'collecting' ? state : 'running';
}
