/** From what was submitted to the run that will be carried out: directories, attempts, members. Pure but for the ids it is given. */
import type { RoleSpec, RunSpec, TestSpec } from '@tutti/protocol';
import type { Cast } from '../scheduler/pass.ts';
import type { Need } from '../scheduler/pool.ts';
import type { AttemptRun, Run, TestRun } from './model.ts';

/** Machines with this label are taken for drivers first. */
const DRIVER_LABEL = 'driver';

/** What a run allocates: for each distinct (role, where) the largest count that any of its tests needs. */
export function nodesNeeded({ setup, tests, teardown }: RunSpec): Need[] {
  return needsOf([...(setup ? [setup] : []), ...tests, ...(teardown ? [teardown] : [])]);
}

/** For each distinct (role, where) the largest count that any of them needs. */
export function needsOf(tests: readonly Pick<TestSpec, 'roles'>[]): Need[] {
  const needs = new Map<string, Need>();
  // Who is on another role's machine needs none.
  const own = tests.flatMap(({ roles }) => roles).filter(({ on }) => on === undefined);
  for (const { name: role, where, count, drives } of own) {
    const key = `${role} ${where ?? ''}`;
    const known = needs.get(key);
    const prefer = drives === true && where === undefined ? DRIVER_LABEL : known?.prefer;
    needs.set(key, {
      role,
      ...(where === undefined ? {} : { where }),
      ...(prefer === undefined ? {} : { prefer }),
      count: Math.max(count, known?.count ?? 0),
    });
  }
  return [...needs.values()];
}

export function planTests({ setup, tests, teardown }: RunSpec): TestRun[] {
  const width = Math.max(2, String(tests.length).length);
  const planned = tests.map((spec, at) => ({
    spec,
    part: 'test' as const,
    dir: `tests/${String(at + 1).padStart(width, '0')}-${slug(spec.name)}`,
  }));
  const all = [
    ...(setup ? [{ spec: setup, part: 'setup' as const, dir: 'setup' }] : []),
    ...planned,
    ...(teardown ? [{ spec: teardown, part: 'teardown' as const, dir: 'teardown' }] : []),
  ];
  return all.map((test, index) => ({ ...test, index, state: 'waiting', attempts: [] }));
}

/** `cast`: of this test, or of its run. */
export function planAttempt(test: TestRun, cast: Cast, newId: () => string): AttemptRun {
  const n = test.attempts.length + 1;
  const nodeOf = ({ name, where, on }: RoleSpec, index: number): string | undefined => {
    const host = test.spec.roles.find((role) => role.name === on);
    if (host !== undefined) return nodeOf(host, 0);
    return cast.find(({ need }) => need.role === name && need.where === where)?.nodes[index];
  };
  const members = test.spec.roles.flatMap((spec) => {
    const { name: role, count, essential, script } = spec;
    return Array.from({ length: count }, (_, index) => {
      const node = nodeOf(spec, index);
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
        ...(script.kind === 'none' ? { driven: true as const } : {}),
        dir,
        state: 'waiting' as const,
        incarnation: 0,
        collected: false,
        subtests: [],
        marks: [],
        omitted: {},
        skipped: [],
      };
    });
  });
  return { n, id: newId(), members, commands: [], barriers: [], extensions: {}, reboots: {} };
}

/** What an attempt is called in the sync space of its run: no two are called the same. */
export function nameInRun({ tests }: Pick<Run, 'tests'>, test: TestRun, attempt: AttemptRun): string {
  const namesakes = tests.filter(({ spec }) => spec.name === test.spec.name);
  const number = namesakes.length > 1 ? `#${namesakes.indexOf(test) + 1}` : '';
  return `${test.spec.name}${number}${attempt.n === 1 ? '' : ` (attempt ${attempt.n})`}`;
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
