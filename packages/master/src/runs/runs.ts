/**
 * All runs of this master: submitted, queued in order, given their nodes at once, carried out, reported.
 *
 * A run takes all the nodes it needs or none (run-queue.ts). What was submitted is durable, and goes on with the next
 * master: `restore` is to be called before anything else.
 */

import { randomBytes } from 'node:crypto';
import type { RunSpec } from '@tutti/protocol';
import { TuttiError } from '@tutti/protocol';
import { checkSelector } from '@tutti/protocol/selector';
import type { Node } from '../agents/node.ts';
import type { Explanation } from '../scheduler/explain.ts';
import { neverSatisfiable } from '../scheduler/never-satisfiable.ts';
import type { Cast } from '../scheduler/pass.ts';
import { Selectors } from '../scheduler/selectors.ts';
import { allocation } from './allocation.ts';
import { awaitGuests } from './guests.ts';
import type { Run } from './model.ts';
import { nodesNeeded, planTests, slug } from './plan.ts';
import type { RunDeps, RunListener } from './run-deps.ts';
import { RunQueue } from './run-queue.ts';
import { RunUnderWay } from './run-under-way.ts';

/** Finished runs that are still answered from memory. */
const REMEMBERED = 100;

/** `remembered`: false when it is not answered from memory any more. */
export type RunsListener = (run: Run, remembered: boolean) => void;

export class Runs {
  readonly #deps: RunDeps;
  readonly #runs = new Map<number, RunUnderWay>();
  readonly #byId = new Map<string, Promise<RunUnderWay>>();
  readonly #queue: RunQueue;
  readonly #selectors = new Selectors();
  readonly #listeners = new Set<RunsListener>();
  #closing: TuttiError | undefined;

