/** Which of what a run does counts as a test: setup and teardown do not. */
import type { RunView, TestView } from '@tutti/protocol';

export interface Placed {
  readonly test: TestView;
  /** Its position in the view. */
  readonly index: number;
  /** Its position among the tests; of setup and teardown undefined. */
  readonly place: number | undefined;
}

export function placed({ tests }: RunView): Placed[] {
  let next = 0;
  return tests.map((test, index) => {
    if (test.part !== undefined) return { test, index, place: undefined };
    next += 1;
    return { test, index, place: next - 1 };
  });
}
