/** The machines that a master knows, as they are now. */
import { type Labels, type NodeView, nearest, TuttiError } from '@tutti/protocol';
import { checkSelector, compileSelector } from '@tutti/protocol/selector';
import { labelNodes, orderNodes, powerNode } from '../order-nodes.ts';
import { globPattern } from '../suite/glob.ts';
import type { Context } from './context.ts';
import { LiveCollection } from './live-collection.ts';
import type { Delta } from './live-set.ts';
import { Machine } from './machine.ts';
import { NodeGroup } from './node-group.ts';

export type NodeDelta = Delta<string, NodeView>;

/** As many as a message can bear. */
const SHOWN = 8;

type Order = 'drained' | 'maintenance' | 'quarantined';

/** A machine of the pool. What it says of itself is always the newest. */
export class Node extends Machine {
  readonly name: string;
  readonly #context: Context;
  readonly #view: () => NodeView;

  /** @internal */
  constructor(context: Context, name: string, view: () => NodeView) {
    super(context, name, () => Promise.resolve({ node: name }));
    this.name = name;
    this.#context = context;
    this.#view = view;
  }

  /** Throws `NO_SUCH_NODE` when the master does not know it any more. */
  get view(): NodeView {
    return this.#view();
  }

  get state(): NodeView['state'] {
    return this.view.state;
  }

  get labels(): Labels {
    return this.view.labels;
  }

  /** Out of service: no run gets it, the one that has it goes on. */
  async drain(reason?: string): Promise<void> {
    await this.#order('drained', true, reason);
  }

  async maintain(reason?: string): Promise<void> {
    await this.#order('maintenance', true, reason);
  }

  async quarantine(reason: string): Promise<void> {
    await this.#order('quarantined', true, reason);
  }

  /** Takes back whatever keeps it out of service. */
  async resume(): Promise<void> {
    const { drained, maintenance, quarantined } = this.view;
    if (drained) await this.#order('drained', false);
    if (maintenance) await this.#order('maintenance', false);
    if (quarantined) await this.#order('quarantined', false);
  }

  async label(set: Labels, remove: readonly string[] = []): Promise<void> {
    await labelNodes(this.#context.client, [this.name], { set, remove: [...remove] });
  }

  /** By the command that the master's nodes.yaml has for it; resolves with the end of what that wrote. */
  async power(action: 'on' | 'off' | 'cycle', { force = false } = {}): Promise<string> {
    return powerNode(this.#context.client, this.name, action, force);
  }

  async #order(order: Order, on: boolean, reason?: string): Promise<void> {
    await orderNodes(this.#context.client, [this.name], {
      ...{ order, on },
      ...(reason === undefined ? {} : { reason }),
    });
  }
}

export class Nodes implements Iterable<Node> {
  readonly #context: Context;
  readonly #live: LiveCollection<string, NodeView>;

  /** @internal */
  constructor(context: Context) {
    this.#context = context;
    this.#live = new LiveCollection({
      key: ({ name }) => name,
      ask: (seen, signal) =>
        context.client.call('nodes.watch', seen === undefined ? {} : { since: seen }, signal),
    });
  }

  /** @internal */
  get live(): LiveCollection<string, NodeView> {
    return this.#live;
  }

  get size(): number {
    return this.#live.items.size;
  }

  /** Sorted. */
  get names(): string[] {
    return [...this.#live.items.keys()].toSorted((a, b) => (a < b ? -1 : 1));
  }

  has(name: string): boolean {
    return this.#live.items.has(name);
  }

  /** Throws `NO_SUCH_NODE`, with the nearest name. */
  get(name: string): Node {
    this.#require(name);
    return new Node(this.#context, name, () => this.#require(name));
  }

  /** Those whose names match: `*` is any text, `?` one character. */
  find(glob: string): NodeGroup<Node> {
    const pattern = globPattern(glob);
    return this.#group(({ name }) => pattern.test(name));
  }

  /** Those that a selector fits, such as `cpus > 4 && "gpu" in labels`. Throws `USAGE` for what is none. */
  where(selector: string): NodeGroup<Node> {
    const checked = checkSelector(selector);
    if (!checked.ok) {
      const hint = checked.hint === undefined ? '' : `\n${checked.hint}`;
      const place = `${selector}\n  ${' '.repeat(checked.at)}^`;
      throw new TuttiError('USAGE', `${checked.message}\n  ${place}${hint}`);
    }
    return this.#group(compileSelector(selector));
  }

  get all(): NodeGroup<Node> {
    return this.#group(() => true);
  }

  /** As they are now, sorted by name. */
  list(): NodeView[] {
    return this.names.flatMap((name) => this.#live.items.get(name) ?? []);
  }

  /** Told of every change until the returned function is called. */
  on(listener: (delta: NodeDelta) => void): () => void {
    return this.#live.listen(listener);
  }

  /** The changes from now on; one that is read slowly gives of each machine the last. */
  changes(signal?: AbortSignal): AsyncGenerator<NodeDelta, void> {
    return this.#live.changes(signal);
  }

  *[Symbol.iterator](): Iterator<Node> {
    for (const name of this.names) if (this.has(name)) yield this.get(name);
  }

  #group(fits: (view: NodeView) => boolean): NodeGroup<Node> {
    return new NodeGroup(this.list().flatMap((view) => (fits(view) ? [this.get(view.name)] : [])));
  }

  #require(name: string): NodeView {
    const view = this.#live.items.get(name);
    if (view !== undefined) return view;
    throw new TuttiError('NO_SUCH_NODE', `the master knows no machine "${name}"${this.#instead(name)}`);
  }

  #instead(name: string): string {
    const { names } = this;
    const meant = nearest(name, names);
    if (meant !== undefined) return `; did you mean "${meant}"?`;
    const more = names.length > SHOWN ? ` and ${names.length - SHOWN} more` : '';
    return names.length === 0 ? '; it knows none' : `; there are ${names.slice(0, SHOWN).join(', ')}${more}`;
  }
}
