/**
 * A command on a machine: what its agent says of it, and what becomes of it when its agent says nothing.
 *
 * Guarantees: it starts at most once, however often `start` is called; `whenEnded` settles once, by its agent's word or by
 * loss, and `whenCollected` after it; a lost command stays lost.
 */
import type { Clock } from '@tutti/link';
import {
  type CommandEnd,
  type CommandSpec,
  type MemberEnd,
  type MemberPresence,
  type Signal,
  type StopReason,
  TuttiError,
} from '@tutti/protocol';
import type { Node } from '../agents/node.ts';
import { Absence, type Patience } from '../runs/absence.ts';
import type { Collected, LiveMember } from '../runs/members.ts';
import type { CommandRun } from '../runs/model.ts';
import { OnMachine, type OnMachineOptions } from '../runs/on-machine.ts';
import { unlessAborted } from '../runs/unless-aborted.ts';
import { commandEnd } from './command-end.ts';

export type CommandStep = 'asked for' | 'started' | 'ended' | 'lost' | 'collected';

/** `attempt`: the one it belongs to, else nothing that has a sync space. */
export interface CommandOptions extends OnMachineOptions<CommandRun> {
  /** `db.0/cmd-3` */
  readonly name: string;
  /** How long its machine may be away from now on. */
  readonly patience: () => Patience;
  readonly clock: Clock;
  /** Makes what has become of it durable. */
  readonly keep: (step: CommandStep) => Promise<void>;
  readonly changed: () => void;
  /** A copy of its output could not be closed. */
  readonly onTrouble: (error: unknown) => void;
}

export class CommandUnderWay extends OnMachine<CommandRun> implements LiveMember {
  readonly name: string;
  readonly #options: CommandOptions;
  readonly #absence: Absence;
  #starting: Promise<void> | undefined;

  constructor(options: CommandOptions) {
    super(options, 'output');
    this.#options = options;
    this.name = options.name;
    if (this.lost) this.over.abort(this.lossError());
    this.#absence = new Absence(options.node, options.clock, options.patience, (why) => this.giveUp(why));
    if (this.complete || this.lost) this.#absence.stop();
  }

  /** Of one that was asked for it is not known whether its agent has it. */
  get owed(): boolean {
    return this.model.state !== 'asked' && !this.complete && !this.lost;
  }

  /** `db.0/cmd-3 (pg_ctl …) on n1` */
  get words(): string {
    return `${this.name} (${this.model.title}) on ${this.node}`;
  }

  /** Resolves when it runs, or has ended already; rejects when it cannot even begin. */
  start(spec: () => CommandSpec): Promise<void> {
    this.#starting ??= this.#start(spec);
    return this.#starting;
  }

  async #start(spec: () => CommandSpec): Promise<void> {
    const { node, clock, keep, changed } = this.#options;
    if (this.model.state !== 'asked') return;
    // Durable first, so that the next master knows it when its agent tells of it.
    await keep('asked for');
    if (this.model.state !== 'asked') return;
    try {
      await node.call('command.start', { spec: spec() }, this.over.signal);
    } catch (thrown) {
      const error = TuttiError.from(thrown);
      this.lose(`could not be started: ${error.message}`);
      throw error;
    }
    delete this.model.order;
    if (this.model.state === 'asked') this.model.state = 'running';
    this.model.started = clock.wallMs();
    changed();
    await keep('started');
  }

  /** How it ended, when all it wrote is here. */
  async result(signal: AbortSignal): Promise<CommandEnd> {
    await unlessAborted(this.whenCollected, signal);
    return commandEnd(this.model, this.files.dir, this.words);
  }

  /** Begins the stop ladder, if there is anything to stop. */
  async stop(reason: StopReason): Promise<void> {
    // Its agent could hear of the stop before it hears of the command.
    await this.#starting?.catch(() => {});
    if (this.ended) return;
    await this.#call((node, signal) => node.call('member.stop', { member: this.id, reason }, signal));
  }

  async kill(request: string, signal: Signal): Promise<void> {
    if (this.ended) return;
    await this.#call((node, gone) => node.call('command.kill', { member: this.id, request, signal }, gone));
  }

  /** Its agent's own watchdog has to know. */
  async extended(remaining: number): Promise<void> {
    if (this.ended) return;
    await this.#call((node, gone) => node.call('member.extended', { member: this.id, remaining }, gone));
  }

  /** Has its processes stand still, or go on. */
  async freeze(frozen: boolean, signal: AbortSignal = this.over.signal): Promise<void> {
    if (this.ended) return;
    const either = AbortSignal.any([this.over.signal, signal]);
    await this.#call((node) => node.call('member.freeze', { member: this.id, frozen }, either));
  }

  /** Of one that ends meanwhile nothing is asked any more. */
  async #call(ask: (node: Node, signal: AbortSignal) => Promise<unknown>): Promise<void> {
    await Promise.race([ask(this.#options.node, this.over.signal), this.whenEnded]);
  }

  async end(end: MemberEnd): Promise<void> {
    if (!this.ended) {
      this.model.end = end;
      this.#finish();
    }
    await this.#options.keep('ended');
  }

  async collected(_collected: Collected): Promise<void> {
    if (!this.model.collected) {
      this.model.collected = true;
      await this.#closeFiles();
      this.markCollected();
      this.#options.changed();
    }
    await this.#options.keep('collected');
  }

  /** Its agent has it: it was started, though the answer may have been lost. */
  present(_presence: MemberPresence): void {
    if (this.model.state === 'asked') this.model.state = 'running';
  }

  /** `why` completes "db.0/cmd-3 (…) on n1 …". */
  lose(why: string): void {
    if (this.lost || this.model.collected) return;
    this.markLost(why);
    if (!this.ended) this.#finish();
    void this.#options.keep('lost');
    void this.#closeFiles();
    this.markCollected();
  }

  /** The patience that was asked for has changed. */
  reconsider(): void {
    this.#absence.reconsider();
  }

  /** Nothing more is wanted of it: the agent may delete what it has. */
  async close(): Promise<void> {
    this.over.abort(new TuttiError('CANCELLED', `${this.name} is over`));
    await this.#closeFiles();
  }

  /** Commands are many: none keeps files open that nothing is written to. */
  async #closeFiles(): Promise<void> {
    this.#absence.stop();
    await this.files.close().catch((error: unknown) => this.#options.onTrouble(error));
  }

  #finish(): void {
    this.model.ended = this.#options.clock.wallMs();
    this.#absence.reconsider();
    this.markEnded();
    this.#options.changed();
  }

  protected lossError(): TuttiError {
    return new TuttiError('NODE_LOST', `${this.words} ${this.model.lost ?? 'has not ended'}`);
  }

  // What only a member's script can say; an agent knows no such script here.

  rebooting(): Promise<void> {
    return Promise.resolve();
  }

  rebootOther(): Promise<void> {
    return this.#noScript();
  }

  extend(): Promise<number> {
    return this.#noScript();
  }

  drive(): Promise<never> {
    return this.#noScript();
  }

  #noScript(): Promise<never> {
    return Promise.reject(new TuttiError('NO_SUCH_MEMBER', `${this.name} is a command, not a member`));
  }
}
