/**
 * The sync space of one attempt: its barriers and keys, what was decided, and who was told what. Pure.
 *
 * A request is put once; putting it again while it waits changes nothing, and after it was decided returns
 * the same answer. Decisions are kept until the space is dropped, with one exception that nobody can notice: a
 * member's next arrival at a barrier proves that it has the answer to its last one there, so that answer (and the
 * data of that release) is let go.
 */
import { FleetingMap } from '@tutti/link';
import {
  type BarrierArgs,
  type Json,
  LIMITS,
  type SyncArgs,
  type SyncVerb,
  type SyncWire,
  TuttiError,
} from '@tutti/protocol';
import { Barrier, type BarrierOutcome, type Release, seconds } from './barrier.ts';
import { Cast, type Player } from './cast.ts';
import { Keys, type KeyWaiter } from './keys.ts';

export type Answer =
  | { ok: true; result: SyncWire<SyncVerb>; release?: Release }
  | { ok: false; error: TuttiError };

export interface Settled {
  readonly request: string;
  readonly answer: Answer;
}

/** A released barrier, for the report. */
export interface BarrierRecord {
  name: string;
  generation: number;
  size: number;
  /** Seconds from first to last arrival. */
  skew: number;
}

/** Who waits for what, for people. */
export interface Wait {
  member: string;
  on: string;
  /** Master time in seconds. */
  since: number;
  missing: string[];
}

export interface Asked {
  member: string;
  request: string;
  /** Master time in seconds. */
  at: number;
}

/** An arrival that was let in, with its answer as soon as there is one. */
interface LastArrival {
  readonly request: string;
  answer: Answer | undefined;
}

type Waiting =
  | { kind: 'barrier'; member: string; name: string; arrival: LastArrival }
  | { kind: 'key'; waiter: KeyWaiter };

/** More records than this are not kept for the report: a loop of barriers must not fill the memory. */
const RECORDS = 10_000;

export class SyncSpace {
  readonly cast: Cast;
  readonly records: BarrierRecord[] = [];
  readonly #keys = new Keys();
  readonly #barriers = new Map<string, Barrier>();
  /** By request, but for arrivals that were let in. */
  readonly #decided = new Map<string, Answer>();
  readonly #waiting = new FleetingMap<string, Waiting>();
  /** By member and barrier. */
  readonly #lastArrivals = new Map<string, LastArrival>();
  /** How many of them have an answer. */
  #answeredArrivals = 0;
  readonly #toldOfBreak = new Map<string, { culprit: string | undefined; message: string }>();
  readonly #mostDecisions: number;

  /** `mostDecisions`: when so many are kept nothing new is taken. */
  constructor(players: Iterable<Player>, mostDecisions: number = LIMITS.spaceDecisions.value) {
    this.cast = new Cast(players);
    this.#mostDecisions = mostDecisions;
  }

