/**
 * What a space has decided: the answer of each request, who was told of a break, and the effects that say the same in a
 * form that can be stored. Pure.
 *
 * Answers are kept until the space is dropped, with one exception that nobody can notice: a member's next arrival at a
 * barrier proves that it has the answer to its last one there, so that answer (and the data of that release) is let go.
 */
import type { SyncVerb, SyncWire, TuttiError } from '@tutti/protocol';
import type { Release } from './barrier.ts';
import { culpritOf, type Effect } from './effects.ts';

export type Answer =
  | { ok: true; result: SyncWire<SyncVerb>; release?: Release }
  | { ok: false; error: TuttiError };

export interface Settled {
  readonly request: string;
  readonly answer: Answer;
}

/** The first break that a member was told of, and who caused it. */
export interface Told {
  readonly culprit: string | undefined;
  readonly message: string;
}

/** An arrival that was let in, with its answer as soon as there is one. */
export interface LastArrival {
  readonly request: string;
  answer: Answer | undefined;
  /** The machine went down before the script heard it: the member's next arrival there gets it. */
  owed?: true;
}

export class Decisions {
  /** By request, but for arrivals that were let in. */
  readonly #answers = new Map<string, Answer>();
  /** By member and barrier. */
  readonly #lastArrivals = new Map<string, LastArrival>();
  /** How many of them have an answer. */
  #answeredArrivals = 0;
  readonly #told = new Map<string, Told>();
  #effects: Effect[] = [];

  /** How many answers are kept. */
  get size(): number {
    return this.#answers.size + this.#answeredArrivals;
  }

  emit(effect: Effect): void {
    this.#effects.push(effect);
  }

  /** What was decided since it was asked last, in order. */
  takeEffects(): Effect[] {
    const effects = this.#effects;
    if (effects.length > 0) this.#effects = [];
    return effects;
  }

  answer(request: string): Answer | undefined {
    return this.#answers.get(request);
  }

  keep(request: string, answer: Answer): Settled {
    this.#answers.set(request, answer);
    return { request, answer };
  }

  arrivalAnswer(member: string, barrier: string, request: string): Answer | undefined {
    const last = this.#lastArrivals.get(place(member, barrier));
    return last?.request === request ? last.answer : undefined;
  }

  /** Only an arrival that was let in proves anything; a refused one may come from a second process. */
  letIn(member: string, barrier: string, arrival: LastArrival): void {
    const at = place(member, barrier);
    if (this.#lastArrivals.get(at)?.answer !== undefined) this.#answeredArrivals -= 1;
    this.#lastArrivals.set(at, arrival);
  }

  /** Arriving and leaving again is no decision, so that it must not leave anything behind. */
  forgetArrival(member: string, barrier: string, request: string): void {
    const at = place(member, barrier);
    if (this.#lastArrivals.get(at)?.request === request) this.#lastArrivals.delete(at);
  }

  /** Nobody heard the answer to this arrival. True if it was a release, and the member has not arrived there since. */
  owe(member: string, barrier: string, request: string): boolean {
    const last = this.#lastArrivals.get(place(member, barrier));
    if (last?.request !== request || last.answer?.ok !== true) return false;
    last.owed = true;
    return true;
  }

  /** What the member's next arrival at the barrier gets at once. */
  owed(member: string, barrier: string): Answer | undefined {
    const last = this.#lastArrivals.get(place(member, barrier));
    return last?.owed ? last.answer : undefined;
  }

  keepArrival(arrival: LastArrival, answer: Answer): Settled {
    arrival.answer = answer;
    this.#answeredArrivals += 1;
    return { request: arrival.request, answer };
  }

  told(member: string): Told | undefined {
    return this.#told.get(member);
  }

  /** The member hears this error: if somebody broke what it waited for, the first time is remembered. */
  tell(member: string, error: TuttiError): void {
    const { code, message } = error;
    if (this.#told.has(member) || !(code.startsWith('BARRIER_') || code === 'WAIT_BROKEN')) return;
    this.#told.set(member, { culprit: culpritOf(error), message });
  }
}

function place(member: string, barrier: string): string {
  return `${member} ${barrier}`;
}
