/** One call of the peer while it is being answered. */
import type { TuttiError } from '@tutti/protocol';

export interface CallContext {
  /** Aborted when the caller withdraws the call or the session ends. */
  readonly signal: AbortSignal;
}

export class ServedCall implements CallContext {
  #controller: AbortController | undefined;
  #withdrawn: TuttiError | undefined;

  /** The controller is made when a handler first asks: most never do. One that asks late is told all the same. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#withdrawn !== undefined) this.#controller.abort(this.#withdrawn);
    return this.#controller.signal;
  }

  withdraw(why: TuttiError): void {
    this.#withdrawn ??= why;
    this.#controller?.abort(this.#withdrawn);
  }
}
