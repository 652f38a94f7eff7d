/**
 * A role of a test: what the test says about it over the suite's default of that name. Field by field; parameters
 * and variables name by name.
 */
import type { Env, Params } from '@tutti/protocol';
import type { Role, RoleFields, SuiteFields, TestFields } from './schema.ts';
import type { SuiteSource, YamlPath } from './source.ts';

export interface MergedRole {
  readonly name: string;
  readonly run: string | undefined;
  /** Where its script was named, for what turns out to be wrong with it. */
  readonly runPath: YamlPath;
  readonly count: number;
  readonly params: Params;
  readonly env: Env;
  readonly essential: boolean;
}

/** The default role alone when the test has no `roles:` of its own. */
export function mergedRole(
  name: string,
  suite: SuiteFields,
  test: TestFields,
  index: number,
  source: SuiteSource,
): MergedRole {
  const lower = layer(suite.roles, ['roles', name], source);
  const upper = layer(test.roles, ['tests', index, 'roles', name], source);
  return {
    name,
    run: upper.run ?? lower.run,
    runPath: upper.run === undefined ? lower.runPath : upper.runPath,
    count: upper.count ?? lower.count ?? 1,
    params: { ...lower.params, ...upper.params },
    env: { ...envOf(suite.env, ['env'], source), ...lower.env, ...upper.env },
    essential: upper.essential ?? lower.essential ?? true,
  };
}

export function fieldsOf(role: Role | undefined): RoleFields {
  return typeof role === 'string' ? { run: role } : (role ?? {});
}

function layer(roles: Record<string, Role> | undefined, path: YamlPath, source: SuiteSource) {
  const name = String(path.at(-1));
  // A role may be called "constructor", which every object seems to have.
  const role = roles && Object.hasOwn(roles, name) ? roles[name] : undefined;
  const fields = fieldsOf(role);
  const runPath = typeof role === 'string' ? path : [...path, 'run'];
  return { ...fields, runPath, env: envOf(fields.env, [...path, 'env'], source) };
}

/** As typed: a variable is text, and `VERSION: 1.10` shall not become "1.1". */
function envOf(env: RoleFields['env'], path: YamlPath, source: SuiteSource): Env {
  return Object.fromEntries(
    Object.entries(env ?? {}).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : (source.typed([...path, name]) ?? String(value)),
    ]),
  );
}
