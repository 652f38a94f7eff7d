/** Runs as a table, and the words by which they are chosen. */
import type { RunFilter } from '@tutti/client';
import { nearest, type RunRow, RunStage, STATUSES, type Status, TuttiError } from '@tutti/protocol';
import { columns, fitting, oneLine } from './progress/columns.ts';
import { paletteFor } from './progress/palette.ts';
import { table } from './table.ts';

interface Screen {
  isTTY?: boolean;
  columns?: number;
}

const HEAD = ['RUN', 'SUITE', 'STATE', 'TESTS', 'SUBMITTED', 'TOOK', 'WHAT'];

/** On a terminal no line is longer than it is wide. */
export function runsTable(
  rows: readonly RunRow[],
  screen: Screen,
  env: Record<string, string | undefined>,
): string {
  if (rows.length === 0) return 'no such runs\n';
  const palette = paletteFor(screen.isTTY === true, env);
  const width = screen.isTTY ? screen.columns || 80 : Number.POSITIVE_INFINITY;
  const lines = table([HEAD, ...rows.map(cells)])
    .trimEnd()
    .split('\n');
  return lines
    .map((line) => (columns(line) > width ? fitting(line, width) : line))
    .map((line, n) => {
      const status = rows[n - 1]?.status;
      return `${status === undefined ? line : line.replace(` ${status} `, ` ${palette.status(status)} `)}\n`;
    })
    .join('');
}

function cells(row: RunRow): string[] {
  const { run, suite, done, notOk, size, duration, waitsFor, cause, paused } = row;
  const [pause] = paused ?? [];
  return [
    String(run),
    oneLine(suite),
    state(row),
    `${done}/${size}${notOk === 0 ? '' : `, ${notOk} not ok`}`,
    localTime(row.started),
    duration === undefined ? '-' : `${duration.toFixed(1)} s`,
    oneLine(waitsFor ?? cause ?? (pause === undefined ? '' : `${pause.test}: ${pause.cause}`)),
  ];
}

function state({ phase, status, place, priority, paused }: RunRow): string {
  if (phase !== 'queued') return status ?? (paused === undefined ? phase : 'paused');
  const urgency = priority === 0 ? '' : `, priority ${priority}`;
  return `queued${place === undefined ? '' : `, ${ordinal(place)}`}${urgency}`;
}

function ordinal(n: number): string {
  return n === 1 ? 'next' : `number ${n}`;
}

export function localTime(ms: number): string {
  const date = new Date(ms);
  const two = (n: number) => String(n).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** Throws `USAGE`. */
export function statusFilter(words: readonly string[]): Pick<RunFilter, 'stages' | 'statuses'> {
  const wanted = words.flatMap((word) => word.split(',')).filter((word) => word !== '');
  if (wanted.length === 0) return {};
  const stages = new Set<RunStage>();
  const statuses = new Set<Status>();
  for (const word of wanted) {
    const stage = RunStage.safeParse(word);
    const status = STATUSES.find((name) => name === word.toUpperCase());
    if (stage.success) stages.add(stage.data);
    else if (status !== undefined) statuses.add(status);
    else throw noSuchStatus(word);
  }
  return { stages: [...stages], statuses: [...statuses] };
}

function noSuchStatus(word: string): TuttiError {
  const known = [...RunStage.options, ...STATUSES.map((status) => status.toLowerCase())];
  const near = nearest(word.toLowerCase(), known);
  const there = near === undefined ? `it is one of ${known.join(', ')}` : `did you mean ${near}?`;
  return new TuttiError('USAGE', `--status: no run is ever "${word}"; ${there}`);
}
