/**
 * The requests of one member: each runs once, however often it is repeated.
 *
 * A repetition while the request is pending attaches to it, and the newest connection gets the answer; after it has been
 * answered the answer is given again, from a bounded memory. The time of the first sight is kept beyond a withdrawal,
 * because a repetition carries the original time.
 */
import { TuttiError } from '@tutti/protocol';

export type Answer = { readonly result: unknown } | { readonly error: TuttiError };

/** Whoever gets an answer: a connection. */
export interface Asker {
  answer(id: string, answer: Answer): void;
}

interface Pending {
  asker: Asker;
  readonly abort: AbortController;
}

const REMEMBERED = 512;
const REMEMBERED_CHARACTERS = 16 * 1024;
const TIMES = 8192;

export class Calls {
  readonly #now: () => number;
  readonly #pending = new Map<string, Pending>();
  readonly #answers = new Map<string, Answer>();
  readonly #firstSeen = new Map<string, number>();
  readonly #idle: (() => void)[] = [];

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Runs `work` for a request that is new here. Never throws. */
  ask(id: string, asker: Asker, work: (at: number, signal: AbortSignal) => Promise<unknown>): void {
    const answer = this.#answers.get(id);
    if (answer !== undefined) {
      asker.answer(id, answer);
      return;
    }
    const pending = this.#pending.get(id);
    if (pending !== undefined && !pending.abort.signal.aborted) {
      pending.asker = asker;
      return;
    }
    const call: Pending = { asker, abort: new AbortController() };
    this.#pending.set(id, call);
    void this.#run(id, call, work);
  }

  /** The asker is gone: what only it waits for is withdrawn. */
  leave(asker: Asker): void {
    for (const call of this.#pending.values()) if (call.asker === asker) call.abort.abort();
  }

  pending(): string[] {
    return [...this.#pending].filter(([, call]) => !call.abort.signal.aborted).map(([id]) => id);
  }

  /** Withdraws everything; resolves when all have come back. */
  async withdraw(): Promise<void> {
    for (const call of this.#pending.values()) call.abort.abort();
    if (this.#pending.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#idle.push(resolve);
    });
  }

  async #run(
    id: string,
    call: Pending,
    work: (at: number, signal: AbortSignal) => Promise<unknown>,
  ): Promise<void> {
    let answer: Answer;
    try {
      answer = { result: await work(this.#timeOf(id), call.abort.signal) };
    } catch (thrown) {
      answer = { error: TuttiError.from(thrown) };
    }
    // A repetition after a withdrawal has taken the place of this call: the answer is that one's to give.
    if (this.#pending.get(id) === call) {
      this.#pending.delete(id);
      if (!call.abort.signal.aborted) this.#remember(id, answer);
      call.asker.answer(id, answer);
    }
    if (this.#pending.size === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }

  #timeOf(id: string): number {
    const at = this.#firstSeen.get(id) ?? this.#now();
    this.#firstSeen.set(id, at);
    forgetOldest(this.#firstSeen, TIMES);
    return at;
  }

  #remember(id: string, answer: Answer): void {
    // What may succeed later must be tried again; what is large is had again from the master, which remembers its own.
    if (('error' in answer && answer.error.retry) || sizeOf(answer) > REMEMBERED_CHARACTERS) return;
    this.#answers.set(id, answer);
    forgetOldest(this.#answers, REMEMBERED);
  }
}

function sizeOf(answer: Answer): number {
  return 'result' in answer ? (JSON.stringify(answer.result)?.length ?? 0) : answer.error.message.length;
}

/** A Map iterates in the order of insertion. */
function forgetOldest(map: Map<string, unknown>, size: number): void {
  for (const key of map.keys()) {
    if (map.size <= size) return;
    map.delete(key);
  }
}
