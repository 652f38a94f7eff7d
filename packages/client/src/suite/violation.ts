/** The schema's complaints as problems with positions, in sentences for people who know YAML but not zod. */
import { nearest } from '@tutti/protocol';
import type { z } from 'zod';
import { ownerOf, subjectOf } from './place.ts';
import type { Problem } from './problem.ts';
import { LATER_KEYS } from './schema.ts';
import type { SuiteSource, YamlPath } from './source.ts';

type Issue = z.core.$ZodIssue;

export function violations({ issues }: z.ZodError, source: SuiteSource): Problem[] {
  const unknown = new Set(issues.filter(({ code }) => code === 'unrecognized_keys').map(placeOf));
  return (
    issues
      // What is missing is probably what the unknown key was meant to be.
      .filter((issue) => issue.code !== 'custom' || !unknown.has(placeOf(issue)))
      .flatMap((issue) => explain(issue, [], source))
  );
}

function placeOf({ path }: Issue): string {
  return path.join('\0');
}

function explain(issue: Issue, base: YamlPath, source: SuiteSource): Problem[] {
  const path = [...base, ...(issue.path as (string | number)[])];
  const subject = subjectOf(path, source.value);
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(key, path, source));
  if (issue.code === 'invalid_union') {
    const meant = issue.errors.find((branch) => branch.every((inner) => !isWrongType(inner)));
    if (meant) return meant.flatMap((inner) => explain(inner, path, source));
  }
  if (issue.code === 'invalid_key') {
    return [source.problem(path, `${subject}: ${issue.issues[0]?.message ?? 'not a name'}`, { key: true })];
  }
  if (issue.code === 'invalid_type' && valueAt(source.value, path) === undefined) {
    const owner = subjectOf(path.slice(0, -1), source.value);
    return [source.problem(path.slice(0, -1), `${owner} has no "${path.at(-1)}"`)];
  }
  const got = typeOf(valueAt(source.value, path));
  return [source.problem(path, `${subject} ${complaint(issue, got)}`)];
}

function unknownKey(key: string, path: YamlPath, source: SuiteSource): Problem {
  const at = [...path, key];
  if (LATER_KEYS.has(key)) {
    return source.problem(at, `"${key}" is not available in this version of Tutti`, { key: true });
  }
  const { name, keys } = ownerOf(at, source.value);
  const meant = nearest(key, keys);
  const hint = meant ? `did you mean "${meant}"?` : `known keys: ${keys.join(', ')}`;
  return source.problem(at, `unknown key "${key}"${name ? ` in ${name}` : ''}`, { key: true, hint });
}

/** The branch of a union that this value was not written for. */
function isWrongType(issue: Issue): boolean {
  return issue.path.length === 0 && issue.code === 'invalid_type' && issue.expected !== 'int';
}

const EXPECTED: Record<string, string> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
};

function complaint(issue: Issue, got: string): string {
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${EXPECTED[issue.expected] ?? issue.expected}, not ${got}`;
    case 'too_small':
      if (issue.origin === 'string') return 'must not be empty';
      if (issue.origin === 'array') return 'must not be an empty list';
      return `must be at least ${issue.minimum}`;
    case 'too_big':
      if (issue.origin === 'string') return `must have at most ${issue.maximum} characters`;
      return issue.message.startsWith('must') ? issue.message : `must be at most ${issue.maximum}`;
    case 'invalid_union':
      return `${issue.message}, not ${got}`;
    default:
      return issue.message;
  }
}

function typeOf(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  if (typeof value === 'string') return 'text';
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : typeof value;
}

function valueAt(value: unknown, path: YamlPath): unknown {
  return path.reduce<unknown>(
    (inner, step) =>
      typeof inner === 'object' && inner !== null && Object.hasOwn(inner, step)
        ? Reflect.get(inner, step)
        : undefined,
    value,
  );
}
