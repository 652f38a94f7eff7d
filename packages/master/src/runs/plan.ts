/** From what was submitted to the run that will be carried out: directories, attempts, members. Pure but for the ids it is given. */
import type { RunSpec } from '@tutti/protocol';
import type { AttemptRun, TestRun } from './model.ts';

/** Role → how many nodes: for each role the largest count that any test needs. */
export function nodesNeeded({ tests }: RunSpec): Map<string, number> {
  const needs = new Map<string, number>();
  for (const { roles } of tests) {
    for (const { name, count } of roles) needs.set(name, Math.max(needs.get(name) ?? 0, count));
  }
  return needs;
}

export function planTests({ tests }: RunSpec): TestRun[] {
  const width = Math.max(2, String(tests.length).length);
  return tests.map((spec, index) => ({
    spec,
    index,
    dir: `tests/${String(index + 1).padStart(width, '0')}-${slug(spec.name)}`,
    state: 'waiting',
    attempts: [],
  }));
}

export function planAttempt(
  test: TestRun,
  cast: ReadonlyMap<string, readonly string[]>,
  newId: () => string,
): AttemptRun {
  const n = test.attempts.length + 1;
  const members = test.spec.roles.flatMap(({ name: role, count, essential }) =>
    Array.from({ length: count }, (_, index) => {
      const node = cast.get(role)?.[index];
      if (node === undefined) throw new Error(`no node was allocated for ${role}.${index}`);
      const name = `${role}.${index}`;
      const dir = `${test.dir}/attempt-${n}/${name}`;
      return {
        id: newId(),
        name,
        role,
        index,
        node,
        essential,
        dir,
        state: 'waiting' as const,
        incarnation: 0,
        collected: false,
        subtests: [],
        skipped: [],
      };
    }),
  );
  return { n, id: newId(), members, barriers: [], extensions: {} };
}

/** A name as part of a path: lower case, digits and dashes; what it leaves out is in the report. */
export function slug(name: string): string {
  const text = name
    .toLowerCase()
    .normalize('NFKD')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 60);
  return text === '' ? 'test' : text;
}
