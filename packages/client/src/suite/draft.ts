/**
 * The tests of a valid suite file with all defaults merged in: suite → test, default role → role of the test,
 * and `--param` over everything. Pure; scripts are not looked at here, only where each was named.
 */
import type { RoleSpec, TestSpec } from '@tutti/protocol';
import { durationSeconds } from './duration.ts';
import { fieldsOf, type MergedRole, mergedRole } from './merged-role.ts';
import { type GivenParams, overridden } from './params.ts';
import type { Problem } from './problem.ts';
import { meaningOf } from './run-rule.ts';
import { DEFAULT_SECONDS, type SuiteFields, type TestFields } from './schema.ts';
import type { SuiteSource, YamlPath } from './source.ts';
import { nearest } from './suggestion.ts';

export interface Draft {
  readonly tests: TestSpec[];
  readonly scripts: NamedScript[];
  readonly problems: Problem[];
}

export interface NamedScript {
  readonly script: RoleSpec['script'];
  readonly run: string;
  readonly path: YamlPath;
}

interface Overrides {
  readonly params: GivenParams;
  readonly timeout?: number | undefined;
}

export function draftTests(suite: SuiteFields, source: SuiteSource, given: Overrides): Draft {
  const draft: Draft = { tests: [], scripts: [], problems: [] };
  const names = new Set<string>();
  for (const [index, test] of suite.tests.entries()) {
    if (names.has(test.name)) {
      draft.problems.push(source.problem(['tests', index, 'name'], `a second test named "${test.name}"`));
    }
    names.add(test.name);
    const roleNames = Object.keys(test.roles ?? suite.roles ?? {});
    if (roleNames.length === 0) {
      draft.problems.push(source.problem(['tests', index], `test "${test.name}" has no roles`));
    }
    const roles = roleNames.flatMap((name) => {
      const role = mergedRole(name, suite, test, index, source);
      const script = scriptOf(role, suite, test, index, source, draft);
      if (!script) return [];
      const { count, env, essential } = role;
      return [{ name, count, script, params: overridden(role.params, given.params), env, essential }];
    });
    draft.tests.push({ ...fieldsOfTest(suite, test, given), roles });
  }
  draft.problems.push(...unusedRoles(suite, source));
  return draft;
}

/** Every parameter name that suite, test or role declares. */
export function declaredParams(suite: SuiteFields): Set<string> {
  const roles = [suite, ...suite.tests].flatMap((part) => Object.values(part.roles ?? {}).map(fieldsOf));
  return new Set([suite, ...suite.tests, ...roles].flatMap(({ params }) => Object.keys(params ?? {})));
}

function fieldsOfTest(suite: SuiteFields, test: TestFields, given: Overrides): Omit<TestSpec, 'roles'> {
  const seconds = (key: keyof typeof DEFAULT_SECONDS) =>
    durationSeconds(test[key] ?? suite[key] ?? DEFAULT_SECONDS[key]);
  const most = test['max-timeout'] ?? suite['max-timeout'];
  return {
    name: test.name,
    timeout: given.timeout ?? seconds('timeout'),
    ...(most === undefined ? {} : { maxTimeout: durationSeconds(most) }),
    linger: seconds('linger'),
    grace: seconds('grace'),
    params: overridden({ ...suite.params, ...test.params }, given.params),
  };
}

/** Undefined when it has none that could be staged; then the draft has a problem more. */
function scriptOf(
  role: MergedRole,
  suite: SuiteFields,
  test: TestFields,
  index: number,
  source: SuiteSource,
  draft: Draft,
): RoleSpec['script'] | undefined {
  const { name, run, runPath } = role;
  if (run === undefined) {
    const defaults = Object.keys(suite.roles ?? {});
    const meant = defaults.includes(name) ? undefined : nearest(name, defaults);
    const hint = meant
      ? `did you mean "${meant}"?`
      : `give it a script: "${name}: ./${name}.sh", or "run:" below it`;
    const path = test.roles ? ['tests', index, 'roles', name] : ['roles', name];
    const message = `role "${name}" of test "${test.name}" has nothing to run`;
    draft.problems.push(source.problem(path, message, { key: true, hint }));
    return undefined;
  }
  const meaning = meaningOf(run);
  if (meaning.is === 'escape') {
    const hint = 'keep it below the folder of the suite file, which is what machines get';
    const message = `the script ${meaning.path} is outside the suite's folder`;
    draft.problems.push(source.problem(runPath, message, { code: 'PATH_ESCAPES', hint }));
    return undefined;
  }
  draft.scripts.push({ script: meaning.script, run, path: runPath });
  return meaning.script;
}

function unusedRoles(suite: SuiteFields, source: SuiteSource): Problem[] {
  const isUnused = (name: string) => suite.tests.every(({ roles }) => roles && !Object.hasOwn(roles, name));
  const hint = 'remove it, or name it under "roles" of a test';
  return Object.keys(suite.roles ?? {})
    .filter(isUnused)
    .map((name) =>
      source.problem(['roles', name], `no test uses role "${name}"`, {
        key: true,
        code: 'UNUSED_ROLE',
        hint,
      }),
    );
}
