/**
 * One member under way: what its agent says of it, and what becomes of it when its agent says nothing.
 *
 * Guarantees: `whenEnded` settles exactly once, by the agent's word or by loss; `whenCollected` settles after it, in
 * either case; a node that is away longer than the grace loses its members at once, and a lost one stays lost. A
 * member all of whose files are here cannot be lost any more.
 */
import type { Clock } from '@tutti/link';
import {
  type MemberEnd,
  type MemberOrder,
  type MemberPresence,
  type NodeResult,
  type NodeVerb,
  type RebootPlan,
  type StopReason,
  TuttiError,
} from '@tutti/protocol';
import type { UnansweredArrival } from '../sync/broker.ts';
import type { TapOutcome } from '../tap/tap-parser.ts';
import { Absence, type Patience } from './absence.ts';
import type { Collected, Drive, DriveCall, LiveMember } from './members.ts';
import type { Boot, MemberRun } from './model.ts';
import { OnMachine, type OnMachineOptions } from './on-machine.ts';
import { unlessAborted } from './unless-aborted.ts';
import { describeEnd } from './verdict.ts';

export type MemberStep =
  | 'started'
  | 'never started'
  | 'ended'
  | 'lost'
  | 'collected'
  | 'rebooting'
  | 'came back';

/** What an attempt wants to hear of its members, and does for them. */
export interface MemberHooks {
  /** The members of the attempt. */
  siblings: () => readonly MemberUnderWay[];
  /** Told once, when it ended or was lost; the model says which. */
  onEnd: (member: MemberUnderWay) => void;
  /** Its script has begun again after a reboot: nobody repeats what the one before waited for, or was not told. */
  onReincarnated: (member: MemberUnderWay, unanswered: readonly UnansweredArrival[]) => void;
  /** Which incarnation of a member a request to reboot it means, asked again too; resolves when that is durable. */
  incarnationMeant: (asked: string, member: MemberUnderWay) => Promise<number>;
  /** Its logs have brought something new of what it says. */
  onSaid: (member: MemberUnderWay) => void;
  /** Gives the test so many seconds more; resolves with those that are left. */
  extend: (request: string, seconds: number) => Promise<number>;
  /** Does something on the machine of another member, for this one, which says that it is a driver. */
  drive: Drive<MemberUnderWay>;
}

interface Options extends MemberHooks, OnMachineOptions<MemberRun> {
  /** Seconds the agent may be away. */
  grace: number;
  /** An earlier master began with it. */
  resumed: boolean;
  clock: Clock;
  /** Makes what has become of it durable. */
  keep: (step: MemberStep, member: MemberRun) => Promise<void>;
}

export class MemberUnderWay extends OnMachine<MemberRun> implements LiveMember {
  readonly #options: Options;
  /** Settles at its next incarnation, or its end; then there is another one. */
  #news = Promise.withResolvers<void>();
  readonly #absence: Absence;
  #grace: number;
  /** The agent was asked to make it: whether it has, is only known when it says so. */
  #asked: boolean;
  #forgotten = false;

