/** Topics and locks written to be obviously right: lists that are gone through again and again until nothing changes. */

export type Answer = string | object;
export type Told = Map<string, Answer>;

export type Event =
  | { do: 'send' | 'recv' | 'take' | 'poll' | 'lock' | 'unlock'; member: string; name: string }
  /** Of the request that many requests ago. */
  | { do: 'ack' | 'repeat' | 'withdraw' | 'caller dies' | 'time out'; ago: number }
  | { do: 'end' | 'lose'; member: string }
  /** Another agent is there; and the time is over in which callers could come again to it. */
  | { do: 'new agent' | 'time is up'; member: string }
  | { do: 'restart' };

export interface Asked {
  request: string;
  event: Extract<Event, { name: string }>;
}

interface Given extends Asked {
  offset: number;
  consumed: boolean;
  /** Whether its caller lives is not known. */
  inDoubt: boolean;
}

export class NaiveTopics {
  readonly #members: readonly string[];
  readonly #messages = new Map<string, string[]>();
  readonly #decided = new Map<string, Answer>();
  readonly #gone = new Set<string>();
  readonly #lost = new Set<string>();
  /** By lock, in the order in which they got it. */
  readonly #holders = new Map<string, string[]>();
  #given: Given[] = [];
  /** In the order in which they came. */
  #waiting: Asked[] = [];

  constructor(members: readonly string[]) {
    this.#members = members;
  }

  get waiting(): readonly Asked[] {
    return this.#waiting;
  }

  isGiven(request: string): boolean {
    return this.#given.some((each) => each.request === request && !each.consumed);
  }

