/**
 * The runs that wait for machines, and the passes that give them out.
 *
 * Whatever changes, there is one pass in a turn of the event loop (scheduler/pass.ts decides). Machines that a run gets
 * are held by it at once, whatever else happens in that turn; where they have to be prepared the run begins when they
 * are, and is back in its place when one of them cannot be.
 */
import { checkSelector } from '@tutti/protocol/selector';
import type { Node } from '../agents/node.ts';
import type { Registry } from '../agents/registry.ts';
import type { MachineCare } from '../machines/machine-care.ts';
import type { MasterClock } from '../master-clock.ts';
import { deal } from '../scheduler/deal.ts';
import { type Explanation, explain } from '../scheduler/explain.ts';
import { waitsFor } from '../scheduler/explain-words.ts';
import { inTurn, type QueuedRun } from '../scheduler/order.ts';
import { type Cast, pass, type Queue, type Settings, type Start } from '../scheduler/pass.ts';
import type { Held } from '../scheduler/pool.ts';
import type { Selectors } from '../scheduler/selectors.ts';
import { Coalesced } from './coalesced.ts';
import { longest } from './longest.ts';
import type { Run } from './model.ts';
import { nodesNeeded } from './plan.ts';
import type { RunUnderWay } from './run-under-way.ts';

export interface RunQueueDeps {
  readonly registry: Registry;
  readonly clock: MasterClock;
  readonly care: MachineCare;
  readonly settings: Settings;
  readonly selectors: Selectors;
}

/** Who waits is told this often why; to find out takes a look at all that are before it. */
const TELL_PAUSE_MS = 1000;

interface Entry {
  readonly run: RunUnderWay;
  readonly queued: QueuedRun;
}

export class RunQueue {
  readonly #deps: RunQueueDeps;
  #waiting: Entry[] = [];
  readonly #preparing = new Map<RunUnderWay, { readonly cast: Cast; readonly stop: AbortController }>();
  readonly #holdings = new Map<number, Pick<Held, 'since' | 'until' | 'lent'>>();
  /** Somebody waits to hear why they wait. */
  readonly #watched = new Map<RunUnderWay, number>();
  readonly #tell: Coalesced;
  #pass: NodeJS.Immediate | undefined;

  constructor(deps: RunQueueDeps) {
    this.#deps = deps;
    this.#tell = new Coalesced(deps.clock, TELL_PAUSE_MS, () => this.#tellWatched());
  }

  get size(): number {
    return this.#waiting.length;
  }

