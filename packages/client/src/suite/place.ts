/** A place in a suite file in a reader's words: `"count" in role "client" of test "throughput"`. */
import { RoleFields, SuiteFields, TestFields } from './schema.ts';
import type { YamlPath } from './source.ts';

interface Owner {
  /** Empty for the suite itself. */
  readonly name: string;
  /** The keys it may have. */
  readonly keys: readonly string[];
  /** What of the path lies inside it. */
  readonly rest: YamlPath;
}

/** The innermost suite, test or role that `path` leads into. */
export function ownerOf(path: YamlPath, suite: unknown): Owner {
  const inTest = path[0] === 'tests' && typeof path[1] === 'number';
  const test = inTest ? testName(suite, Number(path[1])) : '';
  const [roles, role, ...inRole] = path.slice(inTest ? 2 : 0);
  if (roles === 'roles' && role !== undefined) {
    const name = `role "${role}"${inTest ? ` of ${test}` : ''}`;
    return { name, keys: Object.keys(RoleFields.shape), rest: inRole };
  }
  if (inTest) return { name: test, keys: Object.keys(TestFields.shape), rest: path.slice(2) };
  return { name: '', keys: Object.keys(SuiteFields.shape), rest: path };
}

/** What a sentence about the value at `path` begins with. */
export function subjectOf(path: YamlPath, suite: unknown): string {
  const { name, rest } = ownerOf(path, suite);
  const [field, entry] = rest;
  if (field === undefined) return name || 'the suite';
  const kind = field === 'params' ? 'parameter' : field === 'env' ? 'variable' : undefined;
  const what = kind && entry !== undefined ? `${kind} "${entry}"` : `"${field}"`;
  return name ? `${what} in ${name}` : what;
}

function testName(suite: unknown, index: number): string {
  const tests: unknown = property(suite, 'tests');
  const name = property(Array.isArray(tests) ? tests[index] : undefined, 'name');
  return typeof name === 'string' && name.length > 0 && name.length <= 128
    ? `test "${name}"`
    : `test ${index + 1}`;
}

function property(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}
