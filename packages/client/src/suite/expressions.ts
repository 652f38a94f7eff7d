/** `where` and `skip` can be understood, and speak of things that there are. */
import { Identifier } from '@tutti/protocol';
import { checkSelector, checkSkip, type SelectorCheck } from '@tutti/protocol/selector';
import { DRIVER } from './drive.ts';
import { fieldsOf } from './merged-role.ts';
import { type Part, testsOf } from './parts/part.ts';
import type { Problem } from './problem.ts';
import type { Role, TestFields } from './schema.ts';
import type { YamlPath } from './source.ts';

export function expressionProblems(part: Part): Problem[] {
  const problems: Problem[] = [];
  const report = (path: YamlPath, what: string, check: SelectorCheck) => {
    if (check.ok) return;
    const { at, message, hint } = check;
    problems.push(part.source.problemInside(path, at, `"${what}": ${message}`, { hint }));
  };
  for (const [path, where] of wheresOf(part)) report(path, 'where', checkSelector(where));
  for (const [index, test] of testsOf(part).entries()) {
    const { drive } = test;
    const on = typeof drive === 'object' ? drive.on : undefined;
    if (on !== undefined && !Identifier.safeParse(on).success)
      report(['tests', index, 'drive', 'on'], 'on', checkSelector(on));
    const when = typeof test.skip === 'string' ? test.skip : test.skip?.when;
    if (when === undefined) continue;
    const path = ['tests', index, 'skip', ...(typeof test.skip === 'string' ? [] : ['when'])];
    report(path, 'skip', checkSkip(when, namesFor(part, test)));
  }
  return problems;
}

function wheresOf(part: Part): [YamlPath, string][] {
  const within = (path: YamlPath, roles: Record<string, Role> | undefined) =>
    Object.entries(roles ?? {}).flatMap(([name, role]): [YamlPath, string][] => {
      const { where } = fieldsOf(role);
      return where === undefined ? [] : [[[...path, name, 'where'], where]];
    });
  return [
    ...within(['roles'], part.fields.roles),
    ...testsOf(part).flatMap(({ roles }, index) => within(['tests', index, 'roles'], roles)),
  ];
}

/** What the expression of a test can name. */
function namesFor({ fields }: Part, { params, matrix, roles, drive }: TestFields) {
  const driver = drive === undefined ? [] : [DRIVER];
  return {
    params: [...new Set([fields.params, params, matrix].flatMap((declared) => Object.keys(declared ?? {})))],
    roles: [...Object.keys(roles ?? fields.roles ?? {}), ...driver],
  };
}
