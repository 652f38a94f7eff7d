/**
 * Random histories of topics and locks beside the same histories in a model that is obviously right, with masters that are
 * restarted in the middle: the space is made anew from what it said it had decided, and callers repeat what they wait for.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Event } from './naive-topics.ts';
import { CAST, TopicsPair } from './topics-pair.ts';

const HISTORIES = 12_000;

const members = fc.constantFrom(...CAST.map(({ name }) => name));
const names = fc.constantFrom('a', 'b');
const ago = fc.nat({ max: 6 });

type Named = Extract<Event, { name: string }>['do'];
const named = (...all: Named[]): fc.Arbitrary<Event> =>
  fc.record({ do: fc.constantFrom(...all), member: members, name: names });

/** Mostly topics, or mostly locks. */
const events = (topics: number, locks: number): fc.Arbitrary<Event> =>
  fc.oneof(
    { weight: topics, arbitrary: named('send', 'send', 'recv', 'take', 'take', 'poll') },
    { weight: locks, arbitrary: named('lock', 'lock', 'unlock') },
    {
      weight: topics,
      arbitrary: fc.record({ do: fc.constantFrom('ack' as const, 'caller dies' as const), ago }),
    },
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constantFrom('repeat' as const, 'withdraw' as const),
        ago,
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('time out' as const), ago }) },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constantFrom('end' as const, 'lose' as const), member: members }),
    },
    {
      weight: topics / 4,
      arbitrary: fc.record({
        do: fc.constantFrom('new agent' as const, 'time is up' as const),
        member: members,
      }),
    },
    { weight: 1, arbitrary: fc.constant({ do: 'restart' as const }) },
  );

/** Messages that were given to callers who do not come back with the new agent, and others who wait for them. */
const agents: fc.Arbitrary<Event> = fc.oneof(
  fc.record({
    do: fc.constantFrom('send' as const, 'take' as const),
    member: members,
    name: fc.constant('a'),
  }),
  fc.record({ do: fc.constantFrom('new agent' as const, 'time is up' as const), member: members }),
);

const history = fc.oneof(
  fc.array(agents, { minLength: 6, maxLength: 30 }),
  fc.array(events(24, 3), { minLength: 6, maxLength: 30 }),
  fc.array(events(4, 24), { minLength: 6, maxLength: 30 }),
);

test('topics and locks answer as those that are obviously right, also across restarts', () => {
  const seen: Record<string, number> = { acked: 0, returned: 0, restarted: 0 };
  fc.assert(
    fc.property(history, (all) => {
      const pair = new TopicsPair(seen);
      for (const [at, event] of all.entries()) pair.play(event, at);
    }),
    { numRuns: HISTORIES },
  );
  // A test that never gets anywhere proves nothing.
  const often = [
    'given',
    'done',
    'acked',
    'returned',
    'restarted',
    'WAIT_BROKEN',
    'ALREADY_RECEIVING',
    'ALREADY_HELD',
    'NOT_HELD',
  ];
  for (const kind of [...often, 'CANCELLED', 'TIMED_OUT', 'NO_SUCH_MEMBER'])
    expect(seen[kind], kind).toBeGreaterThan(HISTORIES / 200);
}, 60_000);
