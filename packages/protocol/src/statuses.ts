/** Verdicts: their order, which are good, how they add up, and the exit code they mean. */

/** Worst last. */
export const STATUSES = [
  'PASS',
  'WARN',
  'SKIP',
  'XFAIL',
  'XPASS',
  'CANCEL',
  'FAIL',
  'INTERRUPTED',
  'ERROR',
] as const;

export type Status = (typeof STATUSES)[number];

const OK: ReadonlySet<Status> = new Set(['PASS', 'WARN', 'SKIP', 'XFAIL']);

export function isOk(status: Status): boolean {
  return OK.has(status);
}

/** The worst of some statuses, or undefined of none. */
export function worst(statuses: Iterable<Status>): Status | undefined {
  let found = -1;
  for (const status of statuses) found = Math.max(found, STATUSES.indexOf(status));
  return STATUSES[found];
}

/** How a whole run ended, besides its status: an operator's Ctrl-C and a timeout are both INTERRUPTED. */
export type Interruption = 'timeout' | 'operator';

/** The exit codes of every command that ends with a verdict. */
export const EXIT = {
  ok: 0,
  fail: 1,
  error: 2,
  nothingRan: 3,
  allSkipped: 4,
  usage: 64,
  timedOut: 124,
  interrupted: 130,
} as const;

/** The exit code of a run by the worst status of its tests; `by` tells the two kinds of INTERRUPTED apart. */
export function exitCode(tests: readonly Status[], by: Interruption = 'timeout'): number {
  if (tests.length === 0) return EXIT.nothingRan;
  if (tests.every((status) => status === 'SKIP')) return EXIT.allSkipped;
  switch (worst(tests)) {
    case 'XPASS':
    case 'CANCEL':
    case 'FAIL':
      return EXIT.fail;
    case 'INTERRUPTED':
      return by === 'operator' ? EXIT.interrupted : EXIT.timedOut;
    case 'ERROR':
      return EXIT.error;
    default:
      return EXIT.ok;
  }
}
