/** A space and the model of its topics and locks, told the same, and expected to answer the same. */
import { deepStrictEqual } from 'node:assert/strict';
import type { Effect } from '../../src/sync/effects.ts';
import { type Settled, SyncSpace } from '../../src/sync/space.ts';
import { type Answer, type Asked, type Event, NaiveTopics, slotsOf, type Told } from './naive-topics.ts';
import { players } from './players.ts';

export const CAST = players({ server: 1, client: 2 });

export class TopicsPair {
  readonly naive = new NaiveTopics(CAST.map(({ name }) => name));
  readonly asked: Asked[] = [];
  /** When each was asked first: who repeats it says so. */
  readonly #times = new Map<string, number>();
  readonly seen: Record<string, number>;
  #space = new SyncSpace(CAST);
  readonly #log: Effect[] = [];

  constructor(seen: Record<string, number>) {
    this.seen = seen;
  }

  play(event: Event, at: number): void {
    switch (event.do) {
      case 'restart':
        return this.#restart(at);
      case 'end':
      case 'lose': {
        const lost = event.do === 'lose';
        const left = this.#space.leave(event.member, 'left', at, { lost });
        return this.#same(left, this.naive.leave(event.member, lost));
      }
      case 'new agent': {
        for (const request of this.#space.waitingRequests(event.member))
          deepStrictEqual(this.#space.withdraw(request, { mayComeAgain: true }), []);
        this.#space.doubtUnheld(event.member);
        return this.naive.newAgent(event.member);
      }
      case 'time is up': {
        const told = this.naive.timeIsUp(event.member);
        if (told.size > 0) this.seen['returned']! += 1;
        return this.#same(this.#space.returnUnheld(event.member), told);
      }
      case 'ack':
      case 'repeat':
      case 'withdraw':
      case 'caller dies':
      case 'time out': {
        const earlier = this.#earlier(event);
        if (earlier) this.#again(event.do, earlier, at);
        return;
      }
      default: {
        const first = { request: `request-${this.asked.length}`, event };
        this.asked.push(first);
        this.#same(this.#ask(first, at), this.naive.ask(first));
      }
    }
  }

  /** Of what is acknowledged or given up most was given. */
  #earlier({ do: how, ago }: Extract<Event, { ago: number }>): Asked | undefined {
    const given = this.asked.filter(({ request }) => this.naive.isGiven(request));
    const about = (how === 'ack' || how === 'caller dies') && given.length > 0 ? given : this.asked;
    return about.at(-1 - (ago % Math.max(1, about.length)));
  }

  #again(how: 'ack' | 'repeat' | 'withdraw' | 'caller dies' | 'time out', earlier: Asked, at: number): void {
    const { request, event } = earlier;
    switch (how) {
      case 'ack': {
        const asked = { member: event.member, request: `ack-${this.asked.length}-${at}`, at };
        const settled = this.#space.ask('ack', { request }, asked);
        const own = settled.filter((each) => each.request === asked.request);
        const [answer, others] = this.naive.ack(earlier);
        deepStrictEqual(
          own.map((each) => brief(each.answer)),
          [answer],
        );
        this.#same(
          settled.filter((each) => !own.includes(each)),
          others,
        );
        if (own[0]?.answer.ok) this.seen['acked']! += 1;
        return;
      }
      case 'repeat':
        return this.#same(this.#ask(earlier, at), this.naive.ask(earlier));
      case 'withdraw':
        deepStrictEqual(this.#space.withdraw(request), []);
        return this.naive.withdraw(request);
      case 'caller dies': {
        const ends = [...this.#space.withdraw(request), ...this.#space.withdraw(`hold-${request}`)];
        return this.#same(ends, this.naive.die(request));
      }
      case 'time out':
        return this.#same(this.#space.timeOut(request, at), this.naive.timeOut(request));
    }
  }

  /** As a killed master that comes back; then all who wait, or have not acknowledged, repeat what they said. */
  #restart(at: number): void {
    this.#log.push(...this.#space.takeEffects());
    this.#space = SyncSpace.restore(CAST, JSON.parse(JSON.stringify(this.#log)) as Effect[]);
    const living = this.asked.filter(
      ({ request }) =>
        this.naive.isGiven(request) || this.naive.waiting.some((each) => each.request === request),
    );
    this.naive.restart();
    for (const each of living) this.#same(this.#ask(each, at), this.naive.ask(each));
    this.seen['restarted']! += 1;
  }

  /** As an SDK does: with a request for a message goes the one that stands for its caller's life. */
  #ask({ request, event }: Asked, at: number): Settled[] {
    const { member, name } = event;
    const first = this.#times.get(request) ?? at;
    this.#times.set(request, first);
    const asked = { member, request, at: first };
    const hold = (settled: Settled[]): Settled[] => [
      ...settled,
      ...this.#space
        .ask('hold', { request }, { ...asked, request: `hold-${request}` })
        // Refused with its member's end, or acknowledged before: the caller does not look at it.
        .filter((each) => each.request !== `hold-${request}`),
    ];
    switch (event.do) {
      case 'send':
        return this.#space.ask('send', { topic: name, data: request }, asked);
      case 'recv':
        return hold(this.#space.ask('recv', { topic: name }, asked));
      case 'take':
        return hold(this.#space.ask('take', { topic: name }, asked));
      case 'poll':
        return hold(this.#space.ask('take', { topic: name, wait: false }, asked));
      case 'lock':
        return this.#space.ask('lock', { name, slots: slotsOf(name) }, asked);
      case 'unlock':
        return this.#space.ask('unlock', { name }, asked);
    }
  }

  #same(settled: Settled[], expected: Told): void {
    const real = settled.filter(({ request }) => !request.startsWith('hold-'));
    deepStrictEqual(new Map(real.map(({ request, answer }) => [request, brief(answer)])), expected);
    deepStrictEqual(real.length, expected.size, 'each is told once');
    for (const answer of expected.values()) {
      const kind = typeof answer === 'string' ? answer : 'found' in answer && answer.found ? 'given' : 'done';
      this.seen[kind] = (this.seen[kind] ?? 0) + 1;
    }
  }
}

function brief(answer: Settled['answer']): Answer {
  return answer.ok ? answer.result : answer.error.code;
}
