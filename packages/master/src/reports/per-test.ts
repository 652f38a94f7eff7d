/**
 * What was made of each test of a report, so that of a run of thousands only the tests that changed are made again.
 *
 * A report is a snapshot that nobody changes: the same object means the same text. It is kept as long as its test is.
 */
import type { ReportTest } from '@tutti/protocol';

export class PerTest<T> {
  readonly #made = new WeakMap<ReportTest, T>();

  of(test: ReportTest, make: () => T): T {
    const known = this.#made.get(test);
    if (known !== undefined) return known;
    const made = make();
    this.#made.set(test, made);
    return made;
  }
}
