/** What the list of benches holds. */
export interface Bench {
  /** Its options, as a usage line shows them. */
  readonly usage: string;
  /** What it measures, in one line. */
  readonly about: string;
  /** Measures and prints. Throws an `Error` whose message says what to do. */
  run(args: string[]): Promise<void>;
}
