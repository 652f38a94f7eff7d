/** The session to the master, for whoever can wait for one. */
import { TuttiError } from '@tutti/protocol';
import type { MasterLink, MasterSession } from './sync-relay.ts';

interface Waiting {
  resolve(session: MasterSession): void;
  reject(error: TuttiError): void;
}

export class SessionGate implements MasterLink {
  #session: MasterSession | undefined;
  #closed: TuttiError | undefined;
  readonly #waiting = new Set<Waiting>();

  open(session: MasterSession): void {
    this.#session = session;
    for (const { resolve } of this.#waiting) resolve(session);
    this.#waiting.clear();
  }

  /** No session will come any more. */
  close(why: TuttiError): void {
    this.#closed ??= why;
    for (const { reject } of this.#waiting) reject(why);
    this.#waiting.clear();
  }

  session(signal: AbortSignal): Promise<MasterSession> {
    if (this.#closed) return Promise.reject(this.#closed);
    if (this.#session && this.#session.closed === undefined) return Promise.resolve(this.#session);
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        resolve: (session) => {
          signal.removeEventListener('abort', abort);
          resolve(session);
        },
        reject,
      };
      const abort = () => {
        this.#waiting.delete(waiting);
        reject(new TuttiError('CANCELLED', 'the caller has gone'));
      };
      if (signal.aborted) return abort();
      signal.addEventListener('abort', abort, { once: true });
      this.#waiting.add(waiting);
    });
  }
}
