/** Names of tests are unique in a run, and fit where names go; and a run has a bounded number of tests. */
import { LIMITS } from '@tutti/protocol';
import type { DraftTest } from './draft.ts';
import { combinationCount, narrowed } from './matrix.ts';
import type { GivenParams } from './params.ts';
import { type Part, testsOf } from './parts/part.ts';
import type { Problem } from './problem.ts';

export const MOST_TESTS = 10_000;

/** Asked before any combination is made: there may be more of them than fit anywhere. */
export function countProblems(parts: readonly Part[], given: GivenParams): Problem[] {
  let total = 0;
  const problems = parts.flatMap((part) =>
    testsOf(part).flatMap(({ name, matrix }, index): Problem[] => {
      const count = combinationCount(narrowed(matrix, given));
      total += count;
      if (count <= MOST_TESTS) return [];
      const message = `the matrix of test "${name}" has ${count} combinations, and a run at most ${MOST_TESTS} tests`;
      return [part.source.problem(['tests', index, 'matrix'], message, { key: true })];
    }),
  );
  const [top] = parts.slice(-1);
  if (total > MOST_TESTS && problems.length === 0 && top) {
    const hint = 'make it several suites';
    problems.push(top.source.problem([], `the suite has ${total} tests, more than ${MOST_TESTS}`, { hint }));
  }
  return problems;
}

export function nameProblems(tests: readonly DraftTest[]): Problem[] {
  const first = new Map<string, DraftTest>();
  const told = new Set<string>();
  return tests.flatMap((test) => {
    const { spec, source, path } = test;
    const earlier = first.get(spec.name);
    if (!earlier) first.set(spec.name, test);
    const mistake = mistakeIn(test, earlier);
    // Of the combinations of a matrix one speaks for all.
    const place = `${source.file} ${path.join(' ')} ${mistake?.at}`;
    if (!mistake || told.has(place)) return [];
    told.add(place);
    return [source.problem([...path, mistake.at], mistake.message, { hint: mistake.hint })];
  });
}

interface Mistake {
  readonly at: 'name' | 'matrix';
  readonly message: string;
  readonly hint?: string | undefined;
}

function mistakeIn({ spec, source, path }: DraftTest, earlier: DraftTest | undefined): Mistake | undefined {
  const { name } = spec;
  const limit = LIMITS.name.value;
  if (name.length > limit) {
    const message = `the name "${name.slice(0, 40)}…" has ${name.length} characters, more than ${limit}`;
    return { at: 'name', message, hint: 'shorten it, or the values of its matrix' };
  }
  if (/[\u0000-\u001f\u007f]/.test(name)) {
    return { at: 'matrix', message: 'values of a matrix become part of names: no line ends or controls' };
  }
  if (!earlier) return undefined;
  if (earlier.source === source && earlier.path === path) {
    return { at: 'matrix', message: `two combinations of the matrix are both called "${name}"` };
  }
  const hint = earlier.source === source ? undefined : `the first is in ${earlier.source.file}`;
  return { at: 'name', message: `a second test named "${name}"`, hint };
}
