/**
 * What a member and a command have in common: something on a machine that ends once, by its agent's word or by loss, and whose
 * output comes once after that, or is lost with it.
 */
import type { TuttiError } from '@tutti/protocol';
import type { Node } from '../agents/node.ts';
import type { MemberFiles } from '../logs/member-files.ts';

export interface OnMachineModel {
  readonly id: string;
  state: string;
  /** Why it was given up. */
  lost?: string;
  /** All it left is here. */
  collected: boolean;
}

export interface OnMachineOptions<M extends OnMachineModel> {
  readonly model: M;
  readonly attempt: string;
  readonly node: Node;
  readonly files: MemberFiles;
}

export abstract class OnMachine<M extends OnMachineModel> {
  readonly model: M;
  readonly attempt: string;
  readonly machine: Node;
  readonly files: MemberFiles;
  /** Aborted when it is lost, or nothing more is wanted of it. */
  protected readonly over = new AbortController();
  readonly #ended = Promise.withResolvers<void>();
  readonly #collected = Promise.withResolvers<void>();
  readonly #leaves: string;

  /** `leaves`: what there is to be collected of it, for people. */
  constructor({ model, attempt, node, files }: OnMachineOptions<M>, leaves: string) {
    this.model = model;
    this.attempt = attempt;
    this.machine = node;
    this.files = files;
    this.#leaves = leaves;
    if (this.ended) this.#ended.resolve();
    if (this.complete || this.lost) this.#collected.resolve();
  }

  get id(): string {
    return this.model.id;
  }

  get node(): string {
    return this.machine.name;
  }

  get ended(): boolean {
    return this.model.state === 'ended';
  }

  get lost(): boolean {
    return this.model.lost !== undefined;
  }

  get complete(): boolean {
    return this.model.collected;
  }

  /** Nobody can be asked about it at present. */
  get away(): boolean {
    return this.machine.session === undefined;
  }

  /** Settles when it has ended or is lost. */
  get whenEnded(): Promise<void> {
    return this.#ended.promise;
  }

  /** Settles when all it left is here, or cannot be had any more. */
  get whenCollected(): Promise<void> {
    return this.#collected.promise;
  }

  /** `why` completes "client.1 on n3 …". What has ended, but not all it left is here, is lost as well. */
  abstract lose(why: string): void;

  /** The agent came back, and has nothing of it. */
  vanished(): void {
    this.giveUp('its agent came back without a trace of it');
  }

  protected giveUp(why: string): void {
    this.lose(
      this.ended ? `ended, but its ${this.#leaves} could not be collected: ${why}` : `was lost: ${why}`,
    );
  }

  protected markLost(why: string): void {
    this.model.lost = why;
    this.over.abort(this.lossError());
  }

  /** What who waits for it is told. */
  protected abstract lossError(): TuttiError;

  protected markEnded(): void {
    this.model.state = 'ended';
    this.#ended.resolve();
  }

  protected markCollected(): void {
    this.#collected.resolve();
  }
}
