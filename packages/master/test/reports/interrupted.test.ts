import { Report, type Status } from '@tutti/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { closeUnfinished } from '../../src/reports/interrupted.ts';
import { anyReport } from './arbitrary-report.ts';
import { finished, partial } from './example-report.ts';

const CAUSE = 'the master was restarted';

test('a finished report comes back unchanged', () => {
  expect(closeUnfinished(finished, CAUSE)).toBe(finished);
});

test('what was running ends as ERROR with the cause, and what was decided stays', () => {
  const closed = closeUnfinished(partial, CAUSE);
  expect(closed).toMatchObject({
    status: 'ERROR',
    cause: CAUSE,
    summary: { total: 3, pass: 1, error: 2 },
    tests: [
      finished.tests[0],
      {
        status: 'ERROR',
        attempts: [
          {
            status: 'ERROR',
            members: [
              { status: 'ERROR', cause: CAUSE },
              { status: 'FAIL', cause: 'exited with status 1' },
            ],
          },
        ],
      },
      { status: 'ERROR', cause: CAUSE, attempts: [] },
    ],
  });
  expect(Report.parse(closed)).toEqual(Report.parse(JSON.parse(JSON.stringify(closed))));
});

test('what went wrong first is named first', () => {
  expect(closeUnfinished(partial, CAUSE).tests[1]?.cause).toBe(
    `client.0 on n2: exited with status 1; then: ${CAUSE}`,
  );
});

test('closing again changes nothing', () => {
  const closed = closeUnfinished(partial, CAUSE);
  expect(closeUnfinished(closed, 'another cause')).toBe(closed);
});

test('a report is closed with the status that is asked for', () => {
  expect(closeUnfinished(partial, CAUSE, 'INTERRUPTED')).toMatchObject({
    status: 'INTERRUPTED',
    summary: { interrupted: 2 },
  });
});

test('nothing of a closed report is running, and its counts add up', () => {
  fc.assert(
    fc.property(anyReport, (report) => {
      const before = structuredClone(report);
      const closed = closeUnfinished({ ...report, status: 'RUNNING' }, CAUSE);
      expect(report).toEqual(before);
      const parts = [closed.setup ?? [], closed.tests, closed.teardown ?? []]
        .flat()
        .flatMap((one) => [one, ...one.attempts.flatMap((attempt) => [attempt, ...attempt.members])]);
      expect(parts.filter((part) => part.status === 'RUNNING')).toEqual([]);
      const { total, ...counts } = closed.summary;
      expect(Object.values(counts).reduce((sum, count) => sum + count, 0)).toBe(total);
      expect(Report.safeParse(closed).success).toBe(true);
      expect<Status | 'RUNNING'>(closed.status).toBe('ERROR');
    }),
  );
});