  constructor(options: Options) {
    super(options, 'logs');
    this.#options = options;
    this.#grace = options.grace;
    // The master before this one may have asked.
    this.#asked = options.resumed;
    if (this.lost) this.over.abort(this.lossError());
    if (this.model.state === 'running') options.node.busy = true;
    this.files.said.listen(() => options.onSaid(this));
    this.#absence = new Absence(
      options.node,
      options.clock,
      () => this.patience,
      (why) => this.giveUp(why),
    );
  }

  get name(): string {
    return this.model.name;
  }

  get owed(): boolean {
    return this.model.state !== 'waiting' && !this.model.collected && !this.lost;
  }

  /** How long its node may be away from now on, and what is wrong when it is longer. */
  get patience(): Patience {
    const { clock, node } = this.#options;
    const { rebooting } = this.model;
    const now = clock.wallMs();
    const left = ((rebooting?.until ?? 0) - now) / 1000;
    if (rebooting === undefined || this.#grace === 0 || left < this.#grace) {
      // One that another test has waited for in vain is not waited for again.
      const seconds = Math.max(0, this.#grace - node.awayFor(now));
      return { seconds, why: `its node was away for more than ${this.#grace} s` };
    }
    return { seconds: left, why: `its node did not come back from its reboot within ${rebooting.timeout} s` };
  }

  /** Aborted when it is lost, or nothing more is wanted of it. */
  get gone(): AbortSignal {
    return this.over.signal;
  }

  async prepare(spec: MemberOrder, signal: AbortSignal): Promise<void> {
    this.#asked = true;
    await this.#options.node.call('member.prepare', { spec }, AbortSignal.any([signal, this.over.signal]));
    if (this.model.state === 'waiting') this.model.state = 'staged';
  }

  async start(): Promise<void> {
    this.model.state = 'running';
    this.#options.node.busy = true;
    await this.#options.node.call('member.start', { member: this.id }, this.over.signal);
    this.model.started ??= this.#options.clock.wallMs();
  }

  /** Resolves when it is durable that it is to start, though it was held back at first. */
  startsLater(): Promise<void> {
    return this.#options.keep('started', this.model);
  }

  /** What it was held back for cannot come any more. `cause` completes "client.1 on n3 …". */
  neverStart(cause: string, because: string): void {
    if (this.ended) return;
    this.model.verdict = { status: 'FAIL', cause, becauseOf: because };
    this.#finish();
    void this.#options.keep('never started', this.model);
  }

  /** Takes what it has said so far. */
  hear(): void {
    const { subtests, marks, omitted } = this.files.said.soFar;
    Object.assign(this.model, { subtests, marks, omitted });
  }

  /** Takes all that it has said, when no more comes; what its output means for it, where that says anything. */
  async hearAll(): Promise<TapOutcome> {
    const { model } = this;
    try {
      const { subtests, marks, omitted, ...outcome } = await this.files.said.conclude(
        model.end !== undefined && model.end.stopped === undefined,
      );
      Object.assign(model, { subtests, marks, omitted });
      return model.end === undefined ? {} : outcome;
    } catch (error) {
      model.lost ??= `has subtests that cannot be read: ${String(error)}`;
      return {};
    }
  }

  async stop(reason: StopReason): Promise<void> {
    await this.#options.node.call('member.stop', { member: this.id, reason }, this.over.signal);
  }

  /** Resolves when it is durable: the agent may stop saying it. */
  async end(end: MemberEnd): Promise<void> {
    if (!this.ended) {
      this.model.end = end;
      this.#finish();
    }
    await this.#options.keep('ended', this.model);
  }

  async collected({ skipped, links }: Collected): Promise<void> {
    const refused = await this.files.links(links);
    // Told twice, after a lost connection: the first word stands.
    if (!this.model.collected) {
      this.model.collected = true;
      this.model.skipped = [...skipped, ...refused];
      this.markCollected();
    }
    await this.#options.keep('collected', this.model);
  }

  /** From now on its node may be away as long as it said. */
  async rebooting(incarnation: number, { timeout }: RebootPlan): Promise<void> {
    const { model } = this;
    // An announcement that was carried out is old.
    if (this.ended || incarnation < model.incarnation) return;
    if (model.rebooting?.incarnation !== incarnation) {
      model.rebooting = { incarnation, timeout, until: this.#options.clock.wallMs() + timeout * 1000 };
      this.#absence.reconsider();
    }
    await this.#options.keep('rebooting', model);
  }

  present({ incarnation = 0, rebooting, unanswered = [] }: MemberPresence): void {
    const { model } = this;
    const rebooted = model.rebooting;
    if (incarnation > model.incarnation) {
      model.incarnation = incarnation;
      model.boots = [...(model.boots ?? []), bootNow(rebooted, this.#options.clock.wallMs())];
      delete model.rebooting;
      this.#tell();
      void this.#options.keep('came back', model);
      this.#options.onReincarnated(this, unanswered);
    }
    if (rebooting === undefined) delete model.rebooting;
    else void this.rebooting(incarnation, rebooting);
  }

  async rebootOther(request: string, other: string, timeout: number): Promise<void> {
    const siblings = this.#options.siblings();
    const named = siblings.filter(({ name, model }) => name === other || model.role === other);
    const [found] = named;
    if (found === undefined || named.length > 1) {
      const names = siblings.map(({ name }) => name).join(', ');
      const why = found === undefined ? 'there is no such member' : 'that role has several';
      throw new TuttiError('NO_SUCH_MEMBER', `${other} cannot be rebooted: ${why}; the members are ${names}`);
    }
    // Two scripts may choose the same request id.
    await found.reboot(`${this.name} ${request}`, timeout);
  }

  drive<V extends NodeVerb>(verb: V, call: DriveCall<V>, signal: AbortSignal): Promise<NodeResult<V>> {
    return this.#options.drive(this, verb, call, signal);
  }

  /** Its agent's own watchdog has to know. */
  async extended(remaining: number): Promise<void> {
    await this.#options.node.call('member.extended', { member: this.id, remaining }, this.over.signal);
  }

  /** Has its processes stand still, or go on. */
  async freeze(frozen: boolean, signal: AbortSignal = this.over.signal): Promise<void> {
    const either = AbortSignal.any([this.over.signal, signal]);
    await this.#options.node.call('member.freeze', { member: this.id, frozen }, either);
  }

  extend(request: string, seconds: number): Promise<number> {
    return this.#options.extend(request, seconds);
  }

  /** Has its machine rebooted, once for each request: resolves with the incarnation that is to end when its agent has announced it. */
  async reboot(asked: string, timeout: number): Promise<number> {
    const incarnation = await this.#options.incarnationMeant(asked, this);
    // It has been back since.
    if (incarnation < this.model.incarnation) return incarnation;
    if (this.ended) throw new TuttiError('CANNOT_REBOOT', `${this.name} on ${this.node} has ended`);
    await this.#options.node.call(
      'member.reboot',
      { member: this.id, incarnation, timeout },
      this.over.signal,
    );
    return incarnation;
  }

  /** Resolves when the machine has come back from the reboot that ended this incarnation; rejects when it will not. */
  async cameBack(incarnation: number, signal: AbortSignal): Promise<Boot> {
    const { model } = this;
    for (;;) {
      const boot = model.boots?.at(-1);
      if (model.incarnation > incarnation && boot !== undefined) return boot;
      if (this.lost) throw this.lossError();
      if (model.end !== undefined)
        throw new TuttiError('CANNOT_REBOOT', `${this.name} on ${this.node} ${describeEnd(model.end)}`);
      await unlessAborted(this.#news.promise, signal);
    }
  }

  lose(why: string): void {
    if (this.lost || this.model.collected || this.#forgotten) return;
    this.markLost(why);
    if (!this.ended) this.#finish();
    void this.#options.keep('lost', this.model);
    this.markCollected();
  }

  /** From now on nobody is waited for who is away. */
  endGrace(): void {
    this.#grace = 0;
    this.#absence.reconsider();
  }

  /** Nothing more is wanted of it, but what its script left running: that is its agent's to keep until it is forgotten. */
  keep(): void {
    this.#forgotten = true;
    this.#absence.stop();
    this.over.abort(new TuttiError('CANCELLED', 'the attempt is over'));
  }

  /** Nothing more is wanted of it: the agent may delete its directory. */
  forget(): void {
    this.keep();
    if (this.#asked) this.#options.node.forget(this.id);
  }

  /** The same; resolves when nothing of it lives, or after the grace, or with `signal`. Who is away is not waited for. */
  async forgotten(signal: AbortSignal): Promise<void> {
    if (this.away || !this.#asked) return this.forget();
    this.keep();
    const { clock, node } = this.#options;
    const patience = new AbortController();
    const cancel = clock.after(this.#grace * 1000, () => patience.abort());
    try {
      await node.forgotten(this.id, AbortSignal.any([signal, patience.signal]));
    } catch {
      // Nobody waits for it any more; it is to be ended all the same.
      node.forget(this.id);
    } finally {
      cancel();
    }
  }

  protected lossError(): TuttiError {
    return new TuttiError('NOT_CONNECTED', `${this.name} on ${this.node} ${this.model.lost}`);
  }

  #tell(): void {
    this.#news.resolve();
    this.#news = Promise.withResolvers();
  }

  #finish(): void {
    this.model.ended = this.#options.clock.wallMs();
    this.#options.node.busy = false;
    this.markEnded();
    this.#tell();
    this.#options.onEnd(this);
  }
}

/** The machine is back; its reboot was announced, which the master may not have heard in time. */
function bootNow(announced: MemberRun['rebooting'], now: number): Boot {
  const ended = announced === undefined ? now : announced.until - announced.timeout * 1000;
  return { ended: Math.min(ended, now), back: now };
}
