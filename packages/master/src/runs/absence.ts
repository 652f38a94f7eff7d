/** A machine that is away: when what runs there counts as lost. One timer at most, and none while the machine is here. */
import type { Clock } from '@tutti/link';
import type { Node } from '../agents/node.ts';

export interface Patience {
  readonly seconds: number;
  /** What is wrong when it is over, in a sentence. */
  readonly why: string;
}

export class Absence {
  readonly #node: Node;
  readonly #clock: Clock;
  readonly #patience: () => Patience;
  readonly #onTooLong: (why: string) => void;
  readonly #unwatch: () => void;
  #cancel: (() => void) | undefined;

  /** `patience`: how long it may be away from now on. */
  constructor(node: Node, clock: Clock, patience: () => Patience, onTooLong: (why: string) => void) {
    this.#node = node;
    this.#clock = clock;
    this.#patience = patience;
    this.#onTooLong = onTooLong;
    this.#unwatch = node.onAway(() => this.reconsider());
    this.reconsider();
  }

  /** It has come or gone, or there is more or less patience. */
  reconsider(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    if (this.#node.session !== undefined) return;
    const { seconds, why } = this.#patience();
    this.#cancel = this.#clock.after(seconds * 1000, () => this.#onTooLong(why));
  }

  stop(): void {
    this.#unwatch();
    this.#cancel?.();
  }
}
