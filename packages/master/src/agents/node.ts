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
  LIMITS,
  type NodeState,
  type NodeView,
  TuttiError,
} from '@tutti/protocol';
import type { Machine } from '@tutti/protocol/selector';
import type { Held, PoolNode } from '../scheduler/pool.ts';
import { careInWords, labelsOf, NO_ORDERS, type Orders, outBy } from './orders.ts';

/** How long callers may take to repeat to a new agent process what they asked its predecessor; DESIGN, "Sync". */
export const REPEAT_MS = 5000;

export type AgentSession = Session<'master→agent', 'agent→master'>;

export interface NodeIdentity {
  agent: string;
  name: string;
  boot: string;
  /** Those that its agent was configured with. */
  labels: Labels;
  facts: Facts;
  software: string;
  /** Configured, or the address the connection comes from. */
  address: string | undefined;
  /** A guest's: brought for the pieces of this session alone. */
  session?: string;
}

export class Node {
  identity: NodeIdentity;
  /** The run that holds it. */
  holder: number | undefined;
  /** A member of that run has been started here and has not ended. */
  busy = false;
  /** A guest that is in a run, or about to be: known also while it is away. */
  claimed = false;
  /** Members given up whose death the agent has not confirmed: until then the node is not idle. */
  readonly leftovers = new Set<string>();
  #orders: Orders;
  #machine: Machine | undefined;
  #session: AgentSession | undefined;
  #peer = 'nowhere';
  #since: number;
  #process: { id: string; since: number } | undefined;
  #connected: ((session: AgentSession) => void)[] = [];
  readonly #awayListeners = new Set<(away: boolean) => void>();
  readonly #onFreed: () => void;

  /** `onFreed` is told when the last of the leftovers is gone. */
  constructor(identity: NodeIdentity, now: number, onFreed: () => void, orders: Orders = NO_ORDERS) {
    this.identity = identity;
    this.#orders = orders;
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

  get addresses(): string[] {
    const { address, facts } = this.identity;
    if (address === undefined) return facts.addresses;
    return [address, ...facts.addresses.filter((other) => other !== address)];
  }

  /** Given to no run but that of its session. */
  get isGuest(): boolean {
    return this.identity.session !== undefined;
  }

  /** Seconds for which it has been away; 0 when it is here. */
  awayFor(now: number): number {
    return this.#session === undefined ? Math.max(0, now - this.#since) / 1000 : 0;
  }

  get orders(): Orders {
    return this.#orders;
  }

  /** The registry makes it durable. */
  set orders(orders: Orders) {
    this.#orders = orders;
    this.#refresh();
  }

  /** As selectors see it: another object whenever anything of it has changed, and only then. */
  get machine(): Machine {
    this.#machine ??= this.#asMachine();
    return this.#machine;
  }

  get state(): NodeState {
    if (this.holder !== undefined) {
      if (this.#session === undefined) return 'unreachable';
      return this.busy ? 'running' : 'reserved';
    }
    if (this.#orders.care !== undefined) return 'reserved';
    const out = outBy(this.#orders);
    if (out !== undefined) return out.why;
    if (this.#session === undefined) return 'offline';
    return this.leftovers.size === 0 && !this.isGuest ? 'idle' : 'reserved';
  }

  view(): NodeView {
    const { drained, maintenance, quarantined, care } = this.#orders;
    const { name, labels, facts } = this.machine;
    const run = this.holder ?? care?.run;
    const doing = care && careInWords(care);
    return {
      name,
      state: this.state,
      connected: this.#session !== undefined,
      ...(run === undefined ? {} : { run }),
      ...(drained === undefined ? {} : { drained }),
      ...(maintenance === undefined ? {} : { maintenance }),
      ...(quarantined === undefined ? {} : { quarantined }),
      ...(doing === undefined ? {} : { doing: doing.slice(0, LIMITS.reason.value) }),
      labels,
      facts,
      software: this.identity.software,
      since: this.#since,
    };
  }

  /** `holding`: since when and until when at the latest a run holds its nodes. */
  inPool(holding: (run: number) => Pick<Held, 'since' | 'until' | 'lent'>): PoolNode {
    const { machine } = this;
    const { care } = this.#orders;
    const out = outBy(this.#orders);
    const ordered = out === undefined ? {} : { out };
    if (this.holder !== undefined) {
      return { machine, ...ordered, held: { run: this.holder, ...holding(this.holder) } };
    }
    if (care !== undefined) {
      const doing = careInWords(care);
      return { machine, ...ordered, held: { since: care.since, ...(doing === undefined ? {} : { doing }) } };
    }
    if (out !== undefined) return { machine, out };
    if (this.#session === undefined) return { machine, out: { why: 'offline', since: this.#since } };
    return this.leftovers.size === 0 ? { machine } : { machine, held: {} };
  }

  /** Whether callers that live may not have come to this process of the agent yet, and repeated what they asked another one. */
  hasBegun(process: string, now: number): boolean {
    if (this.#process?.id !== process) this.#process = { id: process, since: now };
    return now < this.#process.since + REPEAT_MS;
  }

  attach(session: AgentSession, identity: NodeIdentity, now: number): void {
    const older = this.#session;
    this.#session = session;
    this.#peer = session.transport.peer;
    this.identity = identity;
    this.#refresh();
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
      () => this.#gone(member),
      () => {},
    );
  }

  /** The same; resolves when the agent has said so, on whichever connection. Rejects when `signal` aborts. */
  async forgotten(member: string, signal: AbortSignal): Promise<void> {
    this.leftovers.add(member);
    await this.call('member.forget', { member }, signal);
    this.#gone(member);
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

  #gone(member: string): void {
    if (this.leftovers.delete(member) && this.leftovers.size === 0) this.#onFreed();
  }

  #asMachine(): Machine {
    const { name, labels, facts } = this.identity;
    return Object.freeze({
      name,
      labels: Object.freeze(labelsOf(labels, this.#orders)),
      facts: Object.freeze({ ...facts, addresses: this.addresses }),
    });
  }

  #refresh(): void {
    if (this.#machine === undefined) return;
    const now = this.#asMachine();
    // Thousands come back at once, and most are as they were.
    if (JSON.stringify(now) !== JSON.stringify(this.#machine)) this.#machine = now;
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
