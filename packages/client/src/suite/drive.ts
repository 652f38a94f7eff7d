/** `drive:` of a test: the role of its driver, and what cannot be so beside it. */
import { Identifier, nearest, type RoleSpec, type Script } from '@tutti/protocol';
import { envOf, type MergedRole } from './merged-role.ts';
import type { Part } from './parts/part.ts';
import type { Problem } from './problem.ts';
import type { Drive, TestFields } from './schema.ts';
import type { YamlPath } from './source.ts';

/** What the role of a driver is called; no other role of its test is. */
export const DRIVER = 'driver';

interface Driven {
  readonly file: string;
  /** Where the file is named. */
  readonly filePath: YamlPath;
  readonly on: string | undefined;
  readonly onPath: YamlPath;
}

/** What a test says of its driver. */
export function driveOf(drive: Drive, index: number): Driven {
  const path = ['tests', index, 'drive'];
  if (typeof drive === 'string') return { file: drive, filePath: path, on: undefined, onPath: path };
  return { file: drive.file, filePath: [...path, 'file'], on: drive.on, onPath: [...path, 'on'] };
}

/** As `run:` has it: one word that begins with a dot or a slash is a file. */
export function asRun(file: string): string {
  return /^\.{0,2}\//.test(file) ? file : `./${file}`;
}

/** On the machine of that role, on one that a selector wants, or on any: one labelled `driver` if there is one. */
export function driverRole(
  script: Script,
  on: string | undefined,
  roles: readonly Pick<RoleSpec, 'name'>[],
): RoleSpec {
  const place = roles.some(({ name }) => name === on) ? { on } : on === undefined ? {} : { where: on };
  return { name: DRIVER, count: 1, script, drives: true, params: {}, env: {}, essential: true, ...place };
}

export function driverOf(
  script: Script,
  { on }: Driven,
  roles: readonly MergedRole[],
  { fields, source }: Part,
): RoleSpec {
  const names = roles.map(({ spec }) => ({ name: spec.name }));
  return { ...driverRole(script, on, names), env: envOf(fields.env, ['env'], source) };
}

export function driveProblems(
  { on, onPath }: Driven,
  roles: readonly MergedRole[],
  test: TestFields,
  { source }: Part,
): Problem[] {
  const names = roles.map(({ spec }) => spec.name);
  const problems: Problem[] = [];
  const driver = roles.find(({ spec }) => spec.name === DRIVER);
  if (driver !== undefined) {
    const message = `test "${test.name}" has a driver, so no role of it can be called "${DRIVER}"`;
    problems.push(
      source.problem(driver.runPath.slice(0, -1), message, { key: true, hint: 'rename the role' }),
    );
  }
  if (on !== undefined && Identifier.safeParse(on).success && !names.includes(on)) {
    const meant = nearest(on, names);
    const hint =
      meant === undefined
        ? `its roles: ${names.join(', ') || 'none'}; or write a selector`
        : `did you mean "${meant}"?`;
    problems.push(
      source.problem(onPath, `test "${test.name}" has no role "${on}" for its driver to be on`, { hint }),
    );
  }
  for (const { spec, run, startPath } of roles) {
    if (run !== undefined || spec.startAfter === undefined) continue;
    const message = `role "${spec.name}" of test "${test.name}" has no script that could start after another`;
    problems.push(
      source.problem(startPath, message, { hint: 'the driver says what happens on it, and when' }),
    );
  }
  return problems;
}
