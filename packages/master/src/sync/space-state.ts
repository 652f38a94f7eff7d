/**
 * What a space knows and has decided, without who waits: all that can be made again from its effects. Pure.
 */

import { TuttiError } from '@tutti/protocol';
import { Barrier, type Release } from './barrier.ts';
import { BarrierRecords } from './barrier-records.ts';
import { Cast, type Player, type Whole } from './cast.ts';
import { type Answer, Decisions, type LastArrival } from './decisions.ts';
import { type Caller, type Effect, revived } from './effects.ts';
import { Keys } from './keys.ts';
import { Locks } from './locks.ts';
import { Room } from './room.ts';
import { Topics } from './topics.ts';

export class SpaceState {
  readonly cast: Cast;
  readonly records = new BarrierRecords();
  readonly keys: Keys;
  readonly topics: Topics;
  readonly locks: Locks;
  readonly barriers = new Map<string, Barrier>();
  readonly decisions = new Decisions();

  constructor(players: Iterable<Player>, of?: Whole) {
    this.cast = new Cast(players, of);
    const room = new Room(this.cast.words);
    this.keys = new Keys(room);
    this.topics = new Topics(room);
    this.locks = new Locks(this.cast);
  }

  barrier(name: string): Barrier {
    let barrier = this.barriers.get(name);
    if (barrier === undefined) {
      barrier = new Barrier(name, this.cast);
      this.barriers.set(name, barrier);
    }
    return barrier;
  }

  /** The counterpart of all that a space emits; nobody waits yet, so nobody is woken. */
  apply(effect: Effect): void {
    switch (effect.did) {
      case 'release':
        this.barrier(effect.name).restoreRelease(effect.generation);
        this.records.add(effect);
        for (const [rank, { member, request }] of effect.arrivals.entries())
          this.#restoreArrival(effect.name, [member, request], answerOf(effect, rank));
        break;
      case 'break': {
        const error = revived(effect.error);
        this.barrier(effect.name).restoreBreak(error);
        for (const [member, request] of effect.waiters) {
          this.decisions.tell(member, error);
          const own = ownError(error, request, effect.timedOut);
          this.#restoreArrival(effect.name, [member, request], { ok: false, error: own });
        }
        break;
      }
      case 'owe':
        this.decisions.owe(effect.member, effect.name, effect.request);
        break;
      case 'hand': {
        const answer = this.decisions.owed(effect.member, effect.name);
        if (answer) this.#restoreArrival(effect.name, [effect.member, effect.request], answer);
        break;
      }
      case 'fail': {
        const error = revived(effect.error);
        this.decisions.tell(effect.member, error);
        this.decisions.keep(effect.request, { ok: false, error });
        break;
      }
      case 'abort':
        this.decisions.keep(effect.request, { ok: true, result: {} });
        break;
      case 'set':
        this.keys.set(effect.key, effect.value);
        this.decisions.keep(effect.request, { ok: true, result: {} });
        break;
      case 'incr':
        this.keys.set(effect.key, effect.value);
        this.decisions.keep(effect.request, { ok: true, result: { value: effect.value } });
        break;
      case 'send': {
        const { offset } = this.topics.send(effect.topic, effect.data);
        this.decisions.keep(effect.request, { ok: true, result: { offset } });
        break;
      }
      case 'deliver':
        for (const [member, request] of effect.to)
          this.topics.deliver(effect.how, effect.topic, effect.offset, member, request);
        break;
      case 'ack':
        this.topics.ack(effect.request);
        break;
      case 'return':
        this.topics.giveBack(effect.request);
        break;
      case 'grant':
        this.locks.grant(effect.lock, effect.slots, effect.member);
        this.decisions.keep(effect.request, { ok: true, result: {} });
        break;
      case 'unlock':
        this.locks.unlock(effect.lock, effect.member);
        this.decisions.keep(effect.request, { ok: true, result: {} });
        break;
      case 'leave':
        this.cast.leave(effect.member, effect.how, effect.lost);
        this.locks.leave(effect.member);
        break;
    }
  }

  #restoreArrival(barrier: string, [member, request]: Caller, answer: Answer): void {
    const arrival: LastArrival = { request, answer: undefined };
    this.decisions.letIn(member, barrier, arrival);
    this.decisions.keepArrival(arrival, answer);
  }
}

export function answerOf(release: Release, rank: number): Answer {
  const { generation, hasData, arrivals } = release;
  return { ok: true, result: { generation, rank, size: arrivals.length, hasData }, release };
}

export function ownError(error: TuttiError, request: string, timedOut: string | undefined): TuttiError {
  return request === timedOut ? new TuttiError('TIMED_OUT', error.message) : error;
}
