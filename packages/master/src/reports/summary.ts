/** How many tests of a report have each verdict. */
import { type Report, type ReportTest, STATUSES, type Status } from '@tutti/protocol';

/** Tests still RUNNING count in `total` and nowhere else, so the counts add up to `total` only at the end. */
export function summarise(tests: readonly Pick<ReportTest, 'status'>[]): Report['summary'] {
  const counts = Object.fromEntries(
    STATUSES.map((status) => [status.toLowerCase(), tests.filter((test) => test.status === status).length]),
  ) as Record<Lowercase<Status>, number>;
  return { total: tests.length, ...counts };
}