  ask(asked: Asked): Told {
    const told: Told = new Map();
    const { request, event } = asked;
    const known = this.#known(request);
    if (known !== undefined) {
      told.set(request, known);
      for (const each of this.#given) if (each.request === request) each.inDoubt = false;
      this.#settle(told);
      return told;
    }
    if (this.#waiting.some((each) => each.request === request)) return told;
    if (this.#gone.has(event.member)) return told.set(request, 'NO_SUCH_MEMBER');
    this.#take(asked, told);
    this.#settle(told);
    return told;
  }

  /** Its own answer, and those of others. */
  ack({ request, event }: Asked): [Answer, Told] {
    const told: Told = new Map();
    if (this.#gone.has(event.member)) return ['NO_SUCH_MEMBER', told];
    const given = this.#given.find((each) => each.request === request);
    if (given === undefined) return ['NOT_HELD', told];
    given.consumed = true;
    this.#settle(told);
    return [{}, told];
  }

  /** What its callers wait for is forgotten; what they were given they have until the time is up. */
  newAgent(member: string): void {
    this.#waiting = this.#waiting.filter(({ event }) => event.member !== member);
    for (const each of this.#given) if (each.event.member === member) each.inDoubt = true;
  }

  timeIsUp(member: string): Told {
    this.#given = this.#given.filter(
      ({ event, consumed, inDoubt }) => event.member !== member || consumed || !inDoubt,
    );
    const told: Told = new Map();
    this.#settle(told);
    return told;
  }

  /** Its caller is gone, as its agent sees: it neither waits nor has what it was given. */
  die(request: string): Told {
    this.withdraw(request);
    this.#given = this.#given.filter((each) => each.request !== request || each.consumed || each.inDoubt);
    const told: Told = new Map();
    this.#settle(told);
    return told;
  }

  withdraw(request: string): void {
    this.#waiting = this.#waiting.filter((each) => each.request !== request);
  }

  timeOut(request: string): Told {
    const told: Told = new Map();
    if (this.#waiting.some((each) => each.request === request)) this.#decide(told, request, 'TIMED_OUT');
    return told;
  }

  leave(member: string, lost: boolean): Told {
    const told: Told = new Map();
    if (this.#gone.has(member)) return told;
    for (const { request } of this.#waiting.filter(({ event }) => event.member === member)) {
      told.set(request, 'CANCELLED');
      this.withdraw(request);
    }
    this.#given = this.#given.filter(({ event, consumed }) => event.member !== member || consumed);
    this.#gone.add(member);
    if (lost) this.#lost.add(member);
    else for (const [name, all] of this.#holders) this.#holders.set(name, without(all, member));
    this.#settle(told);
    return told;
  }

  /** What waits is forgotten; what was decided is not. */
  restart(): void {
    this.#waiting = [];
  }

  /** Requests are numbered as they are asked first. */
  #queueUp(asked: Asked): void {
    const number = ({ request }: Asked) => Number(request.split('-')[1]);
    this.#waiting = [...this.#waiting, asked].toSorted((a, b) => number(a) - number(b));
  }

  #take(asked: Asked, told: Told): void {
    const { request, event } = asked;
    const { member, name } = event;
    const holders = this.#holders.get(name) ?? [];
    const same = (other: Asked) => other.event.member === member && other.event.name === name;
    switch (event.do) {
      case 'send': {
        const messages = this.#messages.get(name) ?? [];
        this.#messages.set(name, [...messages, request]);
        this.#decide(told, request, { offset: messages.length });
        return;
      }
      case 'recv': {
        const waiting = this.#waiting.some((each) => each.event.do === 'recv' && same(each));
        if (waiting) this.#decide(told, request, 'ALREADY_RECEIVING');
        else this.#queueUp(asked);
        return;
      }
      case 'take':
        this.#queueUp(asked);
        return;
      case 'poll':
        this.#queueUp({ request, event: { ...event, do: 'take' } });
        this.#settle(told);
        if (told.has(request) && told.get(request) !== 'WAIT_BROKEN') return;
        // Who does not wait is not told that nobody can send.
        this.#decided.delete(request);
        this.withdraw(request);
        told.set(request, { found: false, offset: this.#messages.get(name)?.length ?? 0, data: null });
        return;
      case 'lock':
        if (holders.includes(member) || this.#waiting.some((each) => each.event.do === 'lock' && same(each)))
          this.#decide(told, request, 'ALREADY_HELD');
        else this.#queueUp(asked);
        return;
      case 'unlock':
        this.#decide(told, request, holders.includes(member) ? {} : 'NOT_HELD');
        this.#holders.set(name, without(holders, member));
    }
  }

  /** Everybody who waits gets what there is, first come, first served; who can never get it is told so. */
  #settle(told: Told): void {
    for (const asked of [...this.#waiting]) {
      const { request, event } = asked;
      const { member, name } = event;
      if (event.do === 'lock') {
        const holders = this.#holders.get(name) ?? [];
        if (holders.length < slotsOf(name)) {
          this.#holders.set(name, [...holders, member]);
          this.#decide(told, request, {});
        } else if (holders.every((holder) => this.#lost.has(holder)))
          this.#decide(told, request, 'WAIT_BROKEN');
        continue;
      }
      const before = this.#given.find(
        (each) =>
          event.do === 'recv' &&
          each.event.do === 'recv' &&
          !each.consumed &&
          each.event.member === member &&
          each.event.name === name,
      );
      if (before?.inDoubt === true) continue;
      if (before !== undefined) {
        this.#decide(told, request, 'ALREADY_RECEIVING');
        continue;
      }
      const offset = this.#next(asked);
      if (offset !== undefined) {
        this.#given.push({ ...asked, offset, consumed: false, inDoubt: false });
        this.withdraw(request);
        told.set(request, this.#known(request)!);
      } else if (this.#members.every((other) => other === member || this.#gone.has(other)))
        this.#decide(told, request, 'WAIT_BROKEN');
    }
  }

  #next({ event: { do: how, member, name } }: Asked): number | undefined {
    const free = (this.#messages.get(name) ?? []).findIndex(
      (_, offset) =>
        !this.#given.some(
          ({ event, offset: other }) =>
            other === offset &&
            event.name === name &&
            (how === 'recv') === (event.do === 'recv') &&
            (how !== 'recv' || event.member === member),
        ),
    );
    return free === -1 ? undefined : free;
  }

  #known(request: string): Answer | undefined {
    const given = this.#given.find((each) => each.request === request);
    if (given === undefined) return this.#decided.get(request);
    return { found: true, offset: given.offset, data: this.#messages.get(given.event.name)?.[given.offset] };
  }

  #decide(told: Told, request: string, answer: Answer): void {
    this.withdraw(request);
    this.#decided.set(request, answer);
    told.set(request, answer);
  }
}

/** In these histories the second lock has two slots. */
export function slotsOf(name: string): number {
  return name === 'b' ? 2 : 1;
}

function without(all: readonly string[], member: string): string[] {
  return all.filter((other) => other !== member);
}
