/**
 * A sync space, of one attempt or of a whole run: its barriers, keys, topics and locks, and what was decided. Pure.
 *
 * A request is put once; putting it again while it waits changes nothing, and after it was decided returns the same
 * answer. Each decision is also an effect: a space that is restored from the effects of another answers as that one.
 */
import { type BarrierArgs, LIMITS, type SyncArgs, type SyncVerb, TuttiError } from '@tutti/protocol';
import type { BarrierRecords } from './barrier-records.ts';
import type { Cast, Player, Whole } from './cast.ts';
import type { Answer, LastArrival, Settled, Told } from './decisions.ts';
import { broken, type Effect } from './effects.ts';
import { Receiving } from './receiving.ts';
import { found, type OnWaited, Settling, succeeded } from './settling.ts';
import { SpaceState } from './space-state.ts';
import type { Wait } from './wait-graph.ts';
import { aloneInWords, timeoutInWords, waitOf } from './wait-words.ts';
import { WaitingRequests } from './waiting.ts';

export type { Answer, Settled } from './decisions.ts';
export type { Wait } from './wait-graph.ts';

export interface Asked {
  member: string;
  request: string;
  /** Master time in seconds. */
  at: number;
}

export interface SpaceOptions {
  /** Default: `test`. */
  of?: Whole;
  /** When so many are kept nothing new is taken. */
  mostDecisions?: number;
  /** Of its effects nobody hears: a space that is restored does not know who waited how long. */
  onWaited?: OnWaited;
}

/** An arrival that got an answer which its script never heard. */
export interface Unanswered {
  readonly name: string;
  readonly request: string;
}

export class SyncSpace {
  readonly #state: SpaceState;
  readonly #waiting = new WaitingRequests();
  readonly #settling: Settling;
  readonly #receiving: Receiving;
  readonly #mostDecisions: number;

