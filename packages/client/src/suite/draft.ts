/**
 * The tests of one valid part of a suite with all defaults merged in: suite → test, default role → role of the test, a
 * combination of the matrix over the test, and `--param` over everything. Pure; scripts are not looked at here, only
 * where each was named.
 */
import { nearest, type RoleSpec, type Script, type TestSpec } from '@tutti/protocol';
import { asRun, driveOf, driveProblems, driverOf } from './drive.ts';
import { durationSeconds } from './duration.ts';
import { combinationName, combinations, narrowed } from './matrix.ts';
import { fieldsOf, type MergedRole, mergedRole } from './merged-role.ts';
import { type GivenParams, overridden } from './params.ts';
import { type Part, testsOf } from './parts/part.ts';
import type { Problem } from './problem.ts';
import { meaningOf } from './run-rule.ts';
import { DEFAULT_SECONDS, type Skip, type SuiteFields, type TestFields } from './schema.ts';
import type { SuiteSource, YamlPath } from './source.ts';
import { startProblems } from './start-order.ts';

export interface Draft {
  readonly tests: DraftTest[];
  readonly scripts: NamedScript[];
  readonly problems: Problem[];
}

/** A test and where it was written; all combinations of a matrix at one place. */
export interface DraftTest {
  readonly spec: TestSpec;
  readonly source: SuiteSource;
  readonly path: YamlPath;
}

export interface NamedScript {
  readonly script: Script;
  readonly run: string;
  /** Of the file that names it. */
  readonly folder: string;
  readonly source: SuiteSource;
  readonly path: YamlPath;
}

export interface Overrides {
  readonly params: GivenParams;
  readonly timeout?: number | undefined;
}

export function draftPart(part: Part, given: Overrides): Draft {
  const { fields, source, prefix } = part;
  const draft: Draft = { tests: [], scripts: [], problems: [] };
  for (const [index, test] of testsOf(part).entries()) {
    const path = ['tests', index];
    const roles = rolesOf(part, test, index, given, draft);
    const { params, ...spec } = fieldsOfTest(fields, test, given);
    for (const combination of combinations(narrowed(test.matrix, given.params))) {
      const name = prefix + combinationName(test.name, combination);
      draft.tests.push({
        spec: { name, ...spec, params: { ...params, ...combination }, roles },
        source,
        path,
      });
    }
  }
  draft.problems.push(...unusedRoles(part));
  return draft;
}

/** Every parameter name that suite, test, matrix or role declares. */
export function declaredParams({ fields }: Part): string[] {
  const tests = fields.tests ?? [];
  const steps = [fields.setup, fields.teardown].flatMap((step) =>
    typeof step === 'object' ? Object.values(step) : [],
  );
  const roles = [fields, ...tests].flatMap((part) => Object.values(part.roles ?? {}).map(fieldsOf));
  const declaring = [fields, ...tests, ...roles, ...steps.filter((step) => typeof step === 'object')];
  return [
    ...declaring.flatMap(({ params }) => Object.keys(params ?? {})),
    ...tests.flatMap(({ matrix }) => Object.keys(matrix ?? {})),
  ];
}

/** The script that `run` means, or undefined with a problem more. */
export function scriptNamed(
  run: string,
  { folder, source }: Part,
  path: YamlPath,
  draft: Pick<Draft, 'scripts' | 'problems'>,
): Script | undefined {
  const meaning = meaningOf(run, folder);
  if (meaning.is === 'escape') {
    const hint = 'keep it below the folder of the suite file, which is what machines get';
    const message = `the script ${meaning.path} is outside the suite's folder`;
    draft.problems.push(source.problem(path, message, { code: 'PATH_ESCAPES', hint }));
    return undefined;
  }
  draft.scripts.push({ script: meaning.script, run, folder, source, path });
  return meaning.script;
}

/** The seconds of a suite's setting, or its default. */
export function secondsOf(suite: SuiteFields, key: keyof typeof DEFAULT_SECONDS): number {
  return durationSeconds(suite[key] ?? DEFAULT_SECONDS[key]);
}

function fieldsOfTest(
  suite: SuiteFields,
  test: TestFields,
  given: Overrides,
): Omit<TestSpec, 'name' | 'roles'> {
  const merged = { ...suite, ...test };
  const most = merged['max-timeout'];
  const tags = [...new Set([...(suite.tags ?? []), ...(test.tags ?? [])])];
  const secrets = [...new Set([...(suite.secrets ?? []), ...(test.secrets ?? [])])];
  return {
    timeout: given.timeout ?? secondsOf(merged, 'timeout'),
    maxTimeout: most === undefined ? undefined : durationSeconds(most),
    linger: secondsOf(merged, 'linger'),
    grace: secondsOf(merged, 'grace'),
    params: overridden({ ...suite.params, ...test.params }, given.params),
    tags: tags.length === 0 ? undefined : tags,
    expect: test.expect,
    retries: merged.retries,
    retryErrors: merged['retry-errors'],
    skip: skipOf(test.skip),
    parallel: merged.parallel,
    secrets: secrets.length === 0 ? undefined : secrets,
  };
}

function skipOf(skip: Skip | undefined): TestSpec['skip'] {
  return typeof skip === 'string' ? { when: skip } : skip;
}

function rolesOf(part: Part, test: TestFields, index: number, given: Overrides, draft: Draft): RoleSpec[] {
  const names = Object.keys(test.roles ?? part.fields.roles ?? {});
  const drive = test.drive === undefined ? undefined : driveOf(test.drive, index);
  if (names.length === 0 && drive === undefined) {
    draft.problems.push(part.source.problem(['tests', index], `test "${test.name}" has no roles`));
  }
  const merged = names.map((name) => mergedRole(name, part, index));
  draft.problems.push(...startProblems(merged, test.name, part.source));
  const roles = merged.flatMap((role) => {
    const script = scriptOf(role, part, test, index, draft);
    const params = overridden(role.spec.params, given.params);
    return script ? [{ ...role.spec, script, params }] : [];
  });
  if (drive === undefined) return roles;
  draft.problems.push(...driveProblems(drive, merged, test, part));
  const script = scriptNamed(asRun(drive.file), part, drive.filePath, draft);
  return script ? [...roles, driverOf(script, drive, merged, part)] : roles;
}

function scriptOf(
  { spec: { name }, run, runPath }: MergedRole,
  part: Part,
  test: TestFields,
  index: number,
  draft: Draft,
): Script | undefined {
  if (run !== undefined) return scriptNamed(run, part, runPath, draft);
  if (test.drive !== undefined) return { kind: 'none' };
  const defaults = Object.keys(part.fields.roles ?? {});
  const meant = defaults.includes(name) ? undefined : nearest(name, defaults);
  const hint = meant
    ? `did you mean "${meant}"?`
    : `give it a script: "${name}: ./${name}.sh", or "run:" below it; or the test a driver: "drive: FILE"`;
  const path = test.roles ? ['tests', index, 'roles', name] : ['roles', name];
  const message = `role "${name}" of test "${test.name}" has nothing to run`;
  draft.problems.push(part.source.problem(path, message, { key: true, hint }));
  return undefined;
}

function unusedRoles(part: Part): Problem[] {
  const tests = testsOf(part);
  const isUnused = (name: string) => tests.every(({ roles }) => roles && !Object.hasOwn(roles, name));
  const hint = 'remove it, or name it under "roles" of a test';
  return Object.keys(part.fields.roles ?? {})
    .filter(isUnused)
    .map((name) =>
      part.source.problem(['roles', name], `no test uses role "${name}"`, {
        key: true,
        code: 'UNUSED_ROLE',
        hint,
      }),
    );
}
