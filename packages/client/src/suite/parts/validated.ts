/** A file's contents as the schema has them, or everything that is wrong with notation and shape at once. */
import type { Problem } from '../problem.ts';
import { SuiteFields } from '../schema.ts';
import type { SuiteSource } from '../source.ts';
import { violations } from '../violation.ts';

const HINT = 'it needs "tests:", a list with a "name" each';

/** Adds to `problems` where it gives nothing. */
export function validated(source: SuiteSource, problems: Problem[]): SuiteFields | undefined {
  if (!source.usable) {
    problems.push(...source.problems);
    return undefined;
  }
  if (source.value === null || source.value === undefined) {
    problems.push(source.problem([], 'the suite is empty', { hint: HINT }));
    return undefined;
  }
  const parsed = SuiteFields.safeParse(source.value);
  const found = [...source.problems, ...(parsed.success ? [] : violations(parsed.error, source))];
  if (parsed.success && parsed.data.tests === undefined && parsed.data.include === undefined) {
    found.push(source.problem([], 'the suite has no "tests"', { hint: HINT }));
  }
  problems.push(...found);
  return found.length === 0 ? parsed.data : undefined;
}
