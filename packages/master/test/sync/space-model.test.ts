/**
 * Random histories of a space beside the same histories in one that is written to be obviously right. Everything that
 * is said of barriers in general is checked once more on the answers themselves.
 */
import { isDeepStrictEqual } from 'node:util';
import type { BarrierArgs } from '@tutti/protocol';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Whole } from '../../src/sync/cast.ts';
import type { Effect } from '../../src/sync/effects.ts';
import { type Settled, SyncSpace } from '../../src/sync/space.ts';
import { type Answer, type Asked, type Event, NaiveSpace, type Who } from './naive-space.ts';
import { players } from './players.ts';

const HISTORIES = 12_000;

const CAST = players({ server: 1, client: 3 });
/** Of a run, these come with its last test. */
const LAST = CAST.slice(2);
const members = fc.constantFrom(...CAST.map(({ name }) => name));
const names = fc.constantFrom('ready', 'done');
const keys = fc.constantFrom('a', 'b');
/** Mostly one wish, so that barriers are released at all. */
const wishes: fc.Arbitrary<Who> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Who>({ say: 'all' }) },
  { weight: 5, arbitrary: fc.constant<Who>({ say: 'count', n: 2 }) },
  {
    weight: 1,
    arbitrary: fc.record({ say: fc.constant('count' as const), n: fc.integer({ min: 0, max: 5 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ say: fc.constant('role' as const), role: fc.constantFrom('server', 'client') }),
  },
);
const ago = fc.nat({ max: 6 });

/** One wish per history, or many. */
const anEvent = (wish: fc.Arbitrary<Who>): fc.Arbitrary<Event> =>
  fc.oneof(
    {
      weight: 12,
      arbitrary: fc.record({
        do: fc.constant('arrive' as const),
        member: members,
        name: names,
        who: wish,
        data: fc.option(fc.nat({ max: 9 }), { nil: undefined }),
      }),
    },
    { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('repeat' as const, 'withdraw' as const), ago }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('time out' as const), ago }) },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constantFrom('set' as const, 'incr' as const, 'get' as const, 'wait' as const),
        member: members,
        key: keys,
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('leave' as const), member: members }) },
    { weight: 1, arbitrary: fc.constant({ do: 'restart' as const }) },
    { weight: 1, arbitrary: fc.constant({ do: 'join' as const }) },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constant('reboot' as const), member: members, heard: fc.boolean() }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('abort' as const), member: members, name: names }) },
  );

const history = fc.oneof(
  fc.array(anEvent(wishes), { minLength: 8, maxLength: 30 }),
  fc.array(anEvent(fc.constant<Who>({ say: 'all' })), { minLength: 8, maxLength: 40 }),
  fc.array(anEvent(fc.constant<Who>({ say: 'count', n: 2 })), { minLength: 8, maxLength: 40 }),
);

test.each([
  ['attempt', 'test'],
  ['run', 'run'],
] as const)(
  'the space of one %s answers as one that is obviously right, whatever happens',
  (_, of) => {
    const seen = { released: 0, broken: 0, repeated: 0, restarted: 0, handed: 0, joined: 0 };
    const first = of === 'run' ? CAST.filter((player) => !LAST.includes(player)) : CAST;
    fc.assert(
      fc.property(history, (events) => {
        let space = new SyncSpace(first, { of });
        const log: Effect[] = [];
        const naive = new NaiveSpace(first, of === 'run');
        const asked: Asked[] = [];
        const told: Told[] = [];
        for (const [at, event] of events.entries()) {
          if (event.do === 'restart') {
            space = restarted(space, log, naive, of);
            told.push(...repeatAll(space, naive, at));
            seen.restarted += 1;
            continue;
          }
          if (event.do === 'join' && naive.open) seen.joined += 1;
          const { real, expected } = step(space, naive, asked, event, at);
          same(real, expected);
          const again = event.do === 'repeat' ? asked.at(-1 - event.ago)?.request : undefined;
          told.push(...real.map((settled) => ({ ...settled, again: settled.request === again })));
        }
        checkAnswers(told, asked, seen);
      }),
      { numRuns: HISTORIES },
    );
    // A test that never gets anywhere proves nothing.
    expect(seen.released).toBeGreaterThan(HISTORIES / 2);
    expect(seen.broken).toBeGreaterThan(HISTORIES / 2);
    expect(seen.repeated).toBeGreaterThan(HISTORIES / 10);
    expect(seen.restarted).toBeGreaterThan(HISTORIES / 10);
    expect(seen.handed).toBeGreaterThan(HISTORIES / 200);
    if (of === 'run') expect(seen.joined).toBeGreaterThan(HISTORIES / 10);
  },
  60_000,
);

