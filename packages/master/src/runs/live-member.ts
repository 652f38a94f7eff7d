/**
 * One member under way: what its agent says of it, and what becomes of it when its agent says nothing.
 *
 * Guarantees: `ended` settles exactly once, by the agent's word or by loss; `collected` settles after it, in
 * either case; a node that is away longer than the grace loses its members at once, and a lost one stays lost.
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
  #cancelGrace: (() => void) | undefined;
  #forgotten = false;

  constructor(options: Options) {
    this.#options = options;
    this.model = options.model;
    this.attempt = options.attempt;
    this.files = options.files;
    this.#unwatch = options.node.onAway((away) => this.#away(away));
    if (options.node.session === undefined) this.#away(true);
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

  get staged(): boolean {
    return this.model.state !== 'waiting';
  }

  get ended(): boolean {
    return this.model.state === 'ended';
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
    await this.files.links(links);
    this.model.skipped = skipped;
    this.#collected.resolve();
  }

  vanished(): void {
    this.lose('was lost: its agent came back without a trace of it');
  }

  /** `why` completes "client.1 on n3 …". A member whose end is known, but not all it left, is lost as well. */
  lose(why: string): void {
    if (this.model.lost !== undefined || this.#forgotten) return;
    this.model.lost = why;
    this.#gone.abort(new TuttiError('NOT_CONNECTED', `${this.name} on ${this.node} ${why}`));
    if (!this.ended) this.#finish();
    this.#collected.resolve();
  }

  /** Nothing more is wanted of it: the agent may delete its directory. */
  forget(): void {
    this.#forgotten = true;
    this.#unwatch();
    this.#cancelGrace?.();
    this.#gone.abort(new TuttiError('CANCELLED', 'the attempt is over'));
    if (this.model.state !== 'waiting' || this.model.lost !== undefined) this.#options.node.forget(this.id);
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
    const { grace, clock } = this.#options;
    this.#cancelGrace = clock.after(grace * 1000, () => {
      this.lose(
        this.ended
          ? `ended, but its logs could not be collected: its node was away for more than ${grace} s`
          : `was lost: its node was away for more than ${grace} s`,
      );
    });
  }
}
