/** From the words of `tutti join` to what is to be done. Throws `USAGE` for what cannot be meant. */
import { durationSeconds } from '@tutti/client';
import { Expected, Identifier, LIMITS, SessionName, type SessionTerms, TuttiError } from '@tutti/protocol';
import type { JoinFlags } from '../commands/join.ts';

export interface JoinOrder {
  readonly session: string;
  readonly role: string;
  readonly count: number;
  readonly terms: SessionTerms;
  /** Seconds to wait for the others. */
  readonly patience: number;
}

export function joinOrder(session: string, flags: JoinFlags): JoinOrder {
  const named = SessionName.safeParse(session);
  if (!named.success) throw usage(`session ${session}`, named.error.issues[0]?.message);
  const { role, count } = parseAs(flags.as);
  const expect = flags.expect === undefined ? undefined : parseExpect(flags.expect);
  if (expect !== undefined && (expect[role] ?? 0) < count)
    throw usage(`--as ${flags.as}`, `it has no place in --expect ${flags.expect}`);
  const timeout = seconds(flags.testTimeout, '--test-timeout');
  if (timeout === 0) throw usage('--test-timeout 0', 'it must be longer than 0');
  const grace = seconds(flags.grace, '--grace');
  return {
    ...{ session, role, count },
    terms: {
      ...(expect === undefined ? {} : { expect }),
      ...(timeout === undefined ? {} : { timeout }),
      ...(grace === undefined ? {} : { grace }),
    },
    patience: seconds(flags.timeout, '--timeout') ?? 0,
  };
}

export function parseAs(text: string): { role: string; count: number } {
  const [role = '', countText = '1', ...more] = text.split(':');
  const named = Identifier.safeParse(role);
  if (!named.success)
    throw usage(`--as ${text}`, `"${role}" is not a role: ${named.error.issues[0]?.message}`);
  const count = /^[1-9]\d{0,4}$/.test(countText) ? Number(countText) : 0;
  if (more.length > 0 || count < 1) throw usage(`--as ${text}`, 'write ROLE or ROLE:COUNT');
  const most = LIMITS.joinerMembers.value;
  if (count > most) throw usage(`--as ${text}`, `one join brings at most ${most} members`);
  return { role, count };
}

/** `server=1,client=2`; a role without a number is one member. */
export function parseExpect(text: string): Expected {
  const expect: Record<string, number> = {};
  for (const word of text.split(',')) {
    const [role = '', countText = '1', ...more] = word.split('=');
    const count = /^[1-9]\d{0,8}$/.test(countText) ? Number(countText) : 0;
    if (more.length > 0 || count < 1 || role === '')
      throw usage(`--expect ${text}`, 'write ROLE=COUNT, several with commas between');
    if (Object.hasOwn(expect, role)) throw usage(`--expect ${text}`, `"${role}" is there twice`);
    expect[role] = count;
  }
  const checked = Expected.safeParse(expect);
  if (!checked.success) throw usage(`--expect ${text}`, checked.error.issues[0]?.message);
  return checked.data;
}

function seconds(text: string | undefined, option: string): number | undefined {
  if (text === undefined) return undefined;
  try {
    return durationSeconds(text);
  } catch (error) {
    throw usage(option, TuttiError.from(error).message);
  }
}

function usage(what: string, why = 'it is not valid'): TuttiError {
  return new TuttiError('USAGE', `${what}: ${why}`);
}
