/**
 * Ends a report whose master did not live to end it.
 *
 * Guarantees that nothing in the result is RUNNING, that every verdict already reached stays as it is, and
 * that whatever had gone wrong before is still named first. Durations that nobody measured stay absent.
 */
import type { Report, ReportAttempt, ReportMember, ReportTest, Status } from '@tutti/protocol';
import { summarise } from './summary.ts';

/** `report` with everything RUNNING closed as `status` because of `cause`; a finished report comes back unchanged. */
export function closeUnfinished(report: Report, cause: string, status: Status = 'ERROR'): Report {
  if (report.status !== 'RUNNING') return report;
  const close = <T extends { status: Status | 'RUNNING'; cause?: string | undefined }>(part: T): T =>
    part.status === 'RUNNING' ? { ...part, status, cause: causes(part.cause, cause) } : part;
  const closeMember = (member: ReportMember): ReportMember => close(member);
  const closeAttempt = (attempt: ReportAttempt): ReportAttempt =>
    close({ ...attempt, members: attempt.members.map(closeMember) });
  const closeTest = (test: ReportTest): ReportTest =>
    close({ ...test, attempts: test.attempts.map(closeAttempt) });

  const { setup, teardown } = report;
  const tests = report.tests.map(closeTest);
  return {
    ...close(report),
    summary: summarise(tests),
    ...(setup && { setup: closeTest(setup) }),
    ...(teardown && { teardown: closeTest(teardown) }),
    tests,
  };
}

function causes(first: string | undefined, last: string): string {
  return first === undefined || first === last ? last : `${first}; then: ${last}`;
}
