/**
 * A machine as the master knows it, across connections.
 *
 * `call` and `sendBlob` mean the machine, not a connection: when that breaks they go on with the next one,
 * until they are answered or their signal is aborted. So only idempotent calls may go this way, which all
 * of the catalogue's are.
 */
import type { ByteSource, Session } from '@tutti/link';
import {
  type CallName,
  type CallParams,
  type CallResult,
  type Facts,
  type Labels,
  type NodeState,
  type NodeView,
  TuttiError,
} from '@tutti/protocol';

/** How long callers may take to repeat to a new agent process what they asked its predecessor; DESIGN, "Sync". */
const REPEAT_MS = 5000;

export type AgentSession = Session<'master→agent', 'agent→master'>;

export interface NodeIdentity {
  agent: string;
  name: string;
  boot: string;
  labels: Labels;
  facts: Facts;
  software: string;
  /** Configured, or the address the connection comes from. */
  address: string | undefined;
}

export class Node {
  identity: NodeIdentity;
  /** The run that holds it. */
  holder: number | undefined;
  /** A member of that run has been started here and has not ended. */
  busy = false;
  /** Members given up whose death the agent has not confirmed: until then the node is not idle. */
  readonly leftovers = new Set<string>();
  #session: AgentSession | undefined;
  #peer = 'nowhere';
  #since: number;
  #process: { id: string; since: number } | undefined;
  #connected: ((session: AgentSession) => void)[] = [];
  readonly #awayListeners = new Set<(away: boolean) => void>();
  readonly #onFreed: () => void;

  /** `onFreed` is told when the last of the leftovers is gone. */
  constructor(identity: NodeIdentity, now: number, onFreed: () => void) {
    this.identity = identity;
    this.#since = now;
    this.#onFreed = onFreed;
  }

  get name(): string {
    return this.identity.name;
  }

  get session(): AgentSession | undefined {
    return this.#session;
  }

  get peer(): string {
    return this.#peer;
  }

  /** Unix ms: since when it is in its state. */
  get since(): number {
    return this.#since;
  }

  get addresses(): string[] {
    const { address, facts } = this.identity;
    if (address === undefined) return facts.addresses;
    return [address, ...facts.addresses.filter((other) => other !== address)];
  }

  get state(): NodeState {
    if (this.#session === undefined) return this.holder === undefined ? 'offline' : 'unreachable';
    if (this.holder === undefined) return this.leftovers.size === 0 ? 'idle' : 'reserved';
    return this.busy ? 'running' : 'reserved';
  }

  view(): NodeView {
    const { name, labels, facts, software } = this.identity;
    const held = this.holder === undefined ? {} : { run: this.holder };
    return {
      name,
      state: this.state,
      ...held,
      labels,
      facts: { ...facts, addresses: this.addresses },
      software,
      since: this.#since,
    };
  }

  /** How many ms longer waits are kept that this process of the agent has not been asked for again. */
  patienceWith(process: string, now: number): number {
    if (this.#process?.id !== process) {
      const since = this.#process === undefined ? Number.NEGATIVE_INFINITY : now;
      this.#process = { id: process, since };
    }
    return Math.max(0, this.#process.since + REPEAT_MS - now);
  }

  attach(session: AgentSession, identity: NodeIdentity, now: number): void {
    const older = this.#session;
    this.#session = session;
    this.#peer = session.transport.peer;
    this.identity = identity;
    this.#since = now;
    older?.close(
      new TuttiError('SUPERSEDED', `agent "${identity.name}" connected again from ${session.transport.peer}`),
    );
    for (const connected of this.#connected.splice(0)) connected(session);
    for (const listener of this.#awayListeners) listener(false);
  }

  /** False when a newer session has taken over already. */
  detach(session: AgentSession, now: number): boolean {
    if (this.#session !== session) return false;
    this.#session = undefined;
    this.#since = now;
    for (const listener of this.#awayListeners) listener(true);
    return true;
  }

  /** Tells of every end and return of the connection; the returned function stops that. */
  onAway(listener: (away: boolean) => void): () => void {
    this.#awayListeners.add(listener);
    return () => this.#awayListeners.delete(listener);
  }

  async call<K extends CallName<'master→agent'>>(
    name: K,
    params: CallParams<K>,
    signal: AbortSignal,
  ): Promise<CallResult<K>> {
    return this.#persist(signal, (session) => session.call(name, params, { signal }));
  }

  /** The agent has come and said what it has: nothing is left of former members but these. */
  settle(unwanted: readonly string[]): void {
    this.leftovers.clear();
    for (const member of unwanted) this.leftovers.add(member);
  }

  /** Has the agent end and delete a member; until it says so the node is not idle. */
  forget(member: string): void {
    this.leftovers.add(member);
    // Without an answer the next hello lists the member again, and it is given up again.
    this.#session?.call('member.forget', { member }).then(
      () => {
        if (this.leftovers.delete(member) && this.leftovers.size === 0) this.#onFreed();
      },
      () => {},
    );
  }

  /** Sends a file's contents into the agent's digest cache. */
  async sendBlob(
    blob: { digest: string; size: number },
    source: ByteSource,
    signal: AbortSignal,
  ): Promise<void> {
    await this.#persist(signal, async (session) => {
      const stream = await session.openStream({ to: 'blob', ...blob }, source);
      await stream.finish(blob.size);
    });
  }

  async #persist<T>(signal: AbortSignal, attempt: (session: AgentSession) => Promise<T>): Promise<T> {
    for (;;) {
      signal.throwIfAborted();
      const session = this.#session ?? (await this.#nextSession(signal));
      try {
        return await attempt(session);
      } catch (error) {
        signal.throwIfAborted();
        if (session.closed === undefined) throw error;
      }
    }
  }

  #nextSession(signal: AbortSignal): Promise<AgentSession> {
    return new Promise((resolve, reject) => {
      const connected = (session: AgentSession) => {
        signal.removeEventListener('abort', aborted);
        resolve(session);
      };
      const aborted = () => {
        this.#connected = this.#connected.filter((other) => other !== connected);
        reject(signal.reason as Error);
      };
      this.#connected.push(connected);
      signal.addEventListener('abort', aborted, { once: true });
    });
  }
}
