/** What a run came to, for people: from its report, so that screen and report cannot differ. */
import { realpath } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { readReport } from '@tutti/client';
import type { Report, ReportTest } from '@tutti/protocol';
import { type Palette, paletteFor } from '../progress/palette.ts';

interface Screen {
  write(text: string): unknown;
  isTTY?: boolean;
}

/** Writes the summary and the report's path to `out`. */
export async function printSummary(dir: string, out: Screen): Promise<void> {
  const report = await readReport(dir);
  out.write(summary(report, dir, paletteFor(out.isTTY === true, process.env)));
  out.write(`report: ${await reportPath(dir)}\n`);
}

export function summary(report: Report, dir: string, palette: Palette): string {
  const lines = report.tests.flatMap((test) => testLines(test, dir, palette));
  return [...lines, '', totals(report, palette), ''].join('\n');
}

function testLines(test: ReportTest, dir: string, palette: Palette): string[] {
  const { name, status, duration, cause, attempts } = test;
  const lines = [
    `${palette.status(status.padEnd(11))} ${name}${duration === undefined ? '' : palette.dim(`  ${duration.toFixed(1)} s`)}`,
  ];
  if (cause !== undefined) lines.push(`            ${cause}`);
  const last = attempts.at(-1);
  for (const { name: subtest, member, status: of, measure, unit, message } of last?.subtests ?? []) {
    const measured = measure === undefined ? '' : `  ${measure} ${unit ?? ''}`.trimEnd();
    const said = message === undefined ? '' : `  ${message}`;
    lines.push(`            ${palette.status(of)} ${subtest}  ${palette.dim(member)}${measured}${said}`);
  }
  const failed = last?.members.filter((member) => ['FAIL', 'ERROR'].includes(member.status)) ?? [];
  const bad = failed.find((member) => member.because_of === undefined) ?? failed[0]; // rather the culprit's than a victim's
  if (bad) lines.push(palette.dim(`            logs: ${relative(process.cwd(), dir) || '.'}/${bad.dir}/`));
  return lines;
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
