/** Who has joined a session, and what they agree on. */
import { LIMITS, TuttiError } from '@tutti/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  emptyRoster,
  enter,
  leave,
  missing,
  type Piece,
  places,
  type Roster,
  termsOf,
} from '../../src/sessions/roster.ts';

const EMPTY = emptyRoster('nightly');

function piece(id: string, role: string, more: Partial<Piece> & { count?: number } = {}): Piece {
  const { count = 1, ...rest } = more;
  const agents = Array.from({ length: count }, (_, index) => `${id}-${index}`);
  return { id, from: `host-${id}`, role, agents, terms: {}, ...rest };
}

function join(...pieces: Piece[]): Roster {
  return pieces.reduce((roster, each) => enter(roster, each).roster, EMPTY);
}

function refusal(roster: Roster, newcomer: Piece): string {
  try {
    enter(roster, newcomer);
  } catch (error) {
    expect(error).toMatchObject({ code: 'SESSION_REFUSED' });
    return TuttiError.from(error).message;
  }
  throw new Error('it was let in');
}

const EXPECT = { terms: { expect: { server: 1, client: 2 } } };

describe('who is missing', () => {
  test('is not known until somebody says who is expected', () => {
    expect(missing(join(piece('a', 'server')))).toBeUndefined();
    expect(missing(join(piece('a', 'server'), piece('b', 'client', EXPECT)))).toEqual([
      { role: 'client', here: 1, expected: 2 },
    ]);
  });

  test('is nobody when every place is taken, by pieces with one member or several', () => {
    expect(missing(join(piece('a', 'server', EXPECT), piece('b', 'client', { count: 2 })))).toEqual([]);
  });

  test('is whoever has left, and what that one alone has said is unsaid', () => {
    const both = join(piece('a', 'server', EXPECT), piece('b', 'client'));
    expect(missing(leave(both, 'b'))).toEqual([{ role: 'client', here: 0, expected: 2 }]);
    expect(missing(leave(both, 'a'))).toBeUndefined();
  });
});

describe('a piece is refused', () => {
  test('when its role is not expected', () => {
    const message = refusal(join(piece('a', 'server', EXPECT)), piece('b', 'judge'));
    expect(message).toBe('session "nightly": nobody expects a role "judge": expected is server=1,client=2');
  });

  test('when its role is full, with who is there', () => {
    const message = refusal(join(piece('a', 'server', EXPECT)), piece('b', 'server'));
    expect(message).toBe(
      'session "nightly": role "server" has 1 place, 1 taken, joined from host-a: there is no room for 1 more',
    );
  });

  test('when it brings more members than there are places left', () => {
    const roster = join(piece('a', 'client', EXPECT));
    expect(refusal(roster, piece('b', 'client', { count: 2 }))).toContain(
      'role "client" has 2 places, 1 taken, joined from host-a: there is no room for 2 more',
    );
  });

  test('when it says something else than another, with both', () => {
    const other = { terms: { expect: { server: 1, client: 3 } } };
    expect(refusal(join(piece('a', 'server', EXPECT)), piece('b', 'client', other))).toBe(
      'session "nightly": --expect is server=1,client=3 here, and server=1,client=2 from host-a',
    );
    const [ten, twenty] = [{ terms: { timeout: 10 } }, { terms: { timeout: 20 } }];
    expect(refusal(join(piece('a', 'server', ten)), piece('b', 'client', twenty))).toBe(
      'session "nightly": --test-timeout is 20 s here, and 10 s from host-a',
    );
    expect(
      refusal(
        join(piece('a', 'server', { terms: { grace: 1 } })),
        piece('b', 'client', { terms: { grace: 0 } }),
      ),
    ).toBe('session "nightly": --grace is 0 s here, and 1 s from host-a');
  });

  test('when it is not expected by itself', () => {
    expect(refusal(EMPTY, piece('a', 'judge', EXPECT))).toContain('nobody expects a role "judge"');
  });

  test('when there would be more members than a session may have', () => {
    const count = LIMITS.sessionMembers.value;
    expect(refusal(join(piece('a', 'client', { count })), piece('b', 'client'))).toContain(
      `more than ${count} members`,
    );
  });

  test('when its id has asked for something else', () => {
    expect(refusal(join(piece('a', 'server')), piece('a', 'client'))).toContain('under the same id');
  });
});

