/**
 * The calls that this end has asked and the peer has not answered.
 *
 * Guarantees: every one settles: with its answer, which is of its declared type; with the peer's failure; with `CANCELLED` when
 * its signal is aborted; or with the reason the session ended.
 */
import {
  type AnyCallName,
  calls,
  type Envelope,
  type FailureBody,
  isErrorCode,
  TuttiError,
  validate,
} from '@tutti/protocol';
import { FleetingMap } from './fleeting-map.ts';

/** One of these lives as long as its call waits, thousands at a time: no more in it than is needed. */
interface AskedCall {
  readonly name: AnyCallName;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: TuttiError) => void;
}

export class AskedCalls {
  readonly #send: (envelope: Envelope) => void;
  readonly #calls = new FleetingMap<number, AskedCall>();
  #nextId = 1;

  constructor(send: (envelope: Envelope) => void) {
    this.#send = send;
  }

  ask(name: AnyCallName, params: unknown, signal?: AbortSignal): Promise<unknown> {
    if (signal?.aborted) return Promise.reject(withdrawn(name, signal.reason));
    const id = this.#nextId;
    this.#nextId += 1;
    const asked = new Promise((resolve, reject) => {
      this.#calls.set(id, { name, resolve, reject });
      try {
        this.#send({ kind: 'call', id, name, params });
      } catch (error) {
        this.#calls.delete(id);
        reject(TuttiError.from(error));
      }
    });
    return signal === undefined ? asked : this.#withdrawable(id, asked, signal);
  }

  resolve(id: number, result: unknown): void {
    const call = this.#take(id);
    if (call === undefined) return;
    const { name } = call;
    try {
      call.resolve(validate(calls[name].result, result, 'BAD_RESULT', `the result of ${name}`));
    } catch (error) {
      call.reject(TuttiError.from(error));
    }
  }

  reject(id: number, { code, message, details }: FailureBody): void {
    this.#take(id)?.reject(
      new TuttiError(isErrorCode(code) ? code : 'INTERNAL', message, { details: details ?? undefined }),
    );
  }

  /** The session is gone. */
  end(why: TuttiError): void {
    for (const call of this.#calls.values()) call.reject(why);
    this.#calls.clear();
  }

  get size(): number {
    return this.#calls.size;
  }

  #withdrawable(id: number, asked: Promise<unknown>, signal: AbortSignal): Promise<unknown> {
    const abort = () => {
      const call = this.#take(id);
      if (call === undefined) return;
      this.#send({ kind: 'cancel', id });
      call.reject(withdrawn(call.name, signal.reason));
    };
    signal.addEventListener('abort', abort, { once: true });
    return asked.finally(() => signal.removeEventListener('abort', abort));
  }

  /** An answer that crossed our cancel finds nobody; that is not the peer's fault. */
  #take(id: number): AskedCall | undefined {
    const call = this.#calls.get(id);
    this.#calls.delete(id);
    return call;
  }
}

export function withdrawn(what: string, cause?: unknown): TuttiError {
  return new TuttiError('CANCELLED', `${what} was withdrawn`, { cause });
}
