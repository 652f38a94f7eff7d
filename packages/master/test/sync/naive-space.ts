/**
 * A sync space written to be obviously right: lists, loops and no cleverness, for histories of a few members. It says
 * which requests each event answers, and with what.
 */
import type { Player } from '../../src/sync/cast.ts';

export type Who = { say: 'all' } | { say: 'count'; n: number } | { say: 'role'; role: string };

export type Event =
  | { do: 'arrive'; member: string; name: string; who: Who; data: number | undefined }
  | { do: 'abort'; member: string; name: string }
  | { do: 'set' | 'incr' | 'get' | 'wait'; member: string; key: string }
  /** Of the request that many events ago. */
  | { do: 'repeat' | 'withdraw' | 'time out'; ago: number }
  | { do: 'leave'; member: string }
  /** Its machine; `heard`: its script has been told all that was decided for it before. */
  | { do: 'reboot'; member: string; heard: boolean }
  /** Of the run: its last members come. */
  | { do: 'join' }
  /** Of the master: what waits is forgotten, and asked again. */
  | { do: 'restart' };

export interface Asked {
  request: string;
  /** By an incarnation that is no more: it is not asked again. */
  past?: true;
  event: Extract<Event, { member: string }>;
}

/** An error's code, or the result; for a release with the data of all. */
export type Answer = string | object;

interface Arrival extends Asked {
  event: Extract<Event, { do: 'arrive' }>;
}

interface NaiveBarrier {
  generation: number;
  arrivals: Arrival[];
  broken: string | undefined;
}

export class NaiveSpace {
  readonly #players: Player[];
  readonly #ofRun: boolean;
  /** More members may come. */
  #open: boolean;
  /** By member and barrier: the newest arrival there that was let in, and the answer that a new incarnation is to get. */
  readonly #newest = new Map<string, { member: string; name: string; request: string }>();
  readonly #owed = new Map<string, Answer>();
  readonly #gone = new Set<string>();
  readonly #barriers = new Map<string, NaiveBarrier>();
  readonly #keys = new Map<string, number>();
  readonly #decided = new Map<string, Answer>();
  #waitingForKeys: Asked[] = [];

  constructor(players: readonly Player[], ofRun = false) {
    this.#players = [...players];
    this.#ofRun = ofRun;
    this.#open = ofRun;
  }

  has(member: string): boolean {
    return this.#players.some(({ name }) => name === member);
  }

  get open(): boolean {
    return this.#open;
  }

  get players(): readonly Player[] {
    return this.#players;
  }

