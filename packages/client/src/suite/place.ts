/** A place in a suite file in a reader's words: `"count" in role "client" of test "throughput"`. */
import { DriveFields, RoleFields, SkipFields, StepFields, SuiteFields, TestFields } from './schema.ts';
import type { YamlPath } from './source.ts';

interface Owner {
  /** Empty for the suite itself. */
  readonly name: string;
  /** The keys it may have. */
  readonly keys: readonly string[];
  /** What of the path lies inside it. */
  readonly rest: YamlPath;
}

/** The innermost suite, test, role, skip or step of setup and teardown that `path` leads into. */
export function ownerOf(path: YamlPath, suite: unknown): Owner {
  const [first, second] = path;
  if ((first === 'setup' || first === 'teardown') && second !== undefined) {
    const of = second === 'all' ? 'all roles' : `role "${second}"`;
    return { name: `${first} of ${of}`, keys: Object.keys(StepFields.shape), rest: path.slice(2) };
  }
  const inTest = first === 'tests' && typeof second === 'number';
  const test = inTest ? testName(suite, second) : '';
  const [key, name, ...inside] = path.slice(inTest ? 2 : 0);
  if (key === 'roles' && name !== undefined) {
    const role = `role "${name}"${inTest ? ` of ${test}` : ''}`;
    return { name: role, keys: Object.keys(RoleFields.shape), rest: inside };
  }
  if (inTest && key === 'skip' && name !== undefined) {
    return { name: `"skip" of ${test}`, keys: Object.keys(SkipFields.shape), rest: [name, ...inside] };
  }
  if (inTest && key === 'drive' && name !== undefined) {
    return { name: `"drive" of ${test}`, keys: Object.keys(DriveFields.shape), rest: [name, ...inside] };
  }
  if (inTest) return { name: test, keys: Object.keys(TestFields.shape), rest: path.slice(2) };
  return { name: '', keys: Object.keys(SuiteFields.shape), rest: path };
}

/** What the entries of a key are called. */
const ENTRIES: Record<string, string> = {
  params: 'parameter',
  env: 'variable',
  matrix: 'matrix parameter',
};

/** What a sentence about the value at `path` begins with. */
export function subjectOf(path: YamlPath, suite: unknown): string {
  const { name, rest } = ownerOf(path, suite);
  const [field, entry, item] = rest;
  if (field === undefined) return name || 'the suite';
  const kind = ENTRIES[field];
  const inList = typeof entry === 'number' ? `entry ${entry + 1} of "${field}"` : `"${field}"`;
  const value = typeof item === 'number' ? `value ${item + 1} of ` : '';
  const what = kind && entry !== undefined ? `${value}${kind} "${entry}"` : inList;
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
