/** Every machine the master knows, by name; who is let in, and who has left. */
import type { Clock } from '@tutti/link';
import { type CallParams, type NodeView, nearest, TuttiError } from '@tutti/protocol';
import type { Held, PoolNode } from '../scheduler/pool.ts';
import { byName } from '../scheduler/pool.ts';
import { admission, type Known } from './admission.ts';
import { type AgentSession, Node, type NodeIdentity } from './node.ts';
import type { Orders } from './orders.ts';

/** A machine that lives answers a probe by then; DESIGN, "Identity". */
const PROBE_MS = 2000;

/** A node's view has at most some 42 kB: 64 addresses and 64 labels of 128 characters, four reasons of 1024. */
const PAGE = 24;

/** What is known of a machine, and what was decided about it. */
export interface KnownNode {
  readonly identity: NodeIdentity;
  readonly orders?: Orders;
}

/** Makes both durable; `ordered`: what changed are the orders. */
export type KeepNode = (node: Required<KnownNode>, ordered: boolean) => Promise<void>;

export class Registry {
  readonly #clock: Clock;
  readonly #keep: KeepNode;
  readonly #nodes = new Map<string, Node>();
  /** The same nodes by the id of their agent. */
  readonly #byAgent = new Map<string, Node>();
  readonly #listeners = new Set<() => void>();

  constructor(clock: Clock, keep: KeepNode = async () => {}) {
    this.#clock = clock;
    this.#keep = keep;
  }

  /** Machines that an earlier master had let in: away until they come back. */
  restore(earlier: readonly KnownNode[]): void {
    const now = this.#clock.wallMs();
    for (const { identity, orders } of earlier) {
      const node = new Node(identity, now, () => this.changed(), orders);
      this.#nodes.set(identity.name, node);
      this.#byAgent.set(identity.agent, node);
    }
  }

