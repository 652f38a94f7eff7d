/** `tutti report`: a run's report in the form that was asked for, on stdout. */
import { type MasterClient, runNumber } from '@tutti/client';
import { fetchReport, fetchReportData } from '@tutti/client/report';
import { nearest, REPORT_FILES, type ReportFormat, TuttiError } from '@tutti/protocol';
import { type MasterFlags, withMaster } from '../connect.ts';
import { paletteFor } from '../progress/palette.ts';
import { type LogsAt, summary } from './summary.ts';

type Format = ReportFormat | 'text' | 'json';

const FORMATS: readonly Format[] = ['text', 'json', ...(Object.keys(REPORT_FILES) as ReportFormat[])];

export async function report(words: string, flags: MasterFlags & { format: string }): Promise<void> {
  const format = formatOf(flags.format);
  const text = await withMaster(flags, async (client) =>
    inFormat(client, await runNumber(client, words), format),
  );
  process.stdout.write(text);
}

async function inFormat(client: MasterClient, run: number, format: Format): Promise<string | Uint8Array> {
  if (format !== 'text' && format !== 'json') return fetchReport(client, run, format);
  const data = await fetchReportData(client, run);
  if (format === 'json') return `${JSON.stringify(data, null, 2)}\n`;
  const logsAt: LogsAt = ({ name }, { member }) => `tutti logs ${run} ${quoted(name)} ${member}`;
  return summary(data, logsAt, paletteFor(process.stdout.isTTY, process.env));
}

function formatOf(text: string): Format {
  const format = FORMATS.find((known) => known === text);
  if (format !== undefined) return format;
  const near = nearest(text, FORMATS);
  const there = near === undefined ? `it is one of ${FORMATS.join(', ')}` : `did you mean ${near}?`;
  throw new TuttiError('USAGE', `--format: there is no report as "${text}"; ${there}`);
}

/** For a shell. */
function quoted(name: string): string {
  return /^[\w.@%+=:,/-]+$/.test(name) ? name : `'${name.replaceAll("'", "'\\''")}'`;
}
