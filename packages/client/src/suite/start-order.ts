/** `start: after ROLE` can come true: there is such a role in the test, and none waits for itself. */
import { nearest } from '@tutti/protocol';
import type { MergedRole } from './merged-role.ts';
import type { Problem } from './problem.ts';
import type { SuiteSource } from './source.ts';

export function startProblems(roles: readonly MergedRole[], test: string, source: SuiteSource): Problem[] {
  const after = new Map(roles.map(({ spec }) => [spec.name, spec.startAfter]));
  return roles.flatMap(({ spec, startPath }) => {
    if (spec.startAfter === undefined) return [];
    if (!after.has(spec.startAfter)) {
      const known = [...after.keys()].filter((name) => name !== spec.name);
      const meant = nearest(spec.startAfter, known);
      const hint = meant ? `did you mean "${meant}"?` : `its other roles: ${known.join(', ') || 'none'}`;
      return [source.problem(startPath, `test "${test}" has no role "${spec.startAfter}"`, { hint })];
    }
    const circle = circleFrom(spec.name, after);
    if (!circle) return [];
    const message = `role "${spec.name}" of test "${test}" would never start: ${circle.join(' after ')}`;
    return [source.problem(startPath, message)];
  });
}

/** The way from a role back to itself. */
function circleFrom(
  name: string,
  after: ReadonlyMap<string, string | undefined>,
): readonly string[] | undefined {
  const way = [name];
  for (let next = after.get(name); next !== undefined && way.length <= after.size; next = after.get(next)) {
    way.push(next);
    if (next === name) return way;
  }
  return undefined;
}
