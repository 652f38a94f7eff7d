/** The ends of members, for whoever waits for one. */
import { type MemberEnd, TuttiError } from '@tutti/protocol';

interface Waiting {
  resolve: (end: MemberEnd) => void;
  reject: (error: unknown) => void;
}

export class Ends {
  readonly #waiting = new Map<string, Set<Waiting>>();
  readonly #known: (member: string) => MemberEnd | undefined;

  /** `known` gives the end of a member that has ended already. */
  constructor(known: (member: string) => MemberEnd | undefined) {
    this.#known = known;
  }

  tell(member: string, end: MemberEnd): void {
    for (const { resolve } of this.#waiting.get(member) ?? []) resolve(end);
  }

  /** Rejects with the reason of `signal`, or with `CANCELLED` when the member is dropped. */
  async of(member: string, signal: AbortSignal): Promise<MemberEnd> {
    const end = this.#known(member);
    if (end) return end;
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<MemberEnd>();
    const waiting = { resolve, reject };
    const abort = () => reject(signal.reason);
    this.#of(member).add(waiting);
    signal.addEventListener('abort', abort);
    try {
      return await promise;
    } finally {
      signal.removeEventListener('abort', abort);
      this.#leave(member, waiting);
    }
  }

  /** Nobody is told its end any more. */
  drop(member: string): void {
    for (const { reject } of this.#waiting.get(member) ?? [])
      reject(new TuttiError('CANCELLED', `member ${member} was forgotten`));
  }

  /** Members whose end somebody waits for. */
  get size(): number {
    return this.#waiting.size;
  }

  #of(member: string): Set<Waiting> {
    const waiting = this.#waiting.get(member) ?? new Set();
    this.#waiting.set(member, waiting);
    return waiting;
  }

  #leave(member: string, waiting: Waiting): void {
    const left = this.#waiting.get(member);
    left?.delete(waiting);
    if (left?.size === 0) this.#waiting.delete(member);
  }
}
