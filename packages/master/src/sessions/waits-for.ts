/** Whom a session waits for, in words that complete "it waits for …". Pure. */
import { missing, type Place, places, type Roster } from './roster.ts';

/** As many as one wants to read. */
const SHOWN = 10;

/** Who has to join; undefined when all have. */
export function whoIsMissing(roster: Roster): string | undefined {
  const lacking = missing(roster);
  if (lacking === undefined)
    return 'somebody who says with --expect who belongs to it, for example --expect server=1,client=2';
  if (lacking.length === 0) return undefined;
  return shown(lacking.map(({ role, here, expected }) => `${role} (${here} of ${expected} joined)`));
}

/** The same, and agents that have not connected. Undefined when it can begin. */
export function waitsFor(roster: Roster, isAway: (agent: string) => boolean): string | undefined {
  const whom = whoIsMissing(roster);
  if (whom !== undefined) return whom;
  const away = places(roster).filter(({ agent }) => isAway(agent));
  return away.length === 0 ? undefined : shown(away.map(agentOf));
}

function agentOf({ role, index }: Place): string {
  return `the agent of ${role}.${index}, which has not connected`;
}

function shown(words: readonly string[]): string {
  const more = words.length - SHOWN;
  return words.slice(0, SHOWN).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
