/**
 * `setup:` and `teardown:` as a test of the run: its roles are those of the chosen tests, each on all machines that any
 * of them needs.
 *
 * What can be wrong in the file is found first, whichever tests are chosen; what it becomes depends on them.
 */
import { nearest, type RoleSpec, type Script, type TestSpec, type TuttiError } from '@tutti/protocol';
import { type Draft, type NamedScript, type Overrides, scriptNamed, secondsOf } from './draft.ts';
import { durationSeconds } from './duration.ts';
import { defaultsOf, envOf } from './merged-role.ts';
import { overridden } from './params.ts';
import type { Part } from './parts/part.ts';
import { type Problem, problemsError } from './problem.ts';
import type { Step } from './schema.ts';
import type { YamlPath } from './source.ts';

export type StepName = 'setup' | 'teardown';

/** What one role, or every role, is to run. */
interface RoleStep {
  readonly step: Exclude<Step, string>;
  readonly script: Script;
  readonly path: YamlPath;
}

export interface StepDraft {
  readonly name: StepName;
  readonly part: Part;
  /** By role, or `all`. */
  readonly steps: ReadonlyMap<string, RoleStep>;
  readonly scripts: NamedScript[];
  readonly problems: Problem[];
}

const ALL = 'all';

/** `roles` are those of any test of the suite. */
export function draftStep(name: StepName, part: Part, roles: ReadonlySet<string>): StepDraft | undefined {
  const given = part.fields[name];
  if (given === undefined) return undefined;
  const draft: Pick<Draft, 'scripts' | 'problems'> = { scripts: [], problems: [] };
  const steps = new Map<string, RoleStep>();
  const mistaken = (path: YamlPath, message: string, hint?: string) =>
    draft.problems.push(part.source.problem(path, message, { key: true, hint }));
  for (const [role, value] of Object.entries(typeof given === 'string' ? { [ALL]: given } : given)) {
    const path = typeof given === 'string' ? [name] : [name, role];
    const step = typeof value === 'string' ? { run: value } : value;
    const runPath = typeof value === 'string' ? path : [...path, 'run'];
    if (role !== ALL && !roles.has(role)) {
      const meant = nearest(role, [...roles, ALL]);
      const hint = meant ? `did you mean "${meant}"?` : `there are: ${[...roles].join(', ')}; or "all"`;
      mistaken(path, `"${name}" names role "${role}", which no test has`, hint);
    }
    if (role === ALL && roles.has(ALL)) {
      mistaken(
        path,
        `"all" in "${name}" means all roles, and there is a role of that name`,
        'rename the role',
      );
    }
    const script = scriptNamed(step.run, part, runPath, draft);
    if (script) steps.set(role, { step, script, path });
  }
  return { name, part, steps, ...draft };
}

/** Undefined when no chosen test has a role that it is for. Throws when it cannot say which machines it is for. */
export function stepSpec(
  { name, part, steps }: StepDraft,
  tests: readonly TestSpec[],
  given: Overrides,
): TestSpec | undefined {
  const { fields } = part;
  const roles = neededRoles(tests).flatMap((needed): RoleSpec[] => {
    const step = steps.get(needed.role) ?? steps.get(ALL);
    if (!step) return [];
    if (needed.other) throw ambiguous(name, part, step.path, needed, needed.other);
    return [roleSpec(needed, step, part, given)];
  });
  if (roles.length === 0) return undefined;
  const ownTimeouts = roles.map(({ timeout }) => timeout ?? secondsOf(fields, 'timeout'));
  const most = fields['max-timeout'];
  return {
    name,
    timeout: Math.max(...ownTimeouts),
    maxTimeout: most === undefined ? undefined : durationSeconds(most),
    linger: secondsOf(fields, 'linger'),
    grace: secondsOf(fields, 'grace'),
    params: overridden(fields.params ?? {}, given.params),
    roles,
    secrets: fields.secrets,
  };
}

interface NeededRole {
  readonly role: string;
  readonly test: string;
  readonly where: string | undefined;
  count: number;
  /** The first test that wants other machines for it. */
  other?: { readonly test: string; readonly where: string | undefined };
}

function neededRoles(tests: readonly TestSpec[]): NeededRole[] {
  const needed = new Map<string, NeededRole>();
  for (const test of tests) {
    for (const { name, count, where, on } of test.roles) {
      // It is on the machine of another role, which has its own setup.
      if (on !== undefined) continue;
      const known = needed.get(name);
      if (!known) needed.set(name, { role: name, test: test.name, where, count });
      else {
        known.count = Math.max(known.count, count);
        if (known.where !== where) known.other ??= { test: test.name, where };
      }
    }
  }
  return [...needed.values()];
}

function roleSpec(
  { role, count, where }: NeededRole,
  { step, script, path }: RoleStep,
  part: Part,
  given: Overrides,
): RoleSpec {
  const defaults = defaultsOf(role, part);
  return {
    name: role,
    count,
    script,
    params: overridden({ ...defaults.params, ...step.params }, given.params),
    env: { ...defaults.env, ...envOf(step.env, [...path, 'env'], part.source) },
    essential: true,
    where,
    timeout: step.timeout === undefined ? undefined : durationSeconds(step.timeout),
  };
}

function ambiguous(
  name: StepName,
  { source }: Part,
  path: YamlPath,
  { role, test, where }: NeededRole,
  other: NonNullable<NeededRole['other']>,
): TuttiError {
  const wish = (one: { where: string | undefined; test: string }) =>
    `${one.where === undefined ? 'any machine' : `"${one.where}"`} in "${one.test}"`;
  const message = `"${name}" cannot tell which machines role "${role}" has: ${wish({ where, test })}, ${wish(other)}`;
  const hint = 'give the roles of different machines different names, or run these tests apart';
  return problemsError([source.problem(path, message, { key: true, hint })]);
}
