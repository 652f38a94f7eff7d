/**
 * How what a space decides becomes answers and effects, one of each kind in one place: results, failures, barriers, messages,
 * locks. Pure. A request that is answered here waits no longer.
 */
import type { Json, SyncVerb, SyncWire, TuttiError } from '@tutti/protocol';
import type { BarrierOutcome } from './barrier.ts';
import type { Answer, LastArrival, Settled } from './decisions.ts';
import { type Caller, type Effect, kept } from './effects.ts';
import type { KeyWaiter } from './keys.ts';
import type { LockWaiter } from './locks.ts';
import { answerOf, ownError, type SpaceState } from './space-state.ts';
import type { Given } from './topics.ts';
import type { Wait } from './wait-graph.ts';
import { waitOf } from './wait-words.ts';
import type { Waiting, WaitingRequests } from './waiting.ts';

/** Hears of each wait that is over, but of those at a barrier that was released; `error`: why it came to nothing. */
export type OnWaited = (wait: Wait, error?: string) => void;

export class Settling {
  readonly #state: SpaceState;
  readonly #waiting: WaitingRequests;
  readonly #onWaited: OnWaited;

  constructor(state: SpaceState, waiting: WaitingRequests, onWaited: OnWaited = () => {}) {
    this.#state = state;
    this.#waiting = waiting;
    this.#onWaited = onWaited;
  }

  /** Done, and kept so. */
  done(effect: Effect & { request: string }, result: SyncWire<SyncVerb>): Settled {
    this.#state.decisions.emit(effect);
    return this.#state.decisions.keep(effect.request, { ok: true, result });
  }

  /** Failed, and kept so. */
  fail(member: string, request: string, error: TuttiError): Settled {
    this.#take(request, error);
    this.#state.decisions.emit({ did: 'fail', member, request, error: kept(error) });
    this.#state.decisions.tell(member, error);
    return this.#state.decisions.keep(request, { ok: false, error });
  }

  /** `timedOut`: the request whose own deadline broke it hears TIMED_OUT, the others BARRIER_BROKEN. */
  barrier(outcome: BarrierOutcome, timedOut?: string): Settled[] {
    switch (outcome.what) {
      case 'waiting':
        return [];
      case 'released': {
        const { release } = outcome;
        this.#state.records.add(release);
        this.#state.decisions.emit({ did: 'release', ...release });
        return release.arrivals.map(({ request }, rank) => this.#arrival(request, answerOf(release, rank)));
      }
      case 'broken': {
        const { error } = outcome.broken;
        const { name, missing } = outcome;
        for (const { member, at } of outcome.waiters)
          this.waited({ member, on: `barrier "${name}"`, since: at, missing, needs: 0 }, error);
        const waiters = outcome.waiters.map(({ member, request }): Caller => [member, request]);
        const effect = { did: 'break', name, error: kept(error), waiters } as const;
        this.#state.decisions.emit(timedOut === undefined ? effect : { ...effect, timedOut });
        return waiters.map(([member, request]) => {
          this.#state.decisions.tell(member, error);
          return this.#arrival(request, { ok: false, error: ownError(error, request, timedOut) });
        });
      }
    }
  }

  /** The release that the member's former incarnation never heard of, if there is one. */
  handOn(member: string, name: string, request: string): Settled | undefined {
    const { decisions } = this.#state;
    const owed = decisions.owed(member, name);
    if (owed === undefined) return undefined;
    decisions.emit({ did: 'hand', member, name, request });
    const arrival: LastArrival = { request, answer: undefined };
    decisions.letIn(member, name, arrival);
    return decisions.keepArrival(arrival, owed);
  }

  wake(woken: KeyWaiter[], value: Json): Settled[] {
    return woken.map(({ request }) => {
      this.#take(request);
      return found(request, value);
    });
  }

  /** What one operation gave to whom: of one message to all its receivers there is one effect. */
  give(given: Given[]): Settled[] {
    const receivers: Caller[] = [];
    return given.map(({ how, reader, offset }) => {
      const { member, request, topic } = reader;
      this.#take(request);
      if (how === 'recv') {
        receivers.push([member, request]);
        if (receivers.length === 1)
          this.#state.decisions.emit({ did: 'deliver', how, topic, offset, to: receivers });
      } else if (how === 'take')
        this.#state.decisions.emit({ did: 'deliver', how, topic, offset, to: [[member, request]] });
      return { request, answer: this.message(topic, offset) };
    });
  }

  /** The message that this request was given goes back, unless it was consumed. */
  giveBack(request: string): Settled[] {
    const given = this.#state.topics.giveBack(request);
    if (given === undefined) return [];
    this.#state.decisions.emit({ did: 'return', request });
    return this.give(given);
  }

  message(topic: string, offset: number): Answer {
    return {
      ok: true,
      result: { found: true, offset, data: this.#state.topics.message(topic, offset) ?? null },
    };
  }

  grant({ name, member, request }: LockWaiter): Settled {
    this.#take(request);
    const slots = this.#state.locks.slots(name);
    return this.done({ did: 'grant', lock: name, slots, member, request }, {});
  }

  /** For the report. */
  waited(wait: Wait, error?: TuttiError): void {
    this.#onWaited(wait, error?.message);
  }

  /** It waits no longer, if it did. */
  #take(request: string, error?: TuttiError): void {
    const waiting: Waiting | undefined = this.#waiting.take(request);
    const wait = waiting && waitOf(waiting, this.#state.locks);
    if (wait) this.waited(wait, error);
  }

  #arrival(request: string, answer: Answer): Settled {
    const waiting = this.#waiting.take(request);
    if (waiting?.kind !== 'barrier') throw new Error(`arrival ${request} was answered and did not wait`);
    return this.#state.decisions.keepArrival(waiting.arrival, answer);
  }
}

/** An answer that decides nothing: asked again it may be another. */
export function succeeded(request: string, result: SyncWire<SyncVerb>): Settled {
  return { request, answer: { ok: true, result } };
}

export function found(request: string, value: Json | undefined): Settled {
  return succeeded(request, { found: value !== undefined, value: value ?? null });
}
