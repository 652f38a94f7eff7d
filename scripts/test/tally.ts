/** What gates and tests add up to. Failures and skips are kept by name: they are what a reader looks for. */

export interface Tally {
  passed: number;
  failed: string[];
  skipped: string[];
}

export function nothing(): Tally {
  return { passed: 0, failed: [], skipped: [] };
}

export function addUp(a: Tally, b: Tally): Tally {
  return {
    passed: a.passed + b.passed,
    failed: [...a.failed, ...b.failed],
    skipped: [...a.skipped, ...b.skipped],
  };
}