  /** The last members. */
  join(players: readonly Player[]): Map<string, Answer> {
    const told = new Map<string, Answer>();
    this.#players.push(...players);
    this.#open = false;
    for (const barrier of this.#barriers.values()) this.#breakIfHopeless(barrier, told);
    this.#breakHopelessWaits(told);
    return told;
  }

  ask(asked: Asked): Map<string, Answer> {
    const { request, event } = asked;
    const told = new Map<string, Answer>();
    const known = this.#decided.get(request);
    if (known !== undefined) return told.set(request, known);
    if (this.#waits(request)) return told;
    if (this.#gone.has(event.member) || !this.has(event.member)) return told.set(request, 'NO_SUCH_MEMBER');
    switch (event.do) {
      case 'arrive':
        this.#arrive({ request, event }, told);
        break;
      case 'abort': {
        this.#decide(told, request, {});
        const barrier = this.#barrier(event.name);
        if (barrier.broken === undefined) this.#break(barrier, 'BARRIER_ABORTED', told);
        break;
      }
      case 'set':
        this.#decide(told, request, {});
        this.#set(event.key, 7, told);
        break;
      case 'incr': {
        const value = (this.#keys.get(event.key) ?? 0) + 1;
        this.#decide(told, request, { value });
        this.#set(event.key, value, told);
        break;
      }
      case 'get':
        told.set(request, this.#look(event.key));
        break;
      case 'wait':
        if (this.#keys.has(event.key)) told.set(request, this.#look(event.key));
        else {
          this.#waitingForKeys.push(asked);
          this.#breakHopelessWaits(told);
        }
        break;
      case 'leave':
      case 'reboot':
        break;
    }
    return told;
  }

  withdraw(request: string): void {
    this.#waitingForKeys = this.#waitingForKeys.filter((waiting) => waiting.request !== request);
    for (const barrier of this.#barriers.values())
      barrier.arrivals = barrier.arrivals.filter((arrival) => arrival.request !== request);
  }

  timeOut(request: string): Map<string, Answer> {
    const told = new Map<string, Answer>();
    const key = this.#waitingForKeys.find((waiting) => waiting.request === request);
    if (key) {
      this.withdraw(request);
      this.#decide(told, request, 'TIMED_OUT');
    }
    for (const barrier of this.#barriers.values()) {
      if (!barrier.arrivals.some((arrival) => arrival.request === request)) continue;
      this.#break(barrier, 'BARRIER_BROKEN', told);
      this.#decide(told, request, 'TIMED_OUT');
    }
    return told;
  }

  leave(member: string): Map<string, Answer> {
    const told = this.#endWaitsOf(member);
    this.#gone.add(member);
    for (const barrier of this.#barriers.values()) this.#breakIfHopeless(barrier, told);
    this.#breakHopelessWaits(told);
    return told;
  }

  /** Releases of which the script was not told are for the next arrivals at the same barriers. */
  reboot(member: string, heard: boolean): Map<string, Answer> {
    const told = this.#endWaitsOf(member);
    for (const arrival of heard ? [] : this.newest(member)) {
      const answer = this.#decided.get(arrival.request);
      if (typeof answer === 'object') this.#owed.set(place(arrival), answer);
    }
    return told;
  }

  /** At each barrier, the member's newest arrival: older ones its script has given up, or knows the answer to. */
  newest(member: string): { member: string; name: string; request: string }[] {
    return [...this.#newest.values()].filter((arrival) => arrival.member === member);
  }

  #endWaitsOf(member: string): Map<string, Answer> {
    const told = new Map<string, Answer>();
    const own = [
      ...this.#waitingForKeys,
      ...[...this.#barriers.values()].flatMap(({ arrivals }) => arrivals),
    ].filter(({ event }) => event.member === member);
    for (const { request } of own) {
      this.withdraw(request);
      told.set(request, 'CANCELLED');
    }
    return told;
  }

  /** Forgets what waits, and says what that was. */
  restart(): Asked[] {
    const waiting = [
      ...this.#waitingForKeys,
      ...[...this.#barriers.values()].flatMap(({ arrivals }) => arrivals),
    ];
    for (const { request } of waiting) this.withdraw(request);
    return waiting;
  }

  #arrive(arrival: Arrival, told: Map<string, Answer>): void {
    const { request, event } = arrival;
    const { member, name, who } = event;
    const barrier = this.#barrier(name);
    const owed = this.#owed.get(place(event));
    if (owed !== undefined) {
      this.#owed.delete(place(event));
      this.#newest.set(place(event), { member, name, request });
      return this.#decide(told, request, owed);
    }
    if (barrier.broken !== undefined) return this.#decide(told, request, barrier.broken);
    if (barrier.arrivals.some((other) => other.event.member === member))
      return this.#decide(told, request, 'ALREADY_ARRIVED');
    const size = this.#size(who);
    const refused = this.#ofRun
      ? who.say !== 'count'
      : size > this.#players.length || !this.#mayCome(who).includes(member);
    if (refused || size < 1) return this.#decide(told, request, 'BAD_PARTICIPANTS');
    const [first] = barrier.arrivals;
    barrier.arrivals.push(arrival);
    this.#newest.set(place(event), { member, name, request });
    if (first && !this.#same(first.event.who, who)) return this.#break(barrier, 'BARRIER_DISAGREEMENT', told);
    if (barrier.arrivals.length === size) this.#release(barrier, told);
    else this.#breakIfHopeless(barrier, told);
  }

  #release(barrier: NaiveBarrier, told: Map<string, Answer>): void {
    const { arrivals, generation } = barrier;
    barrier.arrivals = [];
    barrier.generation += 1;
    const data = arrivals.map(({ event }) => [event.member, event.data]);
    const hasData = arrivals.some(({ event }) => event.data !== undefined);
    for (const [rank, { request }] of arrivals.entries())
      this.#decide(told, request, { generation, rank, size: arrivals.length, hasData, data });
  }

  #break(barrier: NaiveBarrier, code: string, told: Map<string, Answer>): void {
    const { arrivals } = barrier;
    barrier.arrivals = [];
    barrier.broken = code;
    for (const { request } of arrivals) this.#decide(told, request, code);
  }

  #breakIfHopeless(barrier: NaiveBarrier, told: Map<string, Answer>): void {
    const [first] = barrier.arrivals;
    if (first === undefined || this.#open) return;
    const { who } = first.event;
    const here = barrier.arrivals.map(({ event }) => event.member);
    const coming = this.#mayCome(who).filter((member) => !here.includes(member) && !this.#gone.has(member));
    if (here.length + coming.length < this.#size(who)) this.#break(barrier, 'BARRIER_BROKEN', told);
  }

  #breakHopelessWaits(told: Map<string, Answer>): void {
    for (const { request, event } of [...this.#waitingForKeys]) {
      const others = this.#players.filter(({ name }) => name !== event.member && !this.#gone.has(name));
      if (others.length > 0 || this.#open) continue;
      this.withdraw(request);
      this.#decide(told, request, 'WAIT_BROKEN');
    }
  }

  #set(key: string, value: number, told: Map<string, Answer>): void {
    this.#keys.set(key, value);
    for (const { request, event } of [...this.#waitingForKeys]) {
      if (!('key' in event) || event.key !== key) continue;
      this.withdraw(request);
      told.set(request, { found: true, value });
    }
  }

  #look(key: string): Answer {
    return { found: this.#keys.has(key), value: this.#keys.get(key) ?? null };
  }

  #waits(request: string): boolean {
    const arrivals = [...this.#barriers.values()].flatMap((barrier) => barrier.arrivals);
    return [...arrivals, ...this.#waitingForKeys].some((waiting) => waiting.request === request);
  }

  #decide(told: Map<string, Answer>, request: string, answer: Answer): void {
    this.#decided.set(request, answer);
    told.set(request, answer);
  }

  #barrier(name: string): NaiveBarrier {
    const barrier = this.#barriers.get(name) ?? { generation: 0, arrivals: [], broken: undefined };
    this.#barriers.set(name, barrier);
    return barrier;
  }

  #mayCome(who: Who): string[] {
    const players = this.#players.filter(({ role }) => who.say !== 'role' || role === who.role);
    return players.map(({ name }) => name);
  }

  #size(who: Who): number {
    return who.say === 'count' ? who.n : this.#mayCome(who).length;
  }

  #same(a: Who, b: Who): boolean {
    // All of n is any n of n.
    const anyOf = (who: Who) => who.say === 'count' && (this.#ofRun || who.n < this.#players.length);
    if (this.#size(a) !== this.#size(b) || anyOf(a) !== anyOf(b)) return false;
    return this.#mayCome(a).every((member) => this.#mayCome(b).includes(member));
  }
}

/** What the member did last at the barrier. */
function place({ member, name }: { member: string; name: string }): string {
  return `${member} ${name}`;
}
