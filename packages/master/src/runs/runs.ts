/**
 * All runs of this master: submitted, queued in order, given their nodes at once, carried out, reported.
 *
 * A run takes all the nodes it needs or none; the oldest waiting run is served first. What was submitted is durable,
 * and goes on with the next master: `restore` is to be called before anything else.
 */

import type { RunSpec } from '@tutti/protocol';
import { TuttiError } from '@tutti/protocol';
import type { Node } from '../agents/node.ts';
import { deal } from '../scheduler/deal.ts';
import { needsInWords } from '../scheduler/needs-words.ts';
import { pass } from '../scheduler/pass.ts';
import type { PoolNode } from '../scheduler/pool.ts';
import { Selectors } from '../scheduler/selectors.ts';
import type { Run } from './model.ts';
import { nodesNeeded, planTests, slug } from './plan.ts';
import type { RunDeps } from './run-deps.ts';
import { RunUnderWay } from './run-under-way.ts';

/** Finished runs that are still answered from memory. */
const REMEMBERED = 100;

export class Runs {
  readonly #deps: RunDeps;
  readonly #runs = new Map<number, RunUnderWay>();
  readonly #byId = new Map<string, Promise<RunUnderWay>>();
  readonly #queue: RunUnderWay[] = [];
  readonly #selectors = new Selectors();
  #closing: TuttiError | undefined;

