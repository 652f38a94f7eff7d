/** `--repeat N`: all chosen tests, then all of them again as `name#2`, and so on; `--until-fail` until one is not ok. */
import { LIMITS, type TestSpec, TuttiError } from '@tutti/protocol';
import { MOST_TESTS } from './test-names.ts';

export interface Repetition {
  readonly repeat?: number | undefined;
  /** Without `repeat` as often as a run can have that many tests. */
  readonly untilFail: boolean;
}

export function repeated(tests: readonly TestSpec[], { repeat, untilFail }: Repetition): TestSpec[] {
  const times = repeat ?? (untilFail ? Math.floor(MOST_TESTS / tests.length) : 1);
  const count = times * tests.length;
  if (count > MOST_TESTS) {
    throw new TuttiError(
      'USAGE',
      `--repeat ${times} of ${tests.length} tests makes ${count}, and a run has at most ${MOST_TESTS}`,
    );
  }
  const names = new Set(tests.map(({ name }) => name));
  const all = [...tests];
  for (let round = 2; round <= times; round += 1) {
    for (const test of tests) {
      const name = `${test.name}#${round}`;
      refuseUnfit(name, names);
      all.push({ ...test, name });
    }
  }
  return all;
}

function refuseUnfit(name: string, names: ReadonlySet<string>): void {
  if (names.has(name)) {
    throw new TuttiError('USAGE', `--repeat would make a second test named "${name}"; rename that one`);
  }
  if (name.length > LIMITS.name.value) {
    throw new TuttiError(
      'USAGE',
      `--repeat makes the name "${name}", which has more than ${LIMITS.name.value} characters`,
    );
  }
}
