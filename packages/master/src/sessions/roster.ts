/**
 * Who has joined a session, who is missing, and what they agree on. Pure: a roster is never changed, only followed by another.
 *
 * Guarantees: no role has more members than are expected; whoever says what holds for the session says the same as all others
 * who do; the places of a role go to its pieces in the order of joining, and are theirs once the roster is complete.
 */
import { LIMITS, type SessionTerms, TuttiError } from '@tutti/protocol';

/** What one `tutti join` brings. */
export interface Piece {
  /** Chosen by the joiner. */
  readonly id: string;
  /** Where it comes from, for messages. */
  readonly from: string;
  readonly role: string;
  /** The agents of its members, one for each. */
  readonly agents: readonly string[];
  readonly terms: SessionTerms;
}

export interface Roster {
  readonly session: string;
  /** In the order of joining. */
  readonly pieces: readonly Piece[];
}

export interface Entered {
  readonly roster: Roster;
  /** Those who were there before anybody said who is expected, and have no place now. */
  readonly refused: readonly { readonly piece: Piece; readonly error: TuttiError }[];
}

/** So many members of a role have joined, of those expected. */
export interface Filled {
  readonly role: string;
  readonly here: number;
  readonly expected: number;
}

/** One member's place, and the agent that fills it. */
export interface Place {
  readonly role: string;
  readonly index: number;
  readonly agent: string;
}

export const emptyRoster = (session: string): Roster => ({ session, pieces: [] });

/** The same piece again changes nothing. Throws `SESSION_REFUSED` when it does not fit; the roster is then as it was. */
export function enter(roster: Roster, piece: Piece): Entered {
  const before = roster.pieces.find(({ id }) => id === piece.id);
  if (before !== undefined) {
    if (sameWish(before, piece)) return { roster, refused: [] };
    throw refuse(roster, 'the joiner has asked for something else before, under the same id');
  }
  for (const other of roster.pieces) requireAgreement(roster, other, piece);
  const members = roster.pieces.reduce((sum, { agents }) => sum + agents.length, piece.agents.length);
  if (members > LIMITS.sessionMembers.value)
    throw refuse(roster, `it would have more than ${LIMITS.sessionMembers.value} members`);
  const agreed = termsOf(roster).expect;
  const grown = { ...roster, pieces: [...roster.pieces, piece] };
  const { expect } = termsOf(grown);
  if (expect === undefined) return { roster: grown, refused: [] };
  if (agreed !== undefined) {
    requirePlace(grown, expect, piece, roster.pieces);
    return { roster: grown, refused: [] };
  }
  // It says so first: it has to fit itself, and those before it keep what it leaves them, first come, first served.
  requirePlace(grown, expect, piece, []);
  return seatAgain(grown, expect, piece);
}

/** Its places are free again. */
export function leave(roster: Roster, id: string): Roster {
  return { ...roster, pieces: roster.pieces.filter((piece) => piece.id !== id) };
}

/** What the pieces that are there have agreed on. */
export function termsOf({ pieces }: Roster): SessionTerms {
  const first = <K extends keyof SessionTerms>(name: K) =>
    pieces.find(({ terms }) => terms[name] !== undefined)?.terms[name];
  const [expect, timeout, grace] = [first('expect'), first('timeout'), first('grace')];
  return {
    ...(expect === undefined ? {} : { expect }),
    ...(timeout === undefined ? {} : { timeout }),
    ...(grace === undefined ? {} : { grace }),
  };
}

/** Of each role that lacks members; undefined while nobody has said who is expected. */
export function missing(roster: Roster): Filled[] | undefined {
  const { expect } = termsOf(roster);
  if (expect === undefined) return undefined;
  return Object.entries(expect)
    .map(([role, expected]) => ({ role, expected, here: taken(roster.pieces, role) }))
    .filter(({ here, expected }) => here < expected);
}

/** Who fills which place, role by role in the order of what is expected. */
export function places(roster: Roster): Place[] {
  const roles = Object.keys(termsOf(roster).expect ?? {});
  return roles.flatMap((role) =>
    roster.pieces
      .filter((piece) => piece.role === role)
      .flatMap(({ agents }) => agents)
      .map((agent, index) => ({ role, index, agent })),
  );
}

/** `server=1,client=2`, as it is written on the command line. */
function expectedInWords(expect: NonNullable<SessionTerms['expect']>): string {
  return Object.entries(expect)
    .map(([role, count]) => `${role}=${count}`)
    .join(',');
}

function seatAgain(grown: Roster, expect: NonNullable<SessionTerms['expect']>, first: Piece): Entered {
  const seated = [first];
  const refused: Entered['refused'][number][] = [];
  for (const piece of grown.pieces) {
    if (piece === first) continue;
    try {
      requirePlace(grown, expect, piece, seated);
      seated.push(piece);
    } catch (error) {
      refused.push({ piece, error: TuttiError.from(error) });
    }
  }
  return { roster: { ...grown, pieces: grown.pieces.filter((piece) => seated.includes(piece)) }, refused };
}

function requirePlace(
  roster: Roster,
  expect: NonNullable<SessionTerms['expect']>,
  { role, agents }: Piece,
  seated: readonly Piece[],
): void {
  const expected = Object.hasOwn(expect, role) ? expect[role] : undefined;
  if (expected === undefined)
    throw refuse(roster, `nobody expects a role "${role}": expected is ${expectedInWords(expect)}`);
  const here = taken(seated, role);
  if (here + agents.length <= expected) return;
  const others = seated.filter((piece) => piece.role === role).map(({ from }) => from);
  const by = others.length === 0 ? '' : `, joined from ${[...new Set(others)].slice(0, 5).join(', ')}`;
  throw refuse(
    roster,
    `role "${role}" has ${inPlaces(expected)}, ${here} taken${by}: there is no room for ${agents.length} more`,
  );
}

function requireAgreement(roster: Roster, earlier: Piece, newcomer: Piece): void {
  const names = { expect: '--expect', timeout: '--test-timeout', grace: '--grace' } as const;
  for (const name of ['expect', 'timeout', 'grace'] as const) {
    const [one, other] = [said(earlier, name), said(newcomer, name)];
    if (one === undefined || other === undefined || one === other) continue;
    throw refuse(
      roster,
      `${names[name]} is ${inWords(newcomer, name)} here, and ${inWords(earlier, name)} from ${earlier.from}`,
    );
  }
}

/** As text that is the same for the same meaning. */
function said({ terms }: Piece, name: keyof SessionTerms): string | undefined {
  if (name !== 'expect') return terms[name]?.toString();
  const roles = Object.entries(terms.expect ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return terms.expect === undefined ? undefined : JSON.stringify(roles);
}

function inWords({ terms }: Piece, name: keyof SessionTerms): string {
  return name === 'expect' ? expectedInWords(terms.expect ?? {}) : `${terms[name]} s`;
}

function sameWish(a: Piece, b: Piece): boolean {
  const wish = ({ role, agents, terms }: Piece) => JSON.stringify([role, agents, terms]);
  return wish(a) === wish(b);
}

function taken(pieces: readonly Piece[], role: string): number {
  return pieces.reduce((sum, piece) => sum + (piece.role === role ? piece.agents.length : 0), 0);
}

function inPlaces(count: number): string {
  return count === 1 ? '1 place' : `${count} places`;
}

function refuse({ session }: Roster, why: string): TuttiError {
  return new TuttiError('SESSION_REFUSED', `session "${session}": ${why}`);
}
