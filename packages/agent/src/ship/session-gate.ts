/** The session to the master, for whoever can wait for one. */
import { TuttiError } from '@tutti/protocol';
import type { MasterLink, MasterSession } from './master-link.ts';

interface Waiting {
  resolve: (session: MasterSession) => void;
  reject: (error: TuttiError) => void;
}

export class SessionGate implements MasterLink {
  #session: MasterSession | undefined;
  #closed: TuttiError | undefined;
  readonly #waiting = new Set<Waiting>();

  open(session: MasterSession): void {
    this.#session = session;
    for (const { resolve } of this.#waiting) resolve(session);
  }

  /** No session will come any more. */
  close(why: TuttiError): void {
    this.#closed ??= why;
    for (const { reject } of this.#waiting) reject(why);
  }

  async session(signal: AbortSignal): Promise<MasterSession> {
    if (signal.aborted) throw gone();
    if (this.#closed) throw this.#closed;
    if (this.#session && this.#session.closed === undefined) return this.#session;
    const { promise, resolve, reject } = Promise.withResolvers<MasterSession>();
    const waiting: Waiting = { resolve, reject };
    const abort = () => reject(gone());
    this.#waiting.add(waiting);
    signal.addEventListener('abort', abort);
    try {
      return await promise;
    } finally {
      this.#waiting.delete(waiting);
      signal.removeEventListener('abort', abort);
    }
  }

  get waiting(): number {
    return this.#waiting.size;
  }
}

function gone(): TuttiError {
  return new TuttiError('CANCELLED', 'the caller has gone');
}
