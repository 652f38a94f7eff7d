/** Who waits for whom: what a space knows of its waits, and the circles in it that nobody inside can leave. Pure. */

/** Who waits for what, for people. */
export interface Wait {
  member: string;
  /** `barrier "ready"` */
  on: string;
  /** Master time in seconds. */
  since: number;
  /** Who could end it, by name: those who have not arrived, or hold the lock. Empty where any other member could. */
  missing: readonly string[];
  /** How many of these have to act; 0 where any other member could. */
  needs: number;
  /** In the space of a run: the member's test. */
  test?: string;
}

/** As people are told of them: in run scope everybody is `test/client.0`. */
export function missingInWords({ missing, test }: Wait): readonly string[] {
  return test === undefined
    ? missing
    : missing.map((name) => (name.includes('/') ? name : `${test}/${name}`));
}

/**
 * Circles among members who wait for each other at barriers and locks, each beginning with the one that is named first
 * in `waits`. With a choice (any n of many, any slot of a lock) a wait is stuck only if too few are not.
 */
export function circles(waits: readonly Wait[]): string[][] {
  const stuck = stuckOf(waits);
  const members = new Set(stuck.map(({ member }) => member));
  const next = new Map<string, string>();
  for (const { member, missing } of stuck) {
    const other = missing.find((name) => name !== member && members.has(name));
    if (other !== undefined && !next.has(member)) next.set(member, other);
  }
  const found: string[][] = [];
  const seen = new Set<string>();
  for (const start of next.keys()) {
    const path: string[] = [];
    let at: string | undefined = start;
    while (at !== undefined && !seen.has(at)) {
      seen.add(at);
      path.push(at);
      at = next.get(at);
    }
    const begin = at === undefined ? -1 : path.indexOf(at);
    if (begin !== -1) found.push(path.slice(begin));
  }
  return found;
}

/** `waiting in a circle: a → b → a` */
export function describeCircle(members: readonly string[]): string {
  return `waiting in a circle: ${[...members, members[0]].join(' → ')}`;
}

/** The waits that end only if somebody acts who waits as hopelessly: what is left when all others have been let go. */
function stuckOf(waits: readonly Wait[]): Wait[] {
  let stuck = waits.filter(({ needs }) => needs > 0);
  for (;;) {
    const members = new Set(stuck.map(({ member }) => member));
    // Waits at one barrier share one list: thousands of them are counted once.
    const free = new Map<readonly string[], number>();
    const freeOf = (missing: readonly string[]): number => {
      const known = free.get(missing) ?? missing.filter((name) => !members.has(name)).length;
      free.set(missing, known);
      return known;
    };
    const left = stuck.filter(({ missing, needs }) => freeOf(missing) < needs);
    if (left.length === stuck.length) return stuck;
    stuck = left;
  }
}