  /** Answers settled by this request: its own, if it need not wait, and those of others it wakes. */
  ask<V extends SyncVerb>(verb: V, args: SyncArgs<V>, asked: Asked): Settled[] {
    const { request } = asked;
    const decided = this.#decided.get(request) ?? this.#arrivalAnswer(verb, args, asked);
    if (decided) return [{ request, answer: decided }];
    if (this.#waiting.has(request)) return [];
    const refusal = this.#refusal(asked.member);
    if (refusal) return [{ request, answer: { ok: false, error: refusal } }];
    try {
      return this.#perform(verb, args, asked);
    } catch (error) {
      if (!(error instanceof TuttiError)) throw error;
      return [this.#refuse(asked, error)];
    }
  }

  /** The caller of a request is gone. A decision already made stands. */
  withdraw(request: string): void {
    const waiting = this.#waiting.get(request);
    this.#waiting.delete(request);
    if (waiting?.kind === 'barrier') this.#withdrawArrival(waiting, request);
    if (waiting?.kind === 'key') this.#keys.withdraw(waiting.waiter);
  }

  /** The deadline of a waiting request has passed. */
  timeOut(request: string, at: number): Settled[] {
    const waiting = this.#waiting.get(request);
    if (waiting === undefined) return [];
    if (waiting.kind === 'barrier') {
      const outcome = this.#barriers.get(waiting.name)?.timeOut(waiting.member, at);
      return outcome ? this.#settle(outcome, request) : [];
    }
    const { waiter } = waiting;
    this.#keys.withdraw(waiter);
    const message = `key "${waiter.key}" was not set within ${seconds(at - waiter.at)}`;
    return [this.#decide(request, { ok: false, error: new TuttiError('TIMED_OUT', message) })];
  }

  /**
   * A member has ended or is lost: breaks every wait that needs it. `how` completes "client.1 on n3: …". What it
   * waits for itself nobody hears of any more: its arrivals do not count.
   */
  leave(member: string, how: string, at: number): Settled[] {
    const settled = this.#withdrawAllOf(member, how);
    this.cast.leave(member, how);
    for (const barrier of this.#barriers.values()) settled.push(...this.#settle(barrier.someoneLeft(at)));
    for (const waiter of this.#keys.waiting()) settled.push(...this.#breakIfNobodyLeft(waiter));
    return settled;
  }

  /** The member's requests that wait now. */
  waitingRequests(member: string): string[] {
    const requests = this.#keys.waitingOf(member);
    for (const barrier of this.#barriers.values()) {
      const arrival = barrier.waiting.get(member);
      if (arrival !== undefined) requests.push(arrival.request);
    }
    return requests;
  }

  waits(): Wait[] {
    const atBarriers = [...this.#barriers.values()].flatMap((barrier) => {
      if (barrier.waiting.size === 0) return [];
      // One list for all who wait there: of thousands each would otherwise get its own.
      const missing = barrier.missing();
      const on = `barrier "${barrier.name}"`;
      return [...barrier.waiting.values()].map(({ member, at }) => ({ member, on, since: at, missing }));
    });
    const forKeys = this.#keys
      .waiting()
      .map(({ member, key, at }) => ({ member, on: `key "${key}"`, since: at, missing: [] }));
    return [...atBarriers, ...forKeys];
  }

  /** The first break that a member was told of, and who caused it. */
  toldOfBreak(member: string): { culprit: string | undefined; message: string } | undefined {
    return this.#toldOfBreak.get(member);
  }

  /** Why nothing new of this member is taken; not a decision, so that it takes no room. */
  #refusal(member: string): TuttiError | undefined {
    if (!this.cast.has(member)) return new TuttiError('NO_SUCH_MEMBER', `${member} is not part of this test`);
    if (this.cast.isGone(member)) return new TuttiError('NO_SUCH_MEMBER', `${member} has ended`);
    if (this.#decided.size + this.#answeredArrivals < this.#mostDecisions) return undefined;
    return new TuttiError('SPACE_FULL', `the test has used up its ${this.#mostDecisions} decisions`);
  }

  #withdrawAllOf(member: string, how: string): Settled[] {
    return this.waitingRequests(member).map((request) => {
      this.withdraw(request);
      return { request, answer: { ok: false, error: new TuttiError('CANCELLED', `${member} ${how}`) } };
    });
  }

  #withdrawArrival({ member, name }: { member: string; name: string }, request: string): void {
    const barrier = this.#barriers.get(name);
    barrier?.withdraw(member);
    // Arriving and leaving again is no decision, so that it must not leave anything behind.
    const place = `${member} ${name}`;
    if (this.#lastArrivals.get(place)?.request === request) this.#lastArrivals.delete(place);
    if (barrier?.untouched) this.#barriers.delete(name);
  }

  #perform(verb: SyncVerb, args: unknown, asked: Asked): Settled[] {
    switch (verb) {
      case 'barrier':
        return this.#arrive(args as SyncArgs<'barrier'>, asked);
      case 'abort': {
        const { name, reason } = args as SyncArgs<'abort'>;
        const others = this.#settle(this.#barrier(name).abort(asked.member, reason));
        return [this.#decide(asked.request, { ok: true, result: {} }), ...others];
      }
      case 'set': {
        const { key, value } = args as SyncArgs<'set'>;
        const woken = this.#keys.set(key, value);
        return [this.#decide(asked.request, { ok: true, result: {} }), ...this.#wake(woken, value)];
      }
      case 'incr': {
        const { key, by = 1 } = args as SyncArgs<'incr'>;
        const { value, woken } = this.#keys.incr(key, by);
        return [this.#decide(asked.request, { ok: true, result: { value } }), ...this.#wake(woken, value)];
      }
      case 'get':
        return this.#get(args as SyncArgs<'get'>, asked);
      case 'keys': {
        const { prefix = '' } = args as SyncArgs<'keys'>;
        return [{ request: asked.request, answer: { ok: true, result: { keys: this.#keys.list(prefix) } } }];
      }
    }
  }

  #arrive(args: BarrierArgs, { member, request, at }: Asked): Settled[] {
    const { name, data } = args;
    const arrival: LastArrival = { request, answer: undefined };
    this.#waiting.set(request, { kind: 'barrier', member, name, arrival });
    const settled = this.#settle(this.#barrier(name).arrive({ member, request, at, data }, args));
    // Only an arrival that was let in proves anything; a refused one may come from a second process.
    const place = `${member} ${name}`;
    if (this.#lastArrivals.get(place)?.answer !== undefined) this.#answeredArrivals -= 1;
    this.#lastArrivals.set(place, arrival);
    return settled;
  }

  #arrivalAnswer(verb: SyncVerb, args: unknown, { member, request }: Asked): Answer | undefined {
    if (verb !== 'barrier') return undefined;
    const last = this.#lastArrivals.get(`${member} ${(args as BarrierArgs).name}`);
    return last?.request === request ? last.answer : undefined;
  }

  #get({ key, wait = false }: SyncArgs<'get'>, asked: Asked): Settled[] {
    const value = this.#keys.get(key);
    // A look is no decision: asked again it looks again.
    if (value !== undefined || !wait) return [found(asked.request, value)];
    const waiter = { ...asked, key };
    this.#keys.wait(waiter);
    this.#waiting.set(asked.request, { kind: 'key', waiter });
    return this.#breakIfNobodyLeft(waiter);
  }

  #wake(woken: KeyWaiter[], value: Json): Settled[] {
    return woken.map(({ request }) => {
      this.#waiting.delete(request);
      return found(request, value);
    });
  }

  #breakIfNobodyLeft(waiter: KeyWaiter): Settled[] {
    if (this.cast.size - this.cast.goneCount > (this.cast.isGone(waiter.member) ? 0 : 1)) return [];
    this.#keys.withdraw(waiter);
    const others = [...this.cast.goneNames()].filter((name) => name !== waiter.member);
    const message =
      others.length === 0
        ? `key "${waiter.key}" is not set, and ${waiter.member} is the only member of the test`
        : `key "${waiter.key}" can no longer be set: ${this.cast.describeMissing(others)}`;
    const error = new TuttiError('WAIT_BROKEN', message, { details: { culprit: others[0] } });
    this.#told(waiter.member, others[0], message);
    return [this.#decide(waiter.request, { ok: false, error })];
  }

  #barrier(name: string): Barrier {
    let barrier = this.#barriers.get(name);
    if (barrier === undefined) {
      barrier = new Barrier(name, this.cast);
      this.#barriers.set(name, barrier);
    }
    return barrier;
  }

  /** `timedOut`: the request whose own deadline broke it hears TIMED_OUT, the others BARRIER_BROKEN. */
  #settle(outcome: BarrierOutcome, timedOut?: string): Settled[] {
    switch (outcome.what) {
      case 'waiting':
        return [];
      case 'released': {
        const { release } = outcome;
        const { generation, arrivals, hasData } = release;
        this.#record(release);
        return arrivals.map(({ request }, rank) =>
          this.#decide(request, {
            ok: true,
            result: { generation, rank, size: arrivals.length, hasData },
            release,
          }),
        );
      }
      case 'broken': {
        const { error, culprit } = outcome.broken;
        return outcome.waiters.map(({ member, request }) => {
          this.#told(member, culprit, error.message);
          const own = request === timedOut ? new TuttiError('TIMED_OUT', error.message) : error;
          return this.#decide(request, { ok: false, error: own });
        });
      }
    }
  }

  #record({ name, generation, arrivals }: Release): void {
    if (this.records.length >= RECORDS) return;
    let first = Number.POSITIVE_INFINITY;
    let last = Number.NEGATIVE_INFINITY;
    for (const { at } of arrivals) {
      first = Math.min(first, at);
      last = Math.max(last, at);
    }
    this.records.push({ name, generation, size: arrivals.length, skew: last - first });
  }

  #refuse({ member, request }: Asked, error: TuttiError): Settled {
    this.#waiting.delete(request);
    const culprit = error.details?.['culprit'];
    if (error.code.startsWith('BARRIER_'))
      this.#told(member, typeof culprit === 'string' ? culprit : undefined, error.message);
    return this.#decide(request, { ok: false, error });
  }

  #told(member: string, culprit: string | undefined, message: string): void {
    if (!this.#toldOfBreak.has(member)) this.#toldOfBreak.set(member, { culprit, message });
  }

  #decide(request: string, answer: Answer): Settled {
    const waiting = this.#waiting.get(request);
    this.#waiting.delete(request);
    if (waiting?.kind === 'barrier') {
      waiting.arrival.answer = answer;
      this.#answeredArrivals += 1;
    } else this.#decided.set(request, answer);
    return { request, answer };
  }
}

function found(request: string, value: Json | undefined): Settled {
  return { request, answer: { ok: true, result: { found: value !== undefined, value: value ?? null } } };
}
