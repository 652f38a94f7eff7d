/** The requests of a space that wait, and what each of them waits for. Pure. */
import { FleetingMap } from '@tutti/link';
import type { LastArrival } from './decisions.ts';
import type { KeyWaiter } from './keys.ts';
import type { LockWaiter } from './locks.ts';
import type { Reader } from './topics.ts';

export type Waiting =
  | { kind: 'barrier'; member: string; name: string; arrival: LastArrival }
  | { kind: 'key'; member: string; waiter: KeyWaiter }
  | { kind: 'message'; member: string; reader: Reader }
  /** A `recv` that cannot be answered before it is known whether the caller of `behind` lives, which has the message before. */
  | { kind: 'turn'; member: string; reader: Reader; wait: boolean; behind: string }
  | { kind: 'lock'; member: string; waiter: LockWaiter }
  /** Waits for nothing: it stands for the life of the caller whose request `of` is. */
  | { kind: 'hold'; member: string; of: string };

export class WaitingRequests {
  readonly #all = new FleetingMap<string, Waiting>();
  /** By member, without arrivals: the barriers have these, and they are many. */
  readonly #ofMembers = new Map<string, Set<string>>();
  /** Who holds what which request was given. */
  readonly #holds = new Map<string, string>();

  has(request: string): boolean {
    return this.#all.has(request);
  }

  get(request: string): Waiting | undefined {
    return this.#all.get(request);
  }

  set(request: string, waiting: Waiting): void {
    this.#all.set(request, waiting);
    if (waiting.kind === 'barrier') return;
    if (waiting.kind === 'hold') this.#holds.set(waiting.of, request);
    const requests = this.#ofMembers.get(waiting.member);
    if (requests) requests.add(request);
    else this.#ofMembers.set(waiting.member, new Set([request]));
  }

  /** It waits no longer; returns what it waited for. */
  take(request: string): Waiting | undefined {
    const waiting = this.#all.get(request);
    if (waiting === undefined) return undefined;
    this.#all.delete(request);
    if (waiting.kind === 'barrier') return waiting;
    if (waiting.kind === 'hold' && this.#holds.get(waiting.of) === request) this.#holds.delete(waiting.of);
    const requests = this.#ofMembers.get(waiting.member);
    requests?.delete(request);
    if (requests?.size === 0) this.#ofMembers.delete(waiting.member);
    return waiting;
  }

  /** Of one member, but for its arrivals. */
  of(member: string): string[] {
    return [...(this.#ofMembers.get(member) ?? [])];
  }

  /** The request that stands for the life of that request's caller. */
  holdOf(request: string): string | undefined {
    return this.#holds.get(request);
  }

  /** All but arrivals, in no particular order of members. */
  *others(): Iterable<[string, Waiting]> {
    for (const requests of this.#ofMembers.values())
      for (const request of requests) {
        const waiting = this.#all.get(request);
        if (waiting) yield [request, waiting];
      }
  }
}