  /** A run that this version cannot place is cancelled: it must not be in the way of all others. */
  add(run: RunUnderWay): void {
    const { number, priority, started, spec } = run.model;
    const needs = nodesNeeded(spec);
    const bad = needs.find(({ where }) => where !== undefined && !checkSelector(where).ok);
    if (bad !== undefined) return run.cancel(`this master does not understand "${bad.where}" of ${bad.role}`);
    const bound = longest(spec) + this.#deps.care.longest;
    this.#waiting.push({
      run,
      queued: { run: number, priority, submitted: started, needs, longest: bound },
    });
    this.wake();
  }

  /** It waits no longer. */
  remove(run: RunUnderWay): void {
    this.#waiting = this.#waiting.filter((entry) => entry.run !== run);
    this.#preparing.get(run)?.stop.abort();
    this.#holdings.delete(run.model.number);
    this.wake();
  }

  /** It has its machines from an earlier master, which had perhaps lent them: from now on they are simply held. */
  resumed(run: RunUnderWay): void {
    const { number, spec, allocated } = run.model;
    if (allocated === undefined) return;
    const until = allocated + longest(spec) + this.#deps.care.longest;
    this.#holdings.set(number, { since: allocated, until });
  }

  /** No run gets anything any more. */
  clear(): void {
    this.#waiting = [];
    clearImmediate(this.#pass);
    this.#pass = undefined;
    this.#tell.stop();
    for (const { stop } of this.#preparing.values()) stop.abort();
  }

  /** Something has changed. */
  wake(): void {
    if (this.#waiting.length === 0) return;
    this.#pass ??= setImmediate(() => {
      this.#pass = undefined;
      this.#schedule();
    });
  }

  /** Their numbers, in turn: the first is next. */
  order(): number[] {
    const queue = this.#waiting.map(({ queued }) => queued);
    return inTurn(queue, this.#deps.settings.ageing).map(({ run }) => run);
  }

  /** Undefined for a run that does not wait. */
  explain(run: RunUnderWay): Explanation | undefined {
    const { number } = run.model;
    const preparing = this.#preparing.get(run);
    if (preparing) return { at: 'starting', run: number, cast: preparing.cast };
    return explain(this.#input(), number, this.#deps.selectors);
  }

  /** In a sentence; undefined for a run that does not wait. */
  waitsFor(run: RunUnderWay): string | undefined {
    const explanation = this.explain(run);
    if (explanation === undefined) return undefined;
    return explanation.at === 'waiting' ? waitsFor(explanation) : 'its machines are being prepared';
  }

  /** Somebody wants to hear why it waits, now and whenever that changes, until the returned function is called. */
  watch(run: RunUnderWay): () => void {
    this.#watched.set(run, (this.#watched.get(run) ?? 0) + 1);
    this.#tell.wish();
    let over = false;
    return () => {
      if (over) return;
      over = true;
      const left = (this.#watched.get(run) ?? 1) - 1;
      if (left > 0) this.#watched.set(run, left);
      else this.#watched.delete(run);
    };
  }

  #input(): Queue {
    const { registry, clock, settings } = this.#deps;
    return {
      queue: this.#waiting.map(({ queued }) => queued),
      nodes: registry.pool((run) => this.#holdings.get(run) ?? {}),
      now: clock.wallMs(),
      settings,
    };
  }

  #schedule(): void {
    const input = this.#input();
    for (const start of pass(input, this.#deps.selectors)) this.#begin(start, input.now);
    if (this.#watched.size > 0) this.#tell.wish();
  }

  #begin({ run: number, cast, lent }: Start, now: number): void {
    const entry = this.#waiting.find(({ queued }) => queued.run === number);
    if (entry === undefined) return;
    const { run, queued } = entry;
    const { registry, care } = this.#deps;
    this.#waiting = this.#waiting.filter((other) => other !== entry);
    const until = queued.longest === undefined ? {} : { until: now + queued.longest };
    this.#holdings.set(number, { since: now, ...until, ...(lent ? { lent } : {}) });
    const nodes = new Map(
      cast.flatMap((part) => part.nodes).flatMap((name) => pair(name, registry.get(name))),
    );
    for (const node of nodes.values()) node.holder = number;
    const dealt = deal(cast, queued.needs);
    const stop = new AbortController();
    const preparing = care.prepare(run.model, [...nodes.values()], stop.signal);
    if (preparing === undefined) return run.start(dealt, nodes);
    this.#preparing.set(run, { cast: dealt, stop });
    run.waits('its machines are being prepared');
    void preparing.then((ready) => {
      this.#preparing.delete(run);
      if (ready && !stop.signal.aborted) return run.start(dealt, nodes);
      this.#holdings.delete(number);
      this.#giveBack(run.model, nodes);
      if (!stop.signal.aborted) this.#waiting.push(entry);
      registry.changed();
      return undefined;
    });
  }

  #giveBack(run: Run, nodes: ReadonlyMap<string, Node>): void {
    for (const node of nodes.values()) node.holder = undefined;
    this.#deps.care.release(run, [...nodes.values()]);
  }

  #tellWatched(): void {
    for (const run of this.#watched.keys()) {
      const why = run.model.phase === 'queued' ? this.waitsFor(run) : undefined;
      if (why !== undefined) run.waits(why);
    }
  }
}

function pair<T>(name: string, value: T | undefined): [string, T][] {
  return value === undefined ? [] : [[name, value]];
}