  /**
   * Lets an agent in and makes its session the node's; `settle` brings its members in order before anybody can take
   * the node for idle. Throws `NAME_IN_USE` or `CLONED_IDENTITY`.
   */
  async admit(
    hello: CallParams<'hello'>,
    session: AgentSession,
    settle: (node: Node) => void,
  ): Promise<Node> {
    this.#keepApart(hello);
    const newcomer = { agent: hello.agent, name: hello.name, boot: hello.boot, peer: session.transport.peer };
    for (;;) {
      const older = this.#byAgent.get(hello.agent);
      const verdict = admission(newcomer, older && known(older), this.#known(hello.name));
      if (verdict.decision === 'refuse') throw verdict.error;
      if (verdict.decision === 'admit') break;
      const probed = older?.session;
      if (probed && (await answers(probed, this.#clock))) throw verdict.error;
      probed?.close(new TuttiError('SUPERSEDED', `agent "${hello.name}" came back after a reboot`));
    }
    if (session.closed) throw session.closed;
    const node = this.#attach(hello, session);
    settle(node);
    this.changed();
    return node;
  }

  get(name: string): Node | undefined {
    return this.#nodes.get(name);
  }

  /** Throws `NO_SUCH_NODE`. */
  require(name: string): Node {
    const node = this.#nodes.get(name);
    if (node !== undefined) return node;
    const meant = nearest(name, this.#nodes.keys());
    const hint = meant === undefined ? '' : `; did you mean "${meant}"?`;
    throw new TuttiError('NO_SUCH_NODE', `the master knows no machine "${name}"${hint}`);
  }

  /** Something was decided about a machine: it holds at once; resolves when it is durable. */
  async order(node: Node, change: (orders: Orders) => Orders): Promise<void> {
    const { identity, orders: before } = node;
    const orders = change(before);
    // Another has taken its place: there is nobody left to decide about.
    if (orders === before || this.#byAgent.get(identity.agent) !== node) return;
    node.orders = orders;
    this.changed();
    if (node.isGuest) return;
    await this.#keep({ identity, orders }, true);
  }

  /** The machine of that agent, whatever its name. */
  ofAgent(agent: string): Node | undefined {
    return this.#byAgent.get(agent);
  }

  /** The machine that was brought by that agent for that session, if it is here or in a run. */
  guest(agent: string, session: string): Node | undefined {
    const node = this.#byAgent.get(agent);
    return node?.identity.session === session ? node : undefined;
  }

  /** A guest that a run of an earlier master has: away until it comes back. */
  awaitGuest(identity: NodeIdentity): Node {
    const node = new Node(identity, this.#clock.wallMs(), () => this.changed());
    node.claimed = true;
    this.#nodes.set(identity.name, node);
    this.#byAgent.set(identity.agent, node);
    return node;
  }

  /** Its run has ended: it is forgotten when it goes, if it has not gone already. */
  release(guest: Node): void {
    guest.claimed = false;
    if (guest.session === undefined) this.#forget(guest);
  }

  /** In no order: to sort thousands takes its time. */
  each(): Iterable<Node> {
    return this.#nodes.values();
  }

  nodes(): Node[] {
    return [...this.#nodes.values()].toSorted((a, b) => byName.compare(a.name, b.name));
  }

  /** All that are given to runs, as the scheduler sees them, in no order. `holding`: since and until when a run holds its nodes. */
  pool(holding: (run: number) => Pick<Held, 'since' | 'until' | 'lent'>): PoolNode[] {
    const pool: PoolNode[] = [];
    for (const node of this.#nodes.values()) if (!node.isGuest) pool.push(node.inPool(holding));
    return pool;
  }

  views(): NodeView[] {
    return this.nodes().map((node) => node.view());
  }

  /** Nodes behind a name, as many as surely fit into one frame. */
  page(after: string | undefined): { nodes: NodeView[]; more: boolean } {
    const behind = this.nodes().filter(({ name }) => after === undefined || byName.compare(name, after) > 0);
    return { nodes: behind.slice(0, PAGE).map((node) => node.view()), more: behind.length > PAGE };
  }

  /** Tells when any node came, left, was freed, or was decided about. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  changed(): void {
    for (const listener of this.#listeners) listener();
  }

  #attach(hello: CallParams<'hello'>, session: AgentSession): Node {
    const now = this.#clock.wallMs();
    const identity: NodeIdentity = {
      agent: hello.agent,
      name: hello.name,
      boot: hello.boot,
      labels: hello.labels,
      facts: hello.facts,
      software: hello.software,
      address: hello.address ?? reachable(session.transport.remoteAddress),
      ...(hello.session === undefined ? {} : { session: hello.session }),
    };
    const sameAgent = this.#byAgent.get(hello.agent);
    const sameName = this.#nodes.get(hello.name);
    const node = sameAgent ?? sameName ?? new Node(identity, now, () => this.changed());
    if (sameAgent) this.#remove(sameAgent);
    if (sameName) this.#remove(sameName);
    this.#nodes.set(hello.name, node);
    this.#byAgent.set(hello.agent, node);
    // Thousands come back at once, and most are as they were.
    const isNew = sameAgent === undefined && sameName === undefined;
    if (!node.isGuest && (isNew || JSON.stringify(node.identity) !== JSON.stringify(identity))) {
      // It is let in all the same: the disk says elsewhere that it takes nothing.
      this.#keep({ identity, orders: node.orders }, false).catch(() => {});
    }
    node.attach(session, identity, now);
    session.onClosed(() => {
      if (!node.detach(session, this.#clock.wallMs())) return;
      if (node.isGuest && !node.claimed) this.#forget(node);
      this.changed();
    });
    return node;
  }

  #forget(guest: Node): void {
    if (this.#byAgent.get(guest.identity.agent) === guest) this.#remove(guest);
  }

  /** A guest takes no machine's place, and no machine takes a guest's. */
  #keepApart({ name, agent, session }: CallParams<'hello'>): void {
    for (const other of [this.#nodes.get(name), this.#byAgent.get(agent)]) {
      if (other === undefined || other.identity.session === session) continue;
      const what = other.isGuest
        ? `a machine of session "${other.identity.session}"`
        : 'a machine of the pool';
      throw new TuttiError('NAME_IN_USE', `"${other.name}" is ${what}: agent ${name} cannot take its place`);
    }
  }

  #remove({ name, identity }: Node): void {
    this.#nodes.delete(name);
    this.#byAgent.delete(identity.agent);
  }

  #known(name: string): Known | undefined {
    const node = this.#nodes.get(name);
    return node && known(node);
  }
}

/** Who comes from this machine, or through a tunnel that ends here, is not reached by others at 127.0.0.1. */
function reachable(address: string | undefined): string | undefined {
  return address === undefined || address === '::1' || address.startsWith('127.') ? undefined : address;
}

function known(node: Node): Known {
  const { agent, name, boot } = node.identity;
  return {
    agent,
    name,
    boot,
    connected: node.session !== undefined,
    held: node.holder !== undefined,
    peer: node.peer,
  };
}

/** Whether the machine at the other end is still alive. */
async function answers(session: AgentSession, clock: Clock): Promise<boolean> {
  const deadline = new AbortController();
  const cancel = clock.after(PROBE_MS, () => deadline.abort());
  try {
    await session.call('node.probe', {}, { signal: deadline.signal });
    return true;
  } catch {
    return false;
  } finally {
    cancel();
  }
}