  constructor(deps: RunDeps) {
    this.#deps = deps;
    deps.registry.onChange(() => this.#schedule());
  }

  /** Goes on with the runs of an earlier master; returns those that are not finished. */
  restore(): RunUnderWay[] {
    const { store, registry } = this.#deps;
    const restored = store.runs
      .load(REMEMBERED)
      .map((model) => this.#add(new RunUnderWay(model, this.#deps)));
    const unfinished = restored.filter(({ model }) => model.phase !== 'finished');
    for (const run of unfinished) {
      if (run.model.phase === 'queued') {
        this.#queue.push(run);
        run.queued();
        continue;
      }
      const names = [...new Set(run.model.cast.flatMap(({ nodes: cast }) => cast))];
      const nodes = names.flatMap((name) => {
        const agent = run.model.agents.get(name);
        // By the agent: the machine may have come back under another name, and another one under this.
        const node = agent === undefined ? registry.get(name) : registry.ofAgent(agent);
        return node ? [[name, node] as const] : [];
      });
      run.resume(new Map(nodes));
    }
    return unfinished;
  }

  /** Queues a run; the same id is the same run. Resolves when that is durable. Throws `NOT_ENOUGH_NODES`, `DISK_FULL`. */
  submit(id: string, spec: RunSpec, owned: boolean, priority = 0): Promise<RunUnderWay> {
    const known = this.#byId.get(id) ?? this.#kept({ id });
    if (known) return Promise.resolve(known);
    if (this.#closing) throw this.#closing;
    this.#checkNodes(spec);
    const submitted = this.#create(id, spec, owned, priority);
    this.#byId.set(id, submitted);
    submitted.catch(() => this.#byId.delete(id));
    return submitted;
  }

  /** Any run that was ever submitted. Throws `NO_SUCH_RUN`. */
  get(number: number): RunUnderWay {
    const run = this.#runs.get(number) ?? this.#kept({ number });
    if (run) return run;
    const newest = this.#deps.store.runs.newest();
    const what = newest === undefined ? 'it has had none yet' : `its newest is ${newest}`;
    throw new TuttiError('NO_SUCH_RUN', `the master knows no run ${number}; ${what}`);
  }

  /** The directory of any run, also of one that only its directory tells of. Throws `NO_SUCH_RUN`. */
  async directory(number: number): Promise<string> {
    try {
      return this.get(number).model.dir;
    } catch (error) {
      const dir = await this.#deps.directories.find(number);
      if (dir === undefined) throw error;
      return dir;
    }
  }

  /** Its place in the queue, 1 is next; undefined when it does not wait. */
  place(run: RunUnderWay): number | undefined {
    const place = this.#queue.indexOf(run);
    return place < 0 ? undefined : place + 1;
  }

  /** A finished run that is not in memory any more. */
  #kept(key: { readonly number: number } | { readonly id: string }): RunUnderWay | undefined {
    const model = this.#deps.store.runs.find(key);
    return model?.phase === 'finished' ? new RunUnderWay(model, this.#deps) : undefined;
  }

  /** The directory of a run that is finished, or will be: also of one that an earlier master began. Throws `NO_SUCH_RUN`. */
  async results(number: number): Promise<string> {
    const dir = this.#runs.has(number) ? undefined : await this.#deps.directories.find(number);
    if (dir !== undefined) return dir;
    const run = this.get(number);
    await run.finished;
    return run.model.dir;
  }

  /** Takes no more; what is not finished goes on with the next master. */
  suspend(): void {
    this.#closing = new TuttiError('MASTER_STOPPING', 'the master is shutting down');
    this.#queue.length = 0;
  }

  /** Ends every run as interrupted, and takes no more. */
  async interruptAll(): Promise<void> {
    this.#closing = new TuttiError('MASTER_STOPPING', 'the master is shutting down');
    // Those that are being made end as soon as they are.
    await Promise.allSettled(this.#byId.values());
    const unfinished = [...this.#runs.values()].filter(({ model }) => model.phase !== 'finished');
    this.#queue.length = 0;
    for (const run of unfinished) run.shutDown('the master was stopped');
    await Promise.all(unfinished.map((run) => run.finished));
  }

  cancel(run: RunUnderWay, cause: string): void {
    const place = this.#queue.indexOf(run);
    if (place >= 0) this.#queue.splice(place, 1);
    run.cancel(cause);
  }

  debugState(): { queued: number; unfinished: number } {
    const unfinished = [...this.#runs.values()].filter(({ model }) => model.phase !== 'finished').length;
    return { queued: this.#queue.length, unfinished };
  }

  async #create(id: string, spec: RunSpec, owned: boolean, priority: number): Promise<RunUnderWay> {
    const { clock, directories, store, requireRoom } = this.#deps;
    await requireRoom();
    const { number, dir } = await directories.create(slug(spec.suite));
    const model: Run = {
      number,
      id,
      spec,
      dir,
      tests: planTests(spec),
      phase: 'queued',
      started: clock.wallMs(),
      priority,
      owned,
      cast: [],
      agents: new Map(),
      facts: new Map(),
    };
    await store.runs.create(model);
    const run = this.#add(new RunUnderWay(model, this.#deps));
    this.#queue.push(run);
    run.queued();
    // A master that began to stop meanwhile has not seen this run.
    if (this.#closing) this.cancel(run, 'the master was stopped');
    else this.#schedule();
    return run;
  }

  #add(run: RunUnderWay): RunUnderWay {
    const { number, id, phase } = run.model;
    this.#runs.set(number, run);
    this.#byId.set(id, Promise.resolve(run));
    if (phase !== 'finished') void run.finished.then(() => this.#finished(run));
    return run;
  }

  #schedule(): void {
    const { registry, clock } = this.#deps;
    const queue = this.#queue.map(({ model: { number, priority, started, spec } }) => ({
      ...{ run: number, priority, submitted: started, needs: nodesNeeded(spec) },
    }));
    const nodes = registry.nodes().map(poolNode);
    const settings = { ageing: 60, backfill: false };
    for (const { run: number, cast } of pass(
      { queue, nodes, now: clock.wallMs(), settings },
      this.#selectors,
    )) {
      const place = this.#queue.findIndex(({ model }) => model.number === number);
      const [run] = this.#queue.splice(place, 1);
      const names = cast.flatMap(({ nodes: filled }) => filled);
      run?.start(deal(cast, nodesNeeded(run.model.spec)), new Map(names.flatMap((name) => entry(name, registry.get(name)))));
    }
    const idle = registry.idle().length;
    for (const run of this.#queue)
      run.waits(
        `needs ${needsInWords(nodesNeeded(run.model.spec))}, ${idle} ${idle === 1 ? 'is' : 'are'} idle`,
      );
  }

  #finished({ model }: RunUnderWay): void {
    this.#deps.registry.changed();
    const finished = [...this.#runs.values()].filter((run) => run.model.phase === 'finished');
    for (const { model: old } of finished.slice(0, -REMEMBERED)) {
      this.#runs.delete(old.number);
      this.#byId.delete(old.id);
    }
    this.#deps.log.info(
      { run: model.number, status: model.status },
      `run ${model.number} ended ${model.status}`,
    );
  }

  #checkNodes(spec: RunSpec): void {
    const needs = nodesNeeded(spec);
    const nodes = this.#deps.registry.nodes().filter((node) => node.state !== 'offline');
    if (needs.reduce((sum, { count }) => sum + count, 0) <= nodes.length) return;
    const idle = nodes.filter((node) => node.state === 'idle').map((node) => node.name);
    const busy = nodes.filter((node) => node.state !== 'idle').map((node) => `${node.name} ${node.state}`);
    const there = [
      idle.length > 0 ? `idle: ${idle.join(', ')}` : 'none idle',
      ...(busy.length > 0 ? [`not idle: ${busy.join(', ')}`] : []),
    ];
    throw new TuttiError(
      'NOT_ENOUGH_NODES',
      `the run needs ${needsInWords(needs)}, the master has ${nodes.length} connected (${there.join('; ')})`,
    );
  }
}

function poolNode({ identity: { name, labels, facts }, holder, state, since }: Node): PoolNode {
  const machine = { name, labels, facts };
  if (state === 'offline') return { machine, out: { why: 'offline' } };
  return state === 'idle'
    ? { machine }
    : { machine, held: { ...(holder === undefined ? {} : { run: holder }), since } };
}

function entry<T>(name: string, value: T | undefined): [string, T][] {
  return value === undefined ? [] : [[name, value]];
}
