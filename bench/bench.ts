/** What the list of benches holds. */
import type { Report } from './harness/report.ts';

/** Of each option its default: a whole number, or several; undefined where the bench chooses one. */
export type Options = Readonly<Record<string, number | readonly number[] | undefined>>;

type Given<O extends Options> = {
  readonly [K in keyof O]: O[K] extends number
    ? number
    : O[K] extends undefined
      ? number | undefined
      : readonly number[];
};

export interface Bench<O extends Options = Options> {
  /** What it measures, in one line. */
  readonly about: string;
  readonly options: O;
  /** Measures, and gives the report its lines. Throws an `Error` whose message says what to do. */
  run(given: Given<O>, report: Report): Promise<void>;
}

/** A bench whose options are not known. */
export type AnyBench = Omit<Bench, 'run'> & { run(given: Options, report: Report): Promise<void> };

/** For the types: `run` sees the options that are declared beside it. */
export function bench<const O extends Options>(declared: Bench<O>): AnyBench {
  return declared;
}
