/** One file of a run's report from the master, as it is now. */
import type { StreamSink } from '@tutti/link';
import { REPORT_FILES, type Report, type ReportFormat, TuttiError } from '@tutti/protocol';
import type { MasterClient } from '../master-client.ts';
import { parseReport } from '../read-report.ts';

/** Its bytes. Throws `NO_SUCH_RUN`, `NO_SUCH_REPORT`. */
export async function fetchReport(
  client: MasterClient,
  run: number,
  format: ReportFormat,
): Promise<Uint8Array> {
  let chunks: Uint8Array[] = [];
  const stop = client.receive(run, async () => {
    // The connection before may have brought a part.
    chunks = [];
    return collecting(chunks);
  });
  try {
    const { files } = await client.call('run.report', { run, format });
    if (files > 0) return Buffer.concat(chunks);
  } finally {
    stop();
  }
  throw new TuttiError('NO_SUCH_REPORT', `run ${run} has no ${REPORT_FILES[format]} yet`);
}

/** The report as data. */
export async function fetchReportData(client: MasterClient, run: number): Promise<Report> {
  const text = Buffer.from(await fetchReport(client, run, 'yaml')).toString('utf8');
  return parseReport(text, `${REPORT_FILES.yaml} of run ${run}`);
}

function collecting(chunks: Uint8Array[]): StreamSink {
  return {
    length: 0,
    async write(bytes) {
      // A copy: the buffer is its owner's.
      chunks.push(Uint8Array.from(bytes));
    },
    async finish() {},
    abort() {},
  };
}
