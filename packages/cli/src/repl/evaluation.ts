/**
 * One input after the other, to its end: a promise that it comes to is waited for.
 *
 * Guarantees: the signal of an input is aborted by its interruption, and whatever of Tutti's it has begun by then is told so; what
 * does not end by that is left behind when it is interrupted again.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Context } from 'node:vm';
import { TuttiError } from '@tutti/protocol';

/** The evaluator of node:repl: source, context, file name, and who is told. */
export type Evaluate = (code: string, context: Context, file: string, done: Done) => void;

/** `error` is null where there is none. */
export type Done = (error: Error | null, value?: unknown) => void;

interface UnderWay {
  readonly controller: AbortController;
  readonly end: (error: unknown, value?: unknown) => void;
  /** Waits for a promise that the input came to. */
  leave: ((why: TuttiError) => void) | undefined;
}

export class Evaluations {
  readonly #evaluate: Evaluate;
  readonly #scope = new AsyncLocalStorage<AbortSignal>();
  /** Leaves what the evaluator itself waits for: an `await` at the prompt. */
  readonly #leaveAwait: () => void;
  #current: UnderWay | undefined;

  constructor(evaluate: Evaluate, leaveAwait: () => void) {
    this.#evaluate = evaluate;
    this.#leaveAwait = leaveAwait;
  }

  get busy(): boolean {
    return this.#current !== undefined;
  }

  /** Of the input that calls this, however much later. */
  get signal(): AbortSignal | undefined {
    return this.#scope.getStore();
  }

  /** `done` is called at once for what is at once known. */
  begin(...[code, context, file, done]: Parameters<Evaluate>): void {
    const controller = new AbortController();
    const end = (error: unknown, value?: unknown) => {
      if (this.#current !== underWay) return;
      this.#current = undefined;
      done(error as Error | null, value);
    };
    const underWay: UnderWay = { controller, end, leave: undefined };
    this.#current = underWay;
    this.#scope.run(controller.signal, () => {
      this.#evaluate(code, context, file, (error, value) => {
        if (error !== null || !isPromise(value)) return end(error, value);
        const { promise, reject } = Promise.withResolvers<never>();
        underWay.leave = reject;
        Promise.race([value, promise]).then(
          (kept) => end(null, kept),
          // Nothing was thrown, to node:repl, where it is null.
          (why: unknown) => end(why ?? new Error(`rejected with ${String(why)}`)),
        );
      });
    });
  }

  /** What the evaluator tells elsewhere than where it was asked. False where nothing is carried out that it could be of. */
  failed(error: unknown): boolean {
    const current = this.#current;
    // What a promise comes to is told by that.
    if (current === undefined || current.leave !== undefined) return false;
    current.end(error ?? new Error(`threw ${String(error)}`));
    return true;
  }

  /** False when there is nothing to interrupt. The second time it is left behind. */
  interrupt(): 'interrupted' | 'left' | false {
    const current = this.#current;
    if (current === undefined) return false;
    const why = new TuttiError('CANCELLED', 'interrupted by Ctrl-C');
    if (!current.controller.signal.aborted) {
      current.controller.abort(why);
      return 'interrupted';
    }
    if (current.leave !== undefined) current.leave(why);
    else this.#leaveAwait();
    return 'left';
  }
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  if (typeof value !== 'object' || value === null) return false;
  return typeof (value as { then?: unknown }).then === 'function';
}
