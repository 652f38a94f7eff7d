/** Which of the tests that are under way is meant by a name, or by none. Pure. */
import { nearest, TuttiError } from '@tutti/protocol';
import type { TestRun } from './model.ts';

const LISTED = 5;

/** Throws `NO_SUCH_TEST`. */
export function attemptNamed<A>(run: number, underWay: ReadonlyMap<TestRun, A>, name: string | undefined): A {
  const names = [...underWay.keys()].map(({ spec }) => spec.name);
  const found = [...underWay].find(([{ spec }]) => name === undefined || spec.name === name);
  if (found === undefined) {
    if (names.length === 0 || name === undefined)
      throw new TuttiError('NO_SUCH_TEST', `no test of run ${run} is under way`);
    const hint = nearest(name, names);
    const there = hint === undefined ? some(names) : `did you mean ${JSON.stringify(hint)}?`;
    throw new TuttiError(
      'NO_SUCH_TEST',
      `no test ${JSON.stringify(name)} of run ${run} is under way; ${there}`,
    );
  }
  if (name === undefined && names.length > 1)
    throw new TuttiError(
      'NO_SUCH_TEST',
      `run ${run} has ${names.length} tests under way: say which; ${some(names)}`,
    );
  return found[1];
}

function some(names: readonly string[]): string {
  const more = names.length > LISTED ? ` and ${names.length - LISTED} more` : '';
  return `there is ${names.slice(0, LISTED).join(', ')}${more}`;
}
