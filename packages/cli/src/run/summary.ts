/** What a run came to, for people: from its report, so that screen and report cannot differ. */
import { realpath } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { readReport } from '@tutti/client';
import type { Report, ReportMember, ReportTest } from '@tutti/protocol';
import { type Palette, paletteFor } from '../progress/palette.ts';
import { INDENT, verdictLines } from '../progress/verdict.ts';

interface Screen {
  write(text: string): unknown;
  isTTY?: boolean;
}

/** Writes the summary and the report's path to `out`; `told`: the tests whose verdict its reader has before them. */
export async function printSummary(dir: string, out: Screen, told: ReadonlySet<number>): Promise<void> {
  const report = await readReport(dir);
  out.write(summary(report, dir, paletteFor(out.isTTY === true, process.env), told));
  out.write(`report: ${await reportPath(dir)}\n`);
}

const NONE: ReadonlySet<number> = new Set();

/** Of a test that was told of only what belongs to its verdict is left to say: of the only test, right below it. */
export function summary(report: Report, dir: string, palette: Palette, told = NONE): string {
  const lines = report.tests.flatMap((test, index) => {
    const below = detailLines(test, dir, palette);
    if (!told.has(index)) return [...verdictLines(test, palette), ...below];
    return below.length === 0 || report.tests.length === 1 ? below : ['', test.name, ...below];
  });
  return [...lines, '', totals(report, palette), ''].join('\n');
}

function detailLines({ attempts }: ReportTest, dir: string, palette: Palette): string[] {
  const last = attempts.at(-1);
  if (last === undefined) return [];
  const lines = last.subtests.map(({ name, member, status, measure, unit, message }) => {
    const measured = measure === undefined ? '' : `  ${measure} ${unit ?? ''}`.trimEnd();
    const said = message === undefined ? '' : `  ${message}`;
    return `${INDENT}${palette.status(status)} ${name}  ${palette.dim(member)}${measured}${said}`;
  });
  const bad = worthReading(last.members);
  if (bad) lines.push(palette.dim(`${INDENT}logs: ${relative(process.cwd(), dir) || '.'}/${bad.dir}/`));
  return lines;
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

function totals({ summary: counts, duration = 0 }: Report, palette: Palette): string {
  const { total, ...byStatus } = counts;
  const parts = Object.entries(byStatus)
    .filter(([, count]) => count > 0)
    .map(([status, count]) => `${count} ${palette.status(status.toUpperCase())}`);
  return `${total} ${total === 1 ? 'test' : 'tests'}: ${parts.join(', ')} in ${duration.toFixed(1)} s`;
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
