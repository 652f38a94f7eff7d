/** One call of the peer while it is being answered. */
import type { TuttiError } from '@tutti/protocol';

/** The part of an `AbortSignal` that tells of the end. */
export interface Withdrawal {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void, options: { once: true }): void;
}

export interface CallContext {
  /** Aborted when the caller withdraws the call or the session ends. */
  readonly signal: AbortSignal;
  /** The same news without an `AbortSignal`, which weighs as much as all the rest of a call: thousands may wait at once. */
  readonly withdrawal: Withdrawal;
}

export class ServedCall implements CallContext, Withdrawal {
  #controller: AbortController | undefined;
  #withdrawn: TuttiError | undefined;
  #listeners: (() => void)[] | undefined;

  /** The controller is made when a handler first asks: most never do. One that asks late is told all the same. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#withdrawn !== undefined) this.#controller.abort(this.#withdrawn);
    return this.#controller.signal;
  }

  get withdrawal(): Withdrawal {
    return this;
  }

  get aborted(): boolean {
    return this.#withdrawn !== undefined;
  }

  addEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners ??= [];
    this.#listeners.push(listener);
  }

  withdraw(why: TuttiError): void {
    if (this.#withdrawn !== undefined) return;
    this.#withdrawn = why;
    this.#controller?.abort(why);
    for (const listener of this.#listeners ?? []) listener();
  }
}