  constructor(players: Iterable<Player>, options: SpaceOptions = {}) {
    const { of, mostDecisions = LIMITS.spaceDecisions.value, onWaited } = options;
    this.#state = new SpaceState(players, of);
    this.#settling = new Settling(this.#state, this.#waiting, onWaited);
    this.#receiving = new Receiving(this.#state, this.#waiting, this.#settling, {
      onWait: (member, request) => this.#breakIfAlone(member, request),
      again: (reader, wait) => this.ask('recv', { topic: reader.topic, wait }, reader),
    });
    this.#mostDecisions = mostDecisions;
  }

  /** A space that answers every later request as the one would have whose effects these are, all of them, in order. */
  static restore(
    players: Iterable<Player>,
    effects: Iterable<Effect>,
    options: SpaceOptions = {},
  ): SyncSpace {
    const space = new SyncSpace(players, options);
    for (const effect of effects) space.#state.apply(effect);
    return space;
  }

  get cast(): Cast {
    return this.#state.cast;
  }

  /** Of barriers that were released, for the report. */
  get records(): BarrierRecords {
    return this.#state.records;
  }

  /** What was decided since it was asked last, in order. */
  takeEffects(): Effect[] {
    return this.#state.decisions.takeEffects();
  }

  /** Answers settled by this request: its own, if it need not wait, and those of others it wakes. */
  ask<V extends SyncVerb>(verb: V, args: SyncArgs<V>, asked: Asked): Settled[] {
    const { request } = asked;
    const decided = this.#answerOf(verb, args, asked);
    if (decided) return [{ request, answer: decided }];
    if (this.#waiting.has(request)) return [];
    const refusal = this.#refusal(verb, asked.member);
    if (refusal) return [{ request, answer: { ok: false, error: refusal } }];
    try {
      return this.#perform(verb, args, asked);
    } catch (error) {
      if (!(error instanceof TuttiError)) throw error;
      this.#waiting.take(request);
      return [this.#settling.fail(asked.member, request, error)];
    }
  }

  /**
   * The caller of a request is gone. A decision already made stands; a message that it held goes to the next, unless the
   * caller `mayComeAgain`.
   */
  withdraw(request: string, { mayComeAgain = false }: { mayComeAgain?: boolean } = {}): Settled[] {
    const waiting = this.#waiting.take(request);
    switch (waiting?.kind) {
      case 'barrier':
        this.#withdrawArrival(waiting, request);
        break;
      case 'key':
        this.#state.keys.withdraw(waiting.waiter);
        break;
      case 'message':
        this.#state.topics.withdraw(waiting.reader);
        break;
      case 'lock':
        this.#state.locks.withdraw(waiting.waiter);
        break;
      case 'hold':
        return mayComeAgain ? [] : this.#receiving.giveBack(waiting.of);
      case 'turn':
      case undefined:
    }
    return [];
  }

  /** The deadline of a waiting request has passed. */
  timeOut(request: string, at: number): Settled[] {
    const waiting = this.#waiting.get(request);
    switch (waiting?.kind) {
      case 'barrier': {
        const outcome = this.#state.barriers.get(waiting.name)?.timeOut(waiting.member, at);
        return outcome ? this.#settling.barrier(outcome, request) : [];
      }
      case 'key':
      case 'message':
      case 'turn':
      case 'lock':
        return this.#giveUp(request, timeoutInWords(waiting, at, this.#state.locks));
      default:
        return [];
    }
  }

  /**
   * A member has ended or is `lost`: breaks every wait that needs it. `how` completes "client.1 on n3: …". What it waits
   * for itself nobody hears of any more: its arrivals do not count. Locks of who ended go to the next, those of the lost
   * to nobody: they may still be at work.
   */
  leave(member: string, how: string, at: number, { lost = false }: { lost?: boolean } = {}): Settled[] {
    if (this.cast.isGone(member)) return [];
    const settled = this.#endWaitsOf(member, how);
    this.#state.decisions.emit(lost ? { did: 'leave', member, how, lost } : { did: 'leave', member, how });
    this.cast.leave(member, how, lost);
    const locks = this.#state.locks.leave(member);
    for (const waiter of locks.granted) settled.push(this.#settling.grant(waiter));
    for (const { member: waiting, request, name } of locks.broken)
      settled.push(this.#settling.fail(waiting, request, this.#state.locks.broken(name)));
    return [...settled, ...this.#breakHopeless(at)];
  }

  /** Of a run: members of one more test take part. `more`: those of others may come later, until then nobody waits in vain. */
  join(players: Iterable<Player>, at: number, { more }: { more: boolean }): Settled[] {
    this.cast.join(players, more);
    return this.#breakHopeless(at);
  }

  /**
   * The member's machine was rebooted: what its predecessor waited for, and the messages it held, are withdrawn. Releases
   * among the `unanswered` are handed to its next arrivals there.
   */
  newIncarnation(member: string, unanswered: readonly Unanswered[] = []): Settled[] {
    const settled = this.#endWaitsOf(member, 'was rebooted');
    for (const { name, request } of unanswered)
      if (this.#state.decisions.owe(member, name, request))
        this.#state.decisions.emit({ did: 'owe', member, name, request });
    return settled;
  }

  /** The member's requests that wait now. */
  waitingRequests(member: string): string[] {
    const requests = this.#waiting.of(member);
    for (const barrier of this.#state.barriers.values()) {
      const arrival = barrier.waiting.get(member);
      if (arrival !== undefined) requests.push(arrival.request);
    }
    return requests;
  }

  /**
   * Callers of the member that live come again now: of messages that nobody stands for it shows whose they are. False if there
   * are none.
   */
  doubtUnheld(member: string): boolean {
    return this.#receiving.doubtUnheld(member);
  }

  /** They have had their time: gives back the messages that were in doubt, and still are. */
  returnUnheld(member: string): Settled[] {
    return this.#receiving.returnUnheld(member);
  }

  waits(): Wait[] {
    const atBarriers = [...this.#state.barriers.values()].flatMap((barrier) => {
      if (barrier.waiting.size === 0) return [];
      // One list for all who wait there: of thousands each would otherwise get its own.
      const missing = this.#couldCome(barrier.missing());
      const { name } = barrier;
      const needs = this.cast.mayGrow ? 0 : barrier.needs;
      const on = `barrier "${name}"`;
      return [...barrier.waiting.values()].map(({ member, at }) => ({
        member,
        on,
        since: at,
        missing,
        needs,
      }));
    });
    const others = [...this.#waiting.others()].flatMap(
      ([, waiting]) => waitOf(waiting, this.#state.locks) ?? [],
    );
    return [...atBarriers, ...others];
  }

  /** Of a run those who have left are no longer of interest: their tests are over. */
  #couldCome(missing: string[]): string[] {
    return this.cast.of === 'run' ? missing.filter((name) => !this.cast.isGone(name)) : missing;
  }

  /** The first break that a member was told of, and who caused it. */
  toldOfBreak(member: string): Told | undefined {
    return this.#state.decisions.told(member);
  }

  #answerOf(verb: SyncVerb, args: unknown, { member, request }: Asked): Answer | undefined {
    const decided = this.#state.decisions.answer(request);
    if (decided) return decided;
    if (verb === 'barrier')
      return this.#state.decisions.arrivalAnswer(member, (args as BarrierArgs).name, request);
    const delivery = this.#state.topics.delivery(request);
    return delivery && this.#settling.message(delivery.topic, delivery.offset);
  }

  /** Why nothing new of this member is taken; not a decision, so that it takes no room. */
  #refusal(verb: SyncVerb, member: string): TuttiError | undefined {
    if (!this.cast.has(member))
      return new TuttiError('NO_SUCH_MEMBER', `${member} is not part of ${this.cast.words}`);
    if (this.cast.isGone(member)) return new TuttiError('NO_SUCH_MEMBER', `${member} has ended`);
    // These two end something and leave nothing behind.
    if (verb === 'ack' || verb === 'hold') return undefined;
    if (this.#state.decisions.size + this.#state.topics.size < this.#mostDecisions) return undefined;
    return new TuttiError(
      'SPACE_FULL',
      `${this.cast.words} has used up its ${this.#mostDecisions} decisions`,
    );
  }

  #perform(verb: SyncVerb, args: unknown, asked: Asked): Settled[] {
    const { member, request, at } = asked;
    const settling = this.#settling;
    switch (verb) {
      case 'barrier':
        return this.#arrive(args as SyncArgs<'barrier'>, asked);
      case 'abort': {
        const { name, reason } = args as SyncArgs<'abort'>;
        const others = settling.barrier(this.#state.barrier(name).abort(member, reason));
        return [settling.done({ did: 'abort', request }, {}), ...others];
      }
      case 'set': {
        const { key, value } = args as SyncArgs<'set'>;
        const woken = this.#state.keys.set(key, value);
        return [settling.done({ did: 'set', request, key, value }, {}), ...settling.wake(woken, value)];
      }
      case 'incr': {
        const { key, by = 1 } = args as SyncArgs<'incr'>;
        const { value, woken } = this.#state.keys.incr(key, by);
        return [
          settling.done({ did: 'incr', request, key, value }, { value }),
          ...settling.wake(woken, value),
        ];
      }
      case 'get':
        return this.#get(args as SyncArgs<'get'>, asked);
      case 'keys': {
        const { prefix = '' } = args as SyncArgs<'keys'>;
        return [succeeded(request, { keys: this.#state.keys.list(prefix) })];
      }
      case 'send': {
        const { topic, data } = args as SyncArgs<'send'>;
        const { offset, given } = this.#state.topics.send(topic, data);
        return [settling.done({ did: 'send', request, topic, data }, { offset }), ...settling.give(given)];
      }
      case 'recv': {
        const { topic } = args as SyncArgs<'recv'>;
        return this.#receiving.recv(args as SyncArgs<'recv'>, { member, request, topic, at });
      }
      case 'take': {
        const { topic } = args as SyncArgs<'take'>;
        return this.#receiving.take(args as SyncArgs<'take'>, { member, request, topic, at });
      }
      case 'ack':
        return this.#receiving.acknowledge((args as SyncArgs<'ack'>).request, asked);
      case 'hold':
        return this.#receiving.hold((args as SyncArgs<'hold'>).request, asked);
      case 'lock': {
        const { name, slots } = args as SyncArgs<'lock'>;
        const waiter = { member, request, name, at };
        if (this.#state.locks.lock(waiter, slots)) return [settling.grant(waiter)];
        this.#waiting.set(request, { kind: 'lock', member, waiter });
        return [];
      }
      case 'unlock': {
        const { name } = args as SyncArgs<'unlock'>;
        const next = this.#state.locks.unlock(name, member);
        const done = settling.done({ did: 'unlock', lock: name, member, request }, {});
        return [done, ...next.map((waiter) => settling.grant(waiter))];
      }
    }
  }

  #arrive(args: BarrierArgs, { member, request, at }: Asked): Settled[] {
    const { name, data } = args;
    const handed = this.#settling.handOn(member, name, request);
    if (handed) return [handed];
    const arrival: LastArrival = { request, answer: undefined };
    this.#waiting.set(request, { kind: 'barrier', member, name, arrival });
    const settled = this.#settling.barrier(
      this.#state.barrier(name).arrive({ member, request, at, data }, args),
    );
    this.#state.decisions.letIn(member, name, arrival);
    return settled;
  }

  #withdrawArrival({ member, name }: { member: string; name: string }, request: string): void {
    const barrier = this.#state.barriers.get(name);
    barrier?.withdraw(member);
    this.#state.decisions.forgetArrival(member, name, request);
    if (barrier?.untouched) this.#state.barriers.delete(name);
  }

  #get({ key, wait = false }: SyncArgs<'get'>, asked: Asked): Settled[] {
    const value = this.#state.keys.get(key);
    // A look is no decision: asked again it looks again.
    if (value !== undefined || !wait) return [found(asked.request, value)];
    const waiter = { ...asked, key };
    this.#state.keys.wait(waiter);
    this.#waiting.set(asked.request, { kind: 'key', member: asked.member, waiter });
    return this.#breakIfAlone(asked.member, asked.request);
  }

  /** Withdraws all that the member waits for, and gives back what it was given: holds last, or it would give to itself. */
  #endWaitsOf(member: string, how: string): Settled[] {
    const requests = this.waitingRequests(member);
    const isHold = (request: string) => this.#waiting.get(request)?.kind === 'hold';
    const inOrder = [...requests.filter((request) => !isHold(request)), ...requests.filter(isHold)];
    const error = new TuttiError('CANCELLED', `${member} ${how}`);
    const settled = inOrder.flatMap((request): Settled[] => {
      const wait = this.#waitOf(request);
      if (wait) this.#settling.waited(wait, error);
      return [...this.withdraw(request), { request, answer: { ok: false, error } }];
    });
    return [...settled, ...this.#receiving.giveAllBack(member)];
  }

  /** Breaks what can no longer be, now that the cast has changed. */
  #breakHopeless(at: number): Settled[] {
    const settled = [...this.#state.barriers.values()].flatMap((barrier) =>
      this.#settling.barrier(barrier.castChanged(at)),
    );
    // Cheap while two are left: each could do it for the other.
    if (this.cast.mayGrow || this.cast.size - this.cast.goneCount > 1) return settled;
    const alone = [...this.#waiting.others()].flatMap(([request, { member }]) =>
      this.#breakIfAlone(member, request),
    );
    return [...settled, ...alone];
  }

  /** Keys and messages can come from any other member, and only while there is one. */
  #breakIfAlone(member: string, request: string): Settled[] {
    if (this.cast.someoneBeside(member)) return [];
    const waiting = this.#waiting.get(request);
    if (waiting?.kind !== 'key' && waiting?.kind !== 'message') return [];
    const others = this.cast.goneNames().filter((name) => name !== member);
    const message = aloneInWords(waiting, others, this.cast);
    return [this.#failWait(member, request, broken('WAIT_BROKEN', message, others[0]))];
  }

  #giveUp(request: string, message: string): Settled[] {
    const member = this.#waiting.get(request)?.member;
    if (member === undefined) return [];
    return [this.#failWait(member, request, new TuttiError('TIMED_OUT', message))];
  }

  /** What was waited for is known before it is withdrawn. */
  #failWait(member: string, request: string, error: TuttiError): Settled {
    const wait = this.#waitOf(request);
    if (wait) this.#settling.waited(wait, error);
    this.withdraw(request);
    return this.#settling.fail(member, request, error);
  }

  #waitOf(request: string): Wait | undefined {
    const waiting = this.#waiting.get(request);
    if (waiting?.kind !== 'barrier') return waiting && waitOf(waiting, this.#state.locks);
    const { member, name } = waiting;
    const since = this.#state.barriers.get(name)?.waiting.get(member)?.at;
    return since === undefined
      ? undefined
      : { member, on: `barrier "${name}"`, since, missing: [], needs: 0 };
  }
}