  constructor(deps: RunDeps) {
    this.#deps = deps;
    const { registry, clock, care, settings } = deps;
    this.#queue = new RunQueue({ registry, clock, care, settings, selectors: this.#selectors });
    registry.onChange(() => this.#queue.wake());
  }

  /** Goes on with the runs of an earlier master; returns those that are not finished. */
  restore(): RunUnderWay[] {
    const { store, care } = this.#deps;
    const restored = store.runs
      .load(REMEMBERED)
      .map((model) => this.#add(new RunUnderWay(model, this.#deps)));
    const unfinished = restored.filter(({ model }) => model.phase !== 'finished');
    for (const run of unfinished) {
      if (run.model.phase === 'queued') {
        run.queued();
        this.#queue.add(run);
        continue;
      }
      if (run.model.spec.joined) awaitGuests(run.model, this.#deps.registry);
      else this.#queue.resumed(run);
      run.resume(this.#nodesOf(run.model));
    }
    care.restore((number) => {
      const run = this.#runs.get(number) ?? this.#kept({ number });
      const { phase } = run?.model ?? {};
      return run && { run: run.model, going: phase !== 'finished' && phase !== 'queued' };
    });
    return unfinished;
  }

  /**
   * Queues a run; the same id is the same run. Resolves when that is durable. Throws `NOT_ENOUGH_NODES` for what no known
   * machines can ever give, unless it is to wait for others; `BAD_PARAMS`, `DISK_FULL`.
   */
  submit(
    id: string,
    spec: RunSpec,
    owned: boolean,
    {
      priority = 0,
      waitForNodes = false,
    }: { priority?: number | undefined; waitForNodes?: boolean | undefined } = {},
  ): Promise<RunUnderWay> {
    const known = this.#byId.get(id) ?? this.#kept({ id });
    if (known) return Promise.resolve(known);
    if (this.#closing) throw this.#closing;
    if (spec.joined)
      throw new TuttiError(
        'BAD_PARAMS',
        'the pieces of a session are started by tutti join, not by the master',
      );
    this.#checkNodes(spec, waitForNodes);
    return this.#made(id, this.#create(id, spec, owned, priority));
  }

  /** A run that is not queued: it begins at once, on machines that were brought for it alone. Resolves when that is durable. */
  startJoined(spec: RunSpec, cast: Cast, guests: readonly Node[]): Promise<RunUnderWay> {
    if (this.#closing) throw this.#closing;
    const id = randomBytes(16).toString('hex');
    return this.#made(id, this.#createJoined(id, spec, cast, guests));
  }

  /** The run of a session that has these agents, under way or not long over. */
  joinedBy(agents: readonly string[]): RunUnderWay | undefined {
    return this.#joined(({ agents: of }) => {
      const known = new Set(of.values());
      return agents.every((agent) => known.has(agent));
    });
  }

  /** The number of the session's run that has not ended. */
  joinedUnderWay(session: string): number | undefined {
    const run = this.#joined(({ spec, phase }) => spec.suite === session && phase !== 'finished');
    return run?.model.number;
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

  /** The numbers of those that wait for machines, in turn: the first is next. */
  order(): number[] {
    return this.#queue.order();
  }

  /** Its place among them, 1 is next; undefined when it does not wait. */
  place(run: RunUnderWay): number | undefined {
    const place = this.order().indexOf(run.model.number);
    return place < 0 ? undefined : place + 1;
  }

  /** In a sentence; undefined for a run that does not wait. */
  waitsFor(run: RunUnderWay): string | undefined {
    return run.model.phase === 'queued' ? this.#queue.waitsFor(run) : undefined;
  }

  /** Undefined for a run that does not wait for machines. */
  explain(run: RunUnderWay): Explanation | undefined {
    return run.model.phase === 'queued' ? this.#queue.explain(run) : undefined;
  }

  /** Tells a listener of every change, also of why it waits, until the returned function is called. */
  watch(run: RunUnderWay, listener: RunListener): () => void {
    const stops = [run.onChange(listener), this.#queue.watch(run)];
    return () => {
      for (const stop of stops) stop();
    };
  }

  /** Those that have not ended, and the last that have; the oldest first. */
  remembered(): Run[] {
    return Array.from(this.#runs.values(), ({ model }) => model).toSorted((a, b) => a.number - b.number);
  }

  /** Tells of every run that is new, has changed, or is not remembered any more. */
  onChange(listener: RunsListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** So that who looks at it now sees why it waits. */
  refresh(run: RunUnderWay): void {
    const why = this.waitsFor(run);
    if (why !== undefined) run.waits(why);
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
    this.#queue.clear();
  }

  /** Ends every run as interrupted, and takes no more. */
  async interruptAll(): Promise<void> {
    this.#closing = new TuttiError('MASTER_STOPPING', 'the master is shutting down');
    // Those that are being made end as soon as they are.
    await Promise.allSettled(this.#byId.values());
    const unfinished = [...this.#runs.values()].filter(({ model }) => model.phase !== 'finished');
    this.#queue.clear();
    for (const run of unfinished) run.shutDown('the master was stopped');
    await Promise.all(unfinished.map((run) => run.finished));
  }

  cancel(run: RunUnderWay, cause: string): void {
    this.#queue.remove(run);
    run.cancel(cause);
  }

  debugState(): { queued: number; unfinished: number } {
    const unfinished = [...this.#runs.values()].filter(({ model }) => model.phase !== 'finished').length;
    return { queued: this.#queue.size, unfinished };
  }

  #made(id: string, run: Promise<RunUnderWay>): Promise<RunUnderWay> {
    this.#byId.set(id, run);
    run.catch(() => this.#byId.delete(id));
    return run;
  }

  #joined(fits: (model: Run) => boolean): RunUnderWay | undefined {
    for (const run of this.#runs.values()) if (run.model.spec.joined && fits(run.model)) return run;
    return undefined;
  }

  /** In the row that makes it durable it has its machines: no master finds it without. */
  async #createJoined(id: string, spec: RunSpec, cast: Cast, guests: readonly Node[]): Promise<RunUnderWay> {
    const { clock, store, registry } = this.#deps;
    for (const guest of guests) guest.claimed = true;
    try {
      const model = await this.#plan(id, spec, false, 0);
      Object.assign(model, allocation(cast, guests, clock.wallMs()));
      await store.runs.create(model);
      const run = this.#add(new RunUnderWay(model, this.#deps));
      // A master that began to stop meanwhile leaves it to the next, or ends it with all others.
      run.resume(new Map(guests.map((guest) => [guest.name, guest])));
      return run;
    } catch (error) {
      for (const guest of guests) registry.release(guest);
      throw error;
    }
  }

  async #plan(id: string, spec: RunSpec, owned: boolean, priority: number): Promise<Run> {
    const { clock, directories, requireRoom } = this.#deps;
    await requireRoom();
    const { number, dir } = await directories.create(slug(spec.suite));
    return {
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
  }

  async #create(id: string, spec: RunSpec, owned: boolean, priority: number): Promise<RunUnderWay> {
    const model = await this.#plan(id, spec, owned, priority);
    await this.#deps.store.runs.create(model);
    const run = this.#add(new RunUnderWay(model, this.#deps));
    run.queued();
    // A master that began to stop meanwhile has not seen this run.
    if (this.#closing) this.cancel(run, 'the master was stopped');
    else this.#queue.add(run);
    return run;
  }

  #add(run: RunUnderWay): RunUnderWay {
    const { number, id, phase } = run.model;
    this.#runs.set(number, run);
    this.#byId.set(id, Promise.resolve(run));
    if (phase !== 'finished') {
      run.onChange(() => this.#tell(run.model, true));
      void run.finished.then(() => this.#finished(run));
    }
    this.#tell(run.model, true);
    return run;
  }

  #tell(run: Run, remembered: boolean): void {
    for (const listener of this.#listeners) listener(run, remembered);
  }

  #finished(run: RunUnderWay): void {
    const { model } = run;
    this.#queue.remove(run);
    const nodes = this.#nodesOf(model);
    const { care, registry } = this.#deps;
    if (model.spec.joined) for (const guest of nodes.values()) registry.release(guest);
    else care.release(model, [...nodes.values()], { lost: lostOn(model, nodes), proven: true });
    registry.changed();
    const finished = [...this.#runs.values()].filter(({ model: { phase } }) => phase === 'finished');
    for (const { model: old } of finished.slice(0, -REMEMBERED)) {
      this.#runs.delete(old.number);
      this.#byId.delete(old.id);
      this.#tell(old, false);
    }
    this.#deps.log.info(
      { run: model.number, status: model.status },
      `run ${model.number} ended ${model.status}`,
    );
  }

  /** By the names they had when they were allocated. */
  #nodesOf({ cast, agents }: Run): Map<string, Node> {
    const { registry } = this.#deps;
    const names = [...new Set(cast.flatMap((part) => part.nodes))];
    return new Map(
      names.flatMap((name) => {
        const agent = agents.get(name);
        // By the agent: the machine may have come back under another name, and another one under this.
        const node = agent === undefined ? registry.get(name) : registry.ofAgent(agent);
        return node ? [[name, node] as const] : [];
      }),
    );
  }

  #checkNodes(spec: RunSpec, waitForNodes: boolean): void {
    const needs = nodesNeeded(spec);
    for (const { role, where } of needs) {
      const checked = where === undefined ? undefined : checkSelector(where);
      if (checked?.ok === false) {
        throw new TuttiError('BAD_PARAMS', `role ${role}: "${where}" is no selector: ${checked.message}`);
      }
    }
    if (waitForNodes) return;
    const machines = this.#deps.registry.nodes().flatMap((node) => (node.isGuest ? [] : node.machine));
    const never = neverSatisfiable(needs, machines, this.#selectors);
    if (never !== undefined) throw new TuttiError('NOT_ENOUGH_NODES', never);
  }
}

/** Which of its members was lost there, the first of each machine. */
function lostOn({ number, tests }: Run, nodes: ReadonlyMap<string, Node>): Map<Node, string> {
  const lost = new Map<Node, string>();
  for (const member of tests.flatMap(({ attempts }) => attempts.flatMap(({ members }) => members))) {
    const node = nodes.get(member.node);
    if (member.lost === undefined || node === undefined || lost.has(node)) continue;
    lost.set(node, `${member.name} of run ${number} ${member.lost}`);
  }
  return lost;
}