interface Told extends Settled {
  /** Its own caller has just asked again. */
  again: boolean;
}

/** The space as a new master makes it from what the old one has stored; what is for the report is the same. */
function restarted(old: SyncSpace, log: Effect[], { players: come, open }: NaiveSpace, of: Whole): SyncSpace {
  log.push(...old.takeEffects());
  const space = SyncSpace.restore(come, JSON.parse(JSON.stringify(log)) as Effect[], { of });
  // As the attempt that goes on does.
  if (of === 'run') expect(space.join([], 0, { more: open })).toEqual([]);
  expect(space.takeEffects(), 'nothing is decided by being restored').toEqual([]);
  expect(forReport(space)).toEqual(forReport(old));
  return space;
}

function forReport(space: SyncSpace) {
  const fates = CAST.map(({ name }) => [space.cast.describe(name), space.toldOfBreak(name)]);
  return { fates, records: space.records.all };
}

/** Each is told once, and the same. Its own look first: `expect` is slow, and there are hundreds of thousands. */
function same(real: readonly Settled[], expected: ReadonlyMap<string, Answer>): void {
  const answers = new Map(real.map(({ request, answer }) => [request, brief(answer)]));
  if (answers.size !== real.length || !isDeepStrictEqual(answers, expected))
    expect([answers, real.length]).toEqual([expected, expected.size]);
}

/** Callers repeat what they still wait for. */
function repeatAll(space: SyncSpace, naive: NaiveSpace, at: number): Told[] {
  return naive.restart().flatMap((each) => {
    const real = ask(space, each, at);
    same(real, naive.ask(each));
    return real.map((settled) => ({ ...settled, again: false }));
  });
}

function step(
  space: SyncSpace,
  naive: NaiveSpace,
  asked: Asked[],
  event: Exclude<Event, { do: 'restart' }>,
  at: number,
) {
  if (event.do === 'join') {
    if (!naive.open) return { real: [], expected: new Map<string, Answer>() };
    return { real: space.join(LAST, at, { more: false }), expected: naive.join(LAST) };
  }
  if ('member' in event && !naive.has(event.member)) return { real: [], expected: new Map<string, Answer>() };
  if (event.do === 'reboot') {
    const { member, heard } = event;
    const real = space.newIncarnation(member, heard ? [] : naive.newest(member));
    for (const each of asked) if (each.event.member === member) each.past = true;
    return { real, expected: naive.reboot(member, heard) };
  }
  if (event.do === 'leave')
    return { real: space.leave(event.member, 'ended', at), expected: naive.leave(event.member) };
  if ('member' in event) {
    const first = { request: `request-${asked.length}`, event };
    asked.push(first);
    return { real: ask(space, first, at), expected: naive.ask(first) };
  }
  const earlier = asked.at(-1 - event.ago);
  if (earlier === undefined) return { real: [], expected: new Map<string, Answer>() };
  const { request } = earlier;
  if (event.do === 'repeat' && (earlier.past || cameAgain(earlier, asked)))
    return { real: [], expected: new Map<string, Answer>() };
  switch (event.do) {
    case 'repeat':
      return { real: ask(space, earlier, at), expected: naive.ask(earlier) };
    case 'withdraw':
      space.withdraw(request);
      naive.withdraw(request);
      return { real: [], expected: new Map<string, Answer>() };
    case 'time out':
      return { real: space.timeOut(request, at), expected: naive.timeOut(request) };
  }
}

