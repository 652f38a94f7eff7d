/**
 * What the master does with machines around runs: prepares them, releases them, cycles the power of one that gave trouble, and
 * puts it into quarantine when that was no help.
 *
 *   given to a run ─▶ prepare ─▶ used ─▶ release ─▶ free
 *                       │fails     │member lost  │fails
 *                       └──────────┴─────────────┴─▶ trouble: power cycled, once ─▶ back: free
 *                                                     └ was it already, or cannot be, or is not back ─▶ quarantined
 *
 * Guarantees: what a machine is at is durable before it begins (agents/orders.ts), and the next master goes on with it:
 * a command that was under way is then run again. No command outlives `close`. A machine is given to nobody
 * meanwhile. In maintenance it is left alone.
 */
import type { Clock, Logger } from '@tutti/link';
import { LIMITS, TuttiError } from '@tutti/protocol';
import type { Node } from '../agents/node.ts';
import { type Care, withCare, withOrder } from '../agents/orders.ts';
import type { Registry } from '../agents/registry.ts';
import type { Run } from '../runs/model.ts';
import { backMs, type Command, type Commands, type MachineRules, powerCommands } from './machine-rules.ts';
import type { Outcome } from './run-command.ts';

export type CaredRun = Pick<Run, 'number' | 'dir'>;

export type Action = 'prepare' | 'release' | 'on' | 'off' | 'cycle';

/** Runs a command for a machine; its output goes to the run's directory, if there is a run. */
export type CarryOut = (
  command: Command,
  about: { readonly node: Node; readonly action: Action; readonly run: CaredRun | undefined },
  signal: AbortSignal,
) => Promise<Outcome>;

export interface MachineCareDeps {
  readonly registry: Registry;
  readonly clock: Clock;
  readonly rules: () => MachineRules;
  readonly carryOut: CarryOut;
  readonly log: Logger;
}

export class MachineCare {
  readonly #deps: MachineCareDeps;
  readonly #closing = new AbortController();
  readonly #underWay = new Set<Promise<void>>();

  constructor(deps: MachineCareDeps) {
    this.#deps = deps;
  }

  /** The most that it adds to how long a run has its machines, in ms. */
  get longest(): number {
    return this.#deps.rules().longest;
  }

