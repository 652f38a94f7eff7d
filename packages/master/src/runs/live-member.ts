/**
 * One member under way: what its agent says of it, and what becomes of it when its agent says nothing.
 *
 * Guarantees: `whenEnded` settles exactly once, by the agent's word or by loss; `whenCollected` settles after it, in
 * either case; a node that is away longer than the grace loses its members at once, and a lost one stays lost. A
 * member all of whose files are here cannot be lost any more.
 */
import type { Clock } from '@tutti/link';
import { type MemberEnd, type MemberOrder, type StopReason, TuttiError } from '@tutti/protocol';
import type { Node } from '../agents/node.ts';
import type { MemberFiles } from '../logs/member-files.ts';
import type { Collected, LiveMember } from './members.ts';
import type { MemberRun } from './model.ts';

interface Options {
  model: MemberRun;
  attempt: string;
  node: Node;
  files: MemberFiles;
  /** Seconds the agent may be away. */
  grace: number;
  clock: Clock;
  /** Told once, when it ended or was lost; the model says which. */
  onEnd: (member: MemberUnderWay) => void;
}

export class MemberUnderWay implements LiveMember {
  readonly model: MemberRun;
  readonly attempt: string;
  readonly files: MemberFiles;
  readonly #options: Options;
  readonly #gone = new AbortController();
  readonly #ended = Promise.withResolvers<void>();
  readonly #collected = Promise.withResolvers<void>();
  readonly #unwatch: () => void;
  #grace: number;
  #cancelGrace: (() => void) | undefined;
  /** The agent was asked to make it: whether it has, is only known when it says so. */
  #asked = false;
  #complete = false;
  #forgotten = false;

  constructor(options: Options) {
    this.#options = options;
    this.#grace = options.grace;
    this.model = options.model;
    this.attempt = options.attempt;
    this.files = options.files;
    this.#unwatch = options.node.onAway((away) => this.#away(away));
    if (this.away) this.#away(true);
  }

  get id(): string {
    return this.model.id;
  }

  get name(): string {
    return this.model.name;
  }

  get node(): string {
    return this.#options.node.name;
  }

  get ended(): boolean {
    return this.model.state === 'ended';
  }

  get lost(): boolean {
    return this.model.lost !== undefined;
  }

  get owed(): boolean {
    return this.model.state !== 'waiting' && !this.#complete && !this.lost;
  }

  /** Nobody can be asked about it at present. */
  get away(): boolean {
    return this.#options.node.session === undefined;
  }

  /** Settles when the member has ended or is lost. */
  get whenEnded(): Promise<void> {
    return this.#ended.promise;
  }

  /** Settles when all it left is here, or cannot be had any more. */
  get whenCollected(): Promise<void> {
    return this.#collected.promise;
  }

  async prepare(spec: MemberOrder, signal: AbortSignal): Promise<void> {
    this.#asked = true;
    await this.#options.node.call('member.prepare', { spec }, AbortSignal.any([signal, this.#gone.signal]));
    if (this.model.state === 'waiting') this.model.state = 'staged';
  }

  async start(): Promise<void> {
    this.model.state = 'running';
    this.#options.node.busy = true;
    await this.#options.node.call('member.start', { member: this.id }, this.#gone.signal);
  }

  async stop(reason: StopReason): Promise<void> {
    await this.#options.node.call('member.stop', { member: this.id, reason }, this.#gone.signal);
  }

  end(end: MemberEnd): void {
    if (this.ended) return;
    this.model.end = end;
    this.#finish();
  }

  async collected({ skipped, links }: Collected): Promise<void> {
    const refused = await this.files.links(links);
    // Told twice, after a lost connection: the first word stands.
    if (this.#complete) return;
    this.#complete = true;
    this.model.skipped = [...skipped, ...refused];
    this.#collected.resolve();
  }

  vanished(): void {
    const without = 'its agent came back without a trace of it';
    this.lose(this.ended ? `ended, but its logs could not be collected: ${without}` : `was lost: ${without}`);
  }

  /** `why` completes "client.1 on n3 …". A member whose end is known, but not all it left, is lost as well. */
  lose(why: string): void {
    if (this.lost || this.#complete || this.#forgotten) return;
    this.model.lost = why;
    this.#gone.abort(new TuttiError('NOT_CONNECTED', `${this.name} on ${this.node} ${why}`));
    if (!this.ended) this.#finish();
    this.#collected.resolve();
  }

  /** From now on nobody is waited for who is away. */
  endGrace(): void {
    this.#grace = 0;
    if (this.away) this.#away(true);
  }

  /** Nothing more is wanted of it: the agent may delete its directory. */
  forget(): void {
    this.#forgotten = true;
    this.#unwatch();
    this.#cancelGrace?.();
    this.#gone.abort(new TuttiError('CANCELLED', 'the attempt is over'));
    if (this.#asked) this.#options.node.forget(this.id);
  }

  #finish(): void {
    this.model.state = 'ended';
    this.#options.node.busy = false;
    this.#ended.resolve();
    this.#options.onEnd(this);
  }

  #away(away: boolean): void {
    this.#cancelGrace?.();
    this.#cancelGrace = undefined;
    if (!away) return;
    const grace = this.#grace;
    this.#cancelGrace = this.#options.clock.after(grace * 1000, () => {
      this.lose(
        this.ended
          ? `ended, but its logs could not be collected: its node was away for more than ${grace} s`
          : `was lost: its node was away for more than ${grace} s`,
      );
    });
  }
}
