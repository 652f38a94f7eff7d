/** From a complete session to the run that it becomes: one test, named after it, with a role for each that is expected. Pure. */
import type { RoleSpec, RunSpec } from '@tutti/protocol';
import type { Cast } from '../scheduler/pass.ts';
import { places, type Roster, termsOf } from './roster.ts';

/** As for tests of a suite that says nothing else. */
const DEFAULT_SECONDS = { timeout: 600, linger: 10, grace: 30 };

/** Nobody runs this: the agents of the pieces run the commands that they were given. It speaks where somebody does. */
const SCRIPT = 'echo "a piece that tutti join started runs where it was started" >&2; exit 99';

export function specOf(roster: Roster): RunSpec {
  const { session } = roster;
  const { expect = {}, timeout = DEFAULT_SECONDS.timeout, grace = DEFAULT_SECONDS.grace } = termsOf(roster);
  const roles = Object.entries(expect).map(
    ([name, count]): RoleSpec => ({
      ...{ name, count, script: { kind: 'inline', text: SCRIPT }, params: {}, env: {}, essential: true },
    }),
  );
  const { linger } = DEFAULT_SECONDS;
  return {
    suite: session,
    tests: [{ name: session, timeout, linger, grace, params: {}, roles }],
    files: [],
    joined: true,
  };
}

/** `nameOf`: the machine of an agent. */
export function castOf(roster: Roster, nameOf: (agent: string) => string): Cast {
  const taken = places(roster);
  return [...new Set(taken.map(({ role }) => role))].map((role) => {
    const nodes = taken.filter((place) => place.role === role).map(({ agent }) => nameOf(agent));
    return { need: { role, count: nodes.length }, nodes };
  });
}
