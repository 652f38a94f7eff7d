/**
 * A role of a test: what the test says about it over the suite's default of that name. Field by field; parameters
 * and variables name by name.
 */
import type { Env, Params, RoleSpec } from '@tutti/protocol';
import { durationSeconds } from './duration.ts';
import { type Part, testsOf } from './parts/part.ts';
import type { Role, RoleFields } from './schema.ts';
import type { SuiteSource, YamlPath } from './source.ts';

export interface MergedRole {
  /** What is missing to a role of a run is what only its text can tell, its script. */
  readonly spec: Omit<RoleSpec, 'script'>;
  readonly run: string | undefined;
  /** Where its script was named, for what turns out to be wrong with it. */
  readonly runPath: YamlPath;
  readonly startPath: YamlPath;
}

/** The default role alone when the test has no `roles:` of its own. */
export function mergedRole(name: string, part: Part, index: number): MergedRole {
  const { fields, source } = part;
  const lower = layer(fields.roles, ['roles', name], source);
  const upper = layer(testsOf(part)[index]?.roles, ['tests', index, 'roles', name], source);
  const start = upper.start ?? lower.start;
  const timeout = upper.timeout ?? lower.timeout;
  return {
    spec: {
      name,
      count: upper.count ?? lower.count ?? 1,
      params: { ...lower.params, ...upper.params },
      env: { ...envOf(fields.env, ['env'], source), ...lower.env, ...upper.env },
      essential: upper.essential ?? lower.essential ?? true,
      where: upper.where ?? lower.where,
      startAfter: start?.replace(/^after /, ''),
      parse: upper.parse ?? lower.parse,
      timeout: timeout === undefined ? undefined : durationSeconds(timeout),
    },
    run: upper.run ?? lower.run ?? part.ownScript,
    runPath: upper.run === undefined && lower.run !== undefined ? lower.runPath : upper.runPath,
    startPath: [...(upper.start === undefined ? lower.path : upper.path), 'start'],
  };
}

/** What the suite says of a role, for those of its scripts that no test runs. */
export function defaultsOf(name: string, { fields, source }: Part): { params: Params; env: Env } {
  const { params, env } = layer(fields.roles, ['roles', name], source);
  return { params: { ...params }, env: { ...envOf(fields.env, ['env'], source), ...env } };
}

export function fieldsOf(role: Role | undefined): RoleFields {
  return typeof role === 'string' ? { run: role } : (role ?? {});
}

/** As typed: a variable is text, and `VERSION: 1.10` shall not become "1.1". */
export function envOf(env: RoleFields['env'], path: YamlPath, source: SuiteSource): Env {
  return Object.fromEntries(
    Object.entries(env ?? {}).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : (source.typed([...path, name]) ?? String(value)),
    ]),
  );
}

function layer(roles: Record<string, Role> | undefined, path: YamlPath, source: SuiteSource) {
  const name = String(path.at(-1));
  // A role may be called "constructor", which every object seems to have.
  const role = roles && Object.hasOwn(roles, name) ? roles[name] : undefined;
  const fields = fieldsOf(role);
  const runPath = typeof role === 'string' ? path : [...path, 'run'];
  return { ...fields, path, runPath, env: envOf(fields.env, [...path, 'env'], source) };
}
