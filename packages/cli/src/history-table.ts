/** The results of a test as a table for people, and below it what they come to. Pure. */
import { type HistorySummary, summariseHistory } from '@tutti/client';
import type { TestResult } from '@tutti/protocol';
import { oneLine } from './progress/columns.ts';
import type { Palette } from './progress/palette.ts';
import { localTime } from './runs-table.ts';
import { table } from './table.ts';

const HEAD = ['RUN', 'SUITE', 'STATUS', 'TOOK', 'ATTEMPTS', 'WHEN', 'NODES', 'WHAT'];
const SHOWN_NODES = 4;

export function historyTable(results: readonly TestResult[], palette: Palette): string {
  if (results.length === 0) return 'no such results\n';
  const lines = table([HEAD, ...results.map(cells)])
    .trimEnd()
    .split('\n')
    .map((line, n) => {
      const status = results[n - 1]?.status;
      return `${status === undefined ? line : line.replace(` ${status} `, ` ${palette.status(status)} `)}\n`;
    });
  return [...lines, '\n', ...summaryLines(summariseHistory(results))].join('');
}

function cells({
  run,
  suite,
  status,
  duration,
  attempts,
  started,
  nodes,
  moreNodes,
  cause,
}: TestResult): string[] {
  const names = nodes.map(({ node, notOk }) => (notOk > 0 ? `${node}!` : node));
  const more = nodes.length - SHOWN_NODES + (moreNodes ?? 0);
  return [
    String(run),
    oneLine(suite),
    status,
    attempts === 0 || duration === undefined ? '-' : `${duration.toFixed(1)} s`,
    String(attempts),
    started === undefined ? '-' : localTime(started),
    names.length === 0
      ? '-'
      : `${names.slice(0, SHOWN_NODES).join(' ')}${more > 0 ? ` and ${more} more` : ''}`,
    oneLine(cause ?? ''),
  ];
}

function summaryLines({ results, ran, ok, flaky, nodes }: HistorySummary): string[] {
  if (ran === 0) return [`${count(results, 'result')}, none of which ran\n`];
  const skipped = results - ran;
  const bad = nodes.filter(({ notOk }) => notOk > 0);
  return [
    `${ok} of ${ran} ok (${percent(ok / ran)}), ${flaky} flaky (${percent(flaky / ran)})${skipped === 0 ? '' : `, ${skipped} not run`}\n`,
    ...bad.map(
      ({ node, members, notOk, share }) =>
        `${node}: ${notOk} of ${count(members, 'member')} not ok (${percent(share)})\n`,
    ),
  ];
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
