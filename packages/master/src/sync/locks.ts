/**
 * Locks of a sync space, first come, first served. Pure.
 *
 * A lock has as many slots as its first holder said, for good; a member holds at most one of them. Who ends gives back
 * what it holds. Who is lost may still be at work, so its slot is never handed on: when all are held by the lost, whoever
 * waits, now or later, is told so.
 */
import { TuttiError } from '@tutti/protocol';
import type { Cast } from './cast.ts';
import { broken } from './effects.ts';
import { queueUp } from './in-turn.ts';

export interface LockWaiter {
  readonly member: string;
  readonly request: string;
  readonly name: string;
  /** Master time in seconds. */
  readonly at: number;
}

interface Lock {
  readonly slots: number;
  /** Who said so. */
  readonly first: string;
  readonly holders: Set<string>;
  queue: LockWaiter[];
}

export class Locks {
  readonly #cast: Cast;
  readonly #locks = new Map<string, Lock>();

  constructor(cast: Cast) {
    this.#cast = cast;
  }

  /** True when it is granted at once; else it waits. Throws `ALREADY_HELD`, `LOCK_DISAGREEMENT` or `WAIT_BROKEN`. */
  lock(waiter: LockWaiter, slots: number | undefined): boolean {
    const { name, member } = waiter;
    const lock = this.#locks.get(name);
    if (lock === undefined) {
      this.grant(name, slots ?? 1, member);
      return true;
    }
    if (lock.holders.has(member))
      throw new TuttiError('ALREADY_HELD', `${member} holds lock "${name}" already; unlock it first`);
    if (lock.queue.some((other) => other.member === member))
      throw new TuttiError('ALREADY_HELD', `${member} waits for lock "${name}" already`);
    if ((slots ?? 1) !== lock.slots)
      throw new TuttiError(
        'LOCK_DISAGREEMENT',
        `lock "${name}": ${member} says ${slotsInWords(slots ?? 1)}, but ${lock.first} said ${slotsInWords(lock.slots)}`,
      );
    if (this.#isDead(lock)) throw this.broken(name);
    if (lock.holders.size < lock.slots) {
      lock.holders.add(member);
      return true;
    }
    queueUp(lock.queue, waiter);
    return false;
  }

  /** Who gets it next. Throws `NOT_HELD`. */
  unlock(name: string, member: string): LockWaiter[] {
    const lock = this.#locks.get(name);
    if (lock?.holders.has(member)) return this.#free(lock, member);
    const holders = lock && lock.holders.size > 0 ? `; ${this.#held(lock)}` : '';
    throw new TuttiError('NOT_HELD', `${member} does not hold lock "${name}"${holders}`);
  }

  /** The member has left the cast: who gets what it held, and whose waits its loss breaks. */
  leave(member: string): { granted: LockWaiter[]; broken: LockWaiter[] } {
    const left: { granted: LockWaiter[]; broken: LockWaiter[] } = { granted: [], broken: [] };
    for (const lock of this.#locks.values()) {
      if (!lock.holders.has(member)) continue;
      if (!this.#cast.isLost(member)) left.granted.push(...this.#free(lock, member));
      else if (this.#isDead(lock)) left.broken.push(...lock.queue.splice(0));
    }
    return left;
  }

  withdraw({ name, request }: LockWaiter): void {
    const lock = this.#locks.get(name);
    if (lock) lock.queue = lock.queue.filter((waiter) => waiter.request !== request);
  }

  grant(name: string, slots: number, member: string): void {
    const lock = this.#locks.get(name);
    if (lock) lock.holders.add(member);
    else this.#locks.set(name, { slots, first: member, holders: new Set([member]), queue: [] });
  }

  slots(name: string): number {
    return this.#locks.get(name)?.slots ?? 1;
  }

  holders(name: string): string[] {
    return [...(this.#locks.get(name)?.holders ?? [])];
  }

  /** `held by client.1 on n3: running` */
  heldBy(name: string): string {
    const lock = this.#locks.get(name);
    return lock ? this.#held(lock) : 'held by nobody';
  }

  /** What is told of a lock that no wait can get any more. */
  broken(name: string): TuttiError {
    const holders = this.holders(name);
    const message = `lock "${name}" is never handed on, because what held it may still be at work: ${this.heldBy(name)}`;
    return broken('WAIT_BROKEN', message, holders[0]);
  }

  #held({ holders }: Lock): string {
    return `held by ${this.#cast.describeMissing(holders)}`;
  }

  #free(lock: Lock, member: string): LockWaiter[] {
    lock.holders.delete(member);
    const granted = lock.queue.splice(0, lock.slots - lock.holders.size);
    for (const waiter of granted) lock.holders.add(waiter.member);
    return granted;
  }

  #isDead({ slots, holders }: Lock): boolean {
    return holders.size === slots && [...holders].every((member) => this.#cast.isLost(member));
  }
}

function slotsInWords(slots: number): string {
  return slots === 1 ? '1 slot' : `${slots} slots`;
}