/** A member that has arrived there again has its answer to the earlier arrival: it does not ask for it any more. */
function cameAgain({ request, event }: Asked, asked: readonly Asked[]): boolean {
  const later = asked.slice(asked.findIndex((each) => each.request === request) + 1);
  return later.some(
    (each) =>
      event.do === 'arrive' &&
      each.event.do === 'arrive' &&
      each.event.member === event.member &&
      each.event.name === event.name,
  );
}

function ask(space: SyncSpace, { request, event }: Asked, at: number): Settled[] {
  const asked = { member: event.member, request, at };
  switch (event.do) {
    case 'arrive':
      return space.ask('barrier', barrierArgs(event), asked);
    case 'abort':
      return space.ask('abort', { name: event.name, reason: 'so' }, asked);
    case 'set':
      return space.ask('set', { key: event.key, value: 7 }, asked);
    case 'incr':
      return space.ask('incr', { key: event.key }, asked);
    case 'get':
    case 'wait':
      return space.ask('get', { key: event.key, wait: event.do === 'wait' }, asked);
    case 'leave':
    case 'reboot':
      return [];
  }
}

function barrierArgs({ name, who, data }: Extract<Event, { do: 'arrive' }>): BarrierArgs {
  return {
    name,
    ...(who.say === 'count' ? { count: who.n } : {}),
    ...(who.say === 'role' ? { roles: [who.role] } : {}),
    ...(data === undefined ? {} : { data }),
  };
}

function brief(answer: Settled['answer']): Answer {
  if (!answer.ok) return answer.error.code;
  if (answer.release === undefined) return answer.result;
  return { ...answer.result, data: answer.release.arrivals.map(({ member, data }) => [member, data]) };
}

/** What DESIGN says of every barrier, looked up in the answers that were given. */
function checkAnswers(told: readonly Told[], asked: readonly Asked[], seen: Record<string, number>): void {
  const answered = new Set<string>();
  const ranks = new Map<string, number[]>();
  const releases = new Map<string, unknown>();
  const broken = new Map<string, string>();
  for (const { request, answer, again } of told) {
    const repeated = again && answered.has(request);
    if (repeated) seen['repeated']! += 1;
    else {
      expect(answered.has(request), `${request} is answered once`).toBe(false);
      answered.add(request);
    }
    const event = asked.find((each) => each.request === request)?.event;
    if (event?.do !== 'arrive') continue;
    if (answer.ok) {
      if (repeated) continue;
      const { generation, rank, size } = answer.result as { generation: number; rank: number; size: number };
      const place = `${event.name} ${generation}`;
      const others = ranks.get(place) ?? [];
      if (others.length === size) {
        const { arrivals } = releases.get(place) as { arrivals: unknown[] };
        expect(answer.release?.arrivals, 'what was never told is handed on').toEqual(arrivals);
        expect(answer.release?.arrivals[rank]?.member, 'to the same member').toBe(event.member);
        seen['handed']! += 1;
        continue;
      }
      expect(broken.has(event.name), `${event.name} stays broken`).toBe(false);
      expect(rank, 'ranks are unique and come in the order of arrival').toBe(others.length);
      expect(rank).toBeLessThan(size);
      expect(releases.get(place) ?? answer.release, 'all hear the same').toBe(answer.release);
      expect(answer.release?.arrivals).toHaveLength(size);
      expect(answer.release?.arrivals[rank]?.request).toBe(request);
      ranks.set(place, [...others, rank]);
      releases.set(place, answer.release);
      seen['released']! += 1;
    } else if (['BARRIER_BROKEN', 'BARRIER_ABORTED', 'BARRIER_DISAGREEMENT'].includes(answer.error.code)) {
      const message = broken.get(event.name) ?? answer.error.message;
      expect(answer.error.message, 'a broken barrier always says the same').toBe(message);
      broken.set(event.name, message);
      seen['broken']! += 1;
    }
  }
  for (const [place, found] of ranks) {
    const generation = Number(place.split(' ')[1]);
    if (generation > 0) expect(ranks.has(place.replace(/\d+$/, String(generation - 1)))).toBe(true);
    expect(found).toHaveLength((releases.get(place) as { arrivals: unknown[] }).arrivals.length);
  }
}
