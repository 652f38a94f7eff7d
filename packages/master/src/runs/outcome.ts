/** From the attempts at a test to its verdict, and from the verdicts of tests to that of the run. Pure. */
import { isOk, type Status, worst } from '@tutti/protocol';
import type { AttemptRun, Run, TestRun } from './model.ts';

/** Whether a test has another attempt left after those it had. */
export function triesAgain({ spec, attempts }: TestRun): boolean {
  if (isAsked(attempts.at(-1))) return true;
  const count = (status: Status) =>
    attempts.filter((attempt) => attempt.status === status && !isAsked(attempt)).length;
  switch (attempts.at(-1)?.status) {
    // A failure that is expected is no reason to try again.
    case 'FAIL':
      return spec.expect !== 'fail' && count('FAIL') <= (spec.retries ?? 0);
    case 'ERROR':
      return count('ERROR') <= (spec.retryErrors ?? 0);
    default:
      return false;
  }
}

/** An operator has asked for another one after it: it does not count among the retries. */
function isAsked(attempt: AttemptRun | undefined): boolean {
  return attempt?.pause?.how === 'retry';
}

/** What its last attempt means for a test: what is expected of it counts, and a setup or teardown that fails is the lab's. */
export function testStatus({ spec, part, attempts }: TestRun): Status {
  const status = attempts.at(-1)?.status ?? 'ERROR';
  if (part !== 'test') return status === 'FAIL' ? 'ERROR' : status;
  if (spec.expect === undefined) return status;
  return status === 'FAIL' ? 'XFAIL' : status === 'PASS' ? 'XPASS' : status;
}

/** Those that decide the run: its tests, and what went wrong before and after them. */
export function deciding({
  tests,
}: Pick<Run, 'tests'>): { status: Status; cause: string | undefined; name: string }[] {
  return tests.flatMap(({ part, status, cause, spec }) =>
    status === undefined || (part !== 'test' && isOk(status)) ? [] : [{ status, cause, name: spec.name }],
  );
}

/** The worst of them, and the first cause of that. */
export function runVerdict(run: Pick<Run, 'tests'>): { status: Status; cause?: string } {
  const all = deciding(run);
  const status = worst(all.map((test) => test.status)) ?? 'ERROR';
  const first = all.find((test) => test.status === status && test.cause !== undefined);
  if (first?.cause === undefined || status === 'SKIP') return { status };
  return { status, cause: `${first.name}: ${first.cause}` };
}