test('the same expectation in another order is the same', () => {
  const other = { terms: { expect: { client: 2, server: 1 } } };
  expect(missing(join(piece('a', 'server', EXPECT), piece('b', 'client', other)))).toHaveLength(1);
});

test('who was there before anybody said who is expected is refused where there is no place: first come, first served', () => {
  const early = join(piece('a', 'client'), piece('b', 'client'), piece('c', 'judge'), piece('d', 'client'));
  const { roster, refused } = enter(early, piece('e', 'client', EXPECT));
  expect(roster.pieces.map(({ id }) => id)).toEqual(['a', 'e']);
  expect(refused.map(({ piece: { id } }) => id)).toEqual(['b', 'c', 'd']);
  expect(refused[0]?.error.message).toContain('role "client" has 2 places, 2 taken');
  expect(refused[1]?.error.message).toContain('nobody expects a role "judge"');
});

test('places are given role by role in the order of joining', () => {
  const roster = join(piece('a', 'client'), piece('b', 'server', EXPECT), piece('c', 'client'));
  expect(places(roster)).toEqual([
    { role: 'server', index: 0, agent: 'b-0' },
    { role: 'client', index: 0, agent: 'a-0' },
    { role: 'client', index: 1, agent: 'c-0' },
  ]);
});

const anyPiece = fc.record({
  do: fc.constantFrom('enter' as const, 'enter' as const, 'enter' as const, 'leave' as const),
  id: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
  role: fc.constantFrom('server', 'client', 'judge'),
  count: fc.integer({ min: 1, max: 3 }),
  expect: fc.option(
    fc.constantFrom<Record<string, number>>({ server: 1, client: 3 }, { client: 3, server: 1 }, { judge: 2 }),
    { nil: undefined, freq: 3 },
  ),
  timeout: fc.option(fc.constantFrom(10, 20), { nil: undefined, freq: 1 }),
});

test('whatever comes and goes: no role is overfull, all agree, nobody is lost or there twice', () => {
  fc.assert(
    fc.property(fc.array(anyPiece, { maxLength: 30 }), (steps) => {
      let roster = EMPTY;
      for (const step of steps) {
        const before = roster;
        const was = JSON.stringify(before);
        const terms = {
          ...(step.expect === undefined ? {} : { expect: step.expect }),
          ...(step.timeout === undefined ? {} : { timeout: step.timeout }),
        };
        if (step.do === 'leave') {
          roster = leave(before, step.id);
          expect(roster.pieces).toEqual(before.pieces.filter(({ id }) => id !== step.id));
        } else {
          const newcomer = piece(step.id, step.role, { count: step.count, terms });
          try {
            const entered = enter(before, newcomer);
            roster = entered.roster;
            const gone = entered.refused.map((each) => each.piece.id);
            const known = before.pieces.some(({ id }) => id === step.id);
            expect(roster.pieces.map(({ id }) => id)).toEqual(
              [...before.pieces.map(({ id }) => id), ...(known ? [] : [step.id])].filter(
                (id) => !gone.includes(id),
              ),
            );
            expect(enter(roster, newcomer)).toEqual({ roster, refused: [] });
          } catch (error) {
            expect(error).toMatchObject({ code: 'SESSION_REFUSED' });
          }
        }
        expect(JSON.stringify(before)).toBe(was);
        holds(roster);
      }
    }),
  );
});

function holds(roster: Roster): void {
  const { expect: expected, timeout } = termsOf(roster);
  const ids = roster.pieces.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const { terms } of roster.pieces) {
    if (terms.expect) expect(terms.expect).toEqual(expected);
    if (terms.timeout) expect(terms.timeout).toBe(timeout);
  }
  if (expected === undefined) {
    expect(missing(roster)).toBeUndefined();
    return;
  }
  const here = (role: string) =>
    roster.pieces.filter((each) => each.role === role).flatMap(({ agents }) => agents);
  for (const { role } of roster.pieces) expect(Object.keys(expected)).toContain(role);
  for (const [role, count] of Object.entries(expected)) expect(here(role).length).toBeLessThanOrEqual(count);
  const lacking = Object.entries(expected).filter(([role, count]) => here(role).length < count);
  expect(missing(roster)).toEqual(
    lacking.map(([role, count]) => ({ role, expected: count, here: here(role).length })),
  );
  expect(places(roster)).toEqual(
    Object.keys(expected).flatMap((role) => here(role).map((agent, index) => ({ role, index, agent }))),
  );
}
