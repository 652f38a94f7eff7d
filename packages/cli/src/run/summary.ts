/** What a run came to, for people: from its report, so that screen and report cannot differ. */
import { realpath } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { readReport } from '@tutti/client/report';
import { isOk, type Report, type ReportMember, type ReportTest } from '@tutti/protocol';
import { type Palette, paletteFor } from '../progress/palette.ts';
import { attemptInWords, INDENT, verdictLines } from '../progress/verdict.ts';

interface Screen {
  write(text: string): unknown;
  isTTY?: boolean;
}

/** Writes the summary and the report's path to `out`; `told`: the tests whose verdict its reader has before them. */
export async function printSummary(dir: string, out: Screen, told: ReadonlySet<number>): Promise<void> {
  const report = await readReport(dir);
  const below = relative(process.cwd(), dir) || '.';
  const logsAt: LogsAt = (_test, member) => `${below}/${member.dir}/`;
  out.write(summary(report, logsAt, paletteFor(out.isTTY === true, process.env), told));
  out.write(`report: ${await reportPath(dir)}\n`);
}

const NONE: ReadonlySet<number> = new Set();

/** Where a member's logs are: below a directory here, or by a command. */
export type LogsAt = (test: ReportTest, member: ReportMember) => string;

/** Of a test that was told of only what belongs to its verdict is left to say: of the only test, right below it. */
export function summary(report: Report, logsAt: LogsAt, palette: Palette, told = NONE): string {
  const lines = report.tests.flatMap((test, index) => {
    const below = detailLines(test, logsAt, palette);
    if (!told.has(index)) return wholly(test, below, palette);
    return below.length === 0 || report.tests.length === 1 ? below : ['', test.name, ...below];
  });
  const around = [report.setup, report.teardown].map((test) =>
    test === undefined || test.status === 'RUNNING' || isOk(test.status)
      ? []
      : wholly(test, detailLines(test, logsAt, palette), palette),
  );
  return [...(around[0] ?? []), ...lines, ...(around[1] ?? []), '', totals(report, palette), ''].join('\n');
}

function wholly(test: ReportTest, below: readonly string[], palette: Palette): string[] {
  return [...verdictLines({ ...test, attempts: test.attempts.length }, palette), ...below];
}

function detailLines(test: ReportTest, logsAt: LogsAt, palette: Palette): string[] {
  const last = test.attempts.at(-1);
  if (last === undefined) return [];
  const earlier = test.attempts
    .slice(0, -1)
    .map((attempt) => palette.dim(`${INDENT}${attemptInWords(attempt.n, attempt)}`));
  const subtests = last.subtests.map(({ name, member, status, measure, unit, message }) => {
    const measured = measure === undefined ? '' : `  ${measure} ${unit ?? ''}`.trimEnd();
    const said = message === undefined ? '' : `  ${message}`;
    return `${INDENT}${palette.status(status)} ${name}  ${palette.dim(member)}${measured}${said}`;
  });
  const bad = worthReading(last.members);
  const logs = bad ? [palette.dim(`${INDENT}logs: ${logsAt(test, bad)}`)] : [];
  return [...earlier, ...subtests, ...logs];
}

/** The culprit rather than a victim; where nobody failed, who was still at it when the time was up. */
function worthReading(members: readonly ReportMember[]): ReportMember | undefined {
  const failed = members.filter(({ status }) => status === 'FAIL' || status === 'ERROR');
  return (
    failed.find((member) => member.because_of === undefined) ??
    failed[0] ??
    members.find(({ status }) => status === 'INTERRUPTED')
  );
}

function totals({ summary: counts, tests: all, duration }: Report, palette: Palette): string {
  const { total, ...byStatus } = counts;
  const parts = Object.entries(byStatus)
    .filter(([, count]) => count > 0)
    .map(([status, count]) => `${count} ${palette.status(status.toUpperCase())}`);
  const tests = `${total} ${total === 1 ? 'test' : 'tests'}`;
  // Of a run that goes on.
  if (duration === undefined) return `${tests}: ${[...parts, 'running'].join(', ')}`;
  const flaky = all.filter((test) => test.flaky).length;
  return `${tests}: ${parts.join(', ')} in ${duration.toFixed(1)} s${flaky > 0 ? `; ${flaky} flaky` : ''}`;
}

/** By way of `latest`, as people type it; by its own name where that is not the newest any more. */
async function reportPath(dir: string): Promise<string> {
  const latest = join(dirname(dir), 'latest');
  const [newest, here] = await Promise.all(
    [latest, dir].map((path) => realpath(path).catch(() => undefined)),
  );
  const shown = newest !== undefined && newest === here ? latest : dir;
  const path = relative(process.cwd(), shown);
  return `${path.startsWith('..') ? shown : path}/report.yaml`;
}