  debugState(): { machinesCaredFor: number } {
    return { machinesCaredFor: this.#underWay.size };
  }

  /**
   * Makes machines ready that a run gets. Undefined: they are. Otherwise resolves with whether all are; those that are
   * not are in trouble by then, the others are the caller's to release.
   */
  prepare(run: CaredRun, nodes: readonly Node[], signal: AbortSignal): Promise<boolean> | undefined {
    const cared = nodes.filter((node) => this.#isCared(node));
    if (cared.length === 0) return undefined;
    // The first that fails ends the others: the run cannot begin.
    const stop = new AbortController();
    const either = AbortSignal.any([signal, stop.signal, this.#closing.signal]);
    const all = cared.map(async (node) => {
      const ready = await this.#prepare(run, node, either);
      if (!ready) stop.abort();
      return ready;
    });
    return this.#track(Promise.all(all).then((ready) => ready.every(Boolean)));
  }

  /**
   * A run does not need these machines any more. `lost`: by name, which member of it was lost there. `proven`: the run has
   * used them, so that one without trouble has all its chances again.
   */
  release(
    run: CaredRun,
    nodes: readonly Node[],
    { lost = new Map(), proven = false }: { lost?: ReadonlyMap<Node, string>; proven?: boolean } = {},
  ): void {
    if (this.#closing.signal.aborted) return;
    for (const node of nodes) {
      const { care } = node.orders;
      if (care !== undefined && (care.at === 'cycling' || care.run !== run.number)) continue;
      const why = lost.get(node);
      if (why !== undefined && this.#canBeHelped(node)) this.#go(this.#trouble(node, why, run));
      else if (care !== undefined) this.#go(this.#release(run, node, proven && why === undefined));
    }
  }

  /** Goes on with what an earlier master was at. `going`: the run has its machines. */
  restore(runOf: (number: number) => { run: CaredRun; going: boolean } | undefined): void {
    for (const node of this.#deps.registry.nodes()) {
      const { care } = node.orders;
      if (care === undefined) continue;
      const known = care.run === undefined ? undefined : runOf(care.run);
      if (care.at === 'cycling') this.#go(this.#cycle(node, care, known?.run));
      else if (known === undefined) this.#go(this.#settle(node));
      else if (!known.going) this.#go(this.#release(known.run, node, false));
    }
  }

  /** Ends all commands; what they were at is the next master's. */
  async close(): Promise<void> {
    this.#closing.abort(new TuttiError('MASTER_STOPPING', 'the master is shutting down'));
    await Promise.allSettled(this.#underWay);
  }

  #isCared(node: Node): boolean {
    const { prepare, release, power } = this.#rulesOf(node);
    return prepare !== undefined || release !== undefined || power !== undefined;
  }

  #canBeHelped(node: Node): boolean {
    return node.orders.cycled === true || powerCommands(this.#rulesOf(node), 'cycle') !== undefined;
  }

  async #prepare(run: CaredRun, node: Node, signal: AbortSignal): Promise<boolean> {
    const { registry, clock, carryOut } = this.#deps;
    const used: Care = { at: 'used', run: run.number, since: clock.wallMs() };
    await registry.order(node, (orders) => withCare(orders, used));
    const command = this.#rulesOf(node).prepare;
    if (signal.aborted) return false;
    if (command === undefined) return true;
    const { ok, why } = await carryOut(command, { node, action: 'prepare', run }, signal);
    if (ok) return true;
    if (!signal.aborted) await this.#trouble(node, `its prepare ${why}`, run);
    return false;
  }

  async #release(run: CaredRun, node: Node, proven: boolean): Promise<void> {
    const { registry, clock, carryOut } = this.#deps;
    const command = this.#rulesOf(node).release;
    if (command !== undefined) {
      const releasing: Care = { at: 'releasing', run: run.number, since: clock.wallMs() };
      await registry.order(node, (orders) => withCare(orders, releasing));
      const { ok, why } = await carryOut(command, { node, action: 'release', run }, this.#closing.signal);
      if (this.#closing.signal.aborted) return;
      if (!ok) {
        await this.#trouble(node, `its release ${why}`, run);
        return;
      }
    }
    await this.#settle(node, proven);
  }

  /** It is nobody's any more. */
  async #settle(node: Node, proven = false): Promise<void> {
    await this.#deps.registry.order(node, (orders) => {
      const { cycled: _, ...forgiven } = orders;
      return withCare(proven ? forgiven : orders, undefined);
    });
  }

  async #trouble(node: Node, why: string, run: CaredRun | undefined): Promise<void> {
    const { registry, clock, log } = this.#deps;
    const { maintenance, cycled } = node.orders;
    log.warn({ node: node.name, run: run?.number }, `${node.name} gave trouble: ${why}`);
    if (maintenance !== undefined) return this.#settle(node);
    if (cycled === true)
      return this.#quarantine(node, `${why}; its power was cycled before, which did not help`);
    if (powerCommands(this.#rulesOf(node), 'cycle') === undefined) return this.#quarantine(node, why);
    const care: Care = {
      ...{ at: 'cycling', why: short(why), boot: node.identity.boot, since: clock.wallMs(), done: false },
      ...(run === undefined ? {} : { run: run.number }),
    };
    await registry.order(node, (orders) => ({ ...withCare(orders, care), cycled: true }));
    // Whoever found the trouble does not wait for its end.
    this.#go(this.#cycle(node, care, run));
  }

  async #cycle(node: Node, care: Extract<Care, { at: 'cycling' }>, run: CaredRun | undefined): Promise<void> {
    const { registry, carryOut, log } = this.#deps;
    const { signal } = this.#closing;
    if (!care.done) {
      for (const command of powerCommands(this.#rulesOf(node), 'cycle') ?? []) {
        const { ok, why } = await carryOut(command, { node, action: 'cycle', run }, signal);
        if (signal.aborted) return;
        if (!ok) return this.#quarantine(node, `${care.why}; the command that cycles its power ${why}`);
      }
      await registry.order(node, (orders) => withCare(orders, { ...care, done: true }));
    }
    const limit = backMs(this.#rulesOf(node));
    const back = await this.#comesBack(node, care.boot, limit);
    if (signal.aborted) return;
    if (!back) {
      return this.#quarantine(
        node,
        `${care.why}; it did not come back within ${limit / 1000} s of its power being cycled`,
      );
    }
    log.info({ node: node.name }, `${node.name} is back after its power was cycled`);
    await this.#settle(node);
  }

  /** Whether it connects with another boot in time. */
  #comesBack(node: Node, boot: string, limit: number): Promise<boolean> {
    const { registry, clock } = this.#deps;
    const { signal } = this.#closing;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const look = () => {
      if (node.session !== undefined && node.identity.boot !== boot) resolve(true);
    };
    const stopWatching = registry.onChange(look);
    const cancel = clock.after(limit, () => resolve(false));
    const aborted = () => resolve(false);
    signal.addEventListener('abort', aborted, { once: true });
    look();
    return promise.finally(() => {
      stopWatching();
      cancel();
      signal.removeEventListener('abort', aborted);
    });
  }

  async #quarantine(node: Node, why: string): Promise<void> {
    const { registry, clock, log } = this.#deps;
    const reason = short(why);
    log.error({ node: node.name }, `${node.name} is quarantined: ${reason}`);
    await registry.order(node, (orders) =>
      withOrder(withCare(orders, undefined), 'quarantined', { since: clock.wallMs(), reason }),
    );
  }

  #rulesOf(node: Node): Commands {
    return this.#deps.rules().of(node.machine);
  }

  #go(work: Promise<void>): void {
    void this.#track(work);
  }

  /** What is kept fails only with the disk, and the store says so: the machine is then as it was said to be last. */
  #track<T>(work: Promise<T>): Promise<T> {
    const done = work
      .then(
        () => {},
        (error: unknown) => this.#deps.log.error({ err: error }, 'a machine could not be cared for'),
      )
      .finally(() => this.#underWay.delete(done));
    this.#underWay.add(done);
    return work;
  }
}

function short(reason: string): string {
  return reason.length <= LIMITS.reason.value ? reason : `${reason.slice(0, LIMITS.reason.value - 1)}…`;
}
