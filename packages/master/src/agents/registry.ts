/** Every machine the master knows, by name; who is let in, and who has left. */
import type { Clock } from '@tutti/link';
import { type CallParams, type NodeView, TuttiError } from '@tutti/protocol';
import { admission, type Known } from './admission.ts';
import { type AgentSession, Node, type NodeIdentity } from './node.ts';

/** A machine that lives answers a probe by then; DESIGN, "Identity". */
const PROBE_MS = 2000;

/** n2 before n10. */
const byName = new Intl.Collator('en', { numeric: true });

/** A node's view has at most some 26 kB: 64 addresses and 64 labels of 128 characters. */
const PAGE = 32;

export class Registry {
  readonly #clock: Clock;
  /** Makes it durable who was let in. */
  readonly #keep: (identity: NodeIdentity) => void;
  readonly #nodes = new Map<string, Node>();
  /** The same nodes by the id of their agent. */
  readonly #byAgent = new Map<string, Node>();
  readonly #listeners = new Set<() => void>();

  constructor(clock: Clock, keep: (identity: NodeIdentity) => void = () => {}) {
    this.#clock = clock;
    this.#keep = keep;
  }

  /** Machines that an earlier master had let in: away until they come back. */
  restore(identities: readonly NodeIdentity[]): void {
    const now = this.#clock.wallMs();
    for (const identity of identities) {
      const node = new Node(identity, now, () => this.changed());
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

  /** The machine of that agent, whatever its name. */
  ofAgent(agent: string): Node | undefined {
    return this.#byAgent.get(agent);
  }

  nodes(): Node[] {
    return [...this.#nodes.values()].toSorted((a, b) => byName.compare(a.name, b.name));
  }

  /** Those that a run may have; sorted only when there are any, because this is asked at every change. */
  idle(): Node[] {
    const idle = [...this.#nodes.values()].filter((node) => node.state === 'idle');
    return idle.toSorted((a, b) => byName.compare(a.name, b.name));
  }

  views(): NodeView[] {
    return this.nodes().map((node) => node.view());
  }

  /** Nodes behind a name, as many as surely fit into one frame. */
  page(after: string | undefined): { nodes: NodeView[]; more: boolean } {
    const behind = this.nodes().filter(({ name }) => after === undefined || byName.compare(name, after) > 0);
    return { nodes: behind.slice(0, PAGE).map((node) => node.view()), more: behind.length > PAGE };
  }

  /** Tells when any node came, left, or was freed. */
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
    if (isNew || JSON.stringify(node.identity) !== JSON.stringify(identity)) this.#keep(identity);
    node.attach(session, identity, now);
    session.onClosed(() => {
      if (node.detach(session, this.#clock.wallMs())) this.changed();
    });
    return node;
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
