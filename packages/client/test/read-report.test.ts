import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Report } from '@tutti/protocol';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { readReport } from '../src/read-report.ts';
import { ID, temporaryDirectory } from './fake-master.ts';

const REPORT: Report = {
  tutti: 1,
  run: 7,
  id: ID,
  suite: 'traffic',
  status: 'RUNNING',
  started: '2026-11-21T10:00:00.123Z',
  summary: {
    total: 1,
    pass: 0,
    warn: 0,
    skip: 0,
    xfail: 0,
    xpass: 0,
    cancel: 0,
    fail: 0,
    interrupted: 0,
    error: 0,
  },
  nodes: [],
  tests: [{ name: 'throughput', status: 'RUNNING', params: { seconds: 1 }, attempts: [] }],
};

function directoryWith(text: string): string {
  const dir = temporaryDirectory();
  writeFileSync(join(dir, 'report.yaml'), text);
  return dir;
}

test('a report is read as it was written, also one of a run that is still going on', async () => {
  expect(await readReport(directoryWith(stringify(REPORT)))).toEqual(REPORT);
});

test('a field that is not as the format says is BAD_RESULT and named, with the file', async () => {
  const dir = directoryWith(stringify({ ...REPORT, summary: { ...REPORT.summary, total: 'many' } }));
  await expect(readReport(dir)).rejects.toMatchObject({
    code: 'BAD_RESULT',
    message: expect.stringMatching(/report\.yaml.*summary\.total/) as string,
  });
});

test('what is not YAML at all is BAD_RESULT too', async () => {
  await expect(readReport(directoryWith('a: [b'))).rejects.toMatchObject({
    code: 'BAD_RESULT',
    message: expect.stringContaining('report.yaml') as string,
  });
  await expect(readReport(directoryWith(''))).rejects.toMatchObject({ code: 'BAD_RESULT' });
});

test('a report of a format to come is BAD_RESULT, not half understood', async () => {
  await expect(readReport(directoryWith(stringify({ ...REPORT, tutti: 2 })))).rejects.toMatchObject({
    code: 'BAD_RESULT',
  });
});

test('a missing report is told as the system tells it', async () => {
  await expect(readReport(temporaryDirectory())).rejects.toMatchObject({ code: 'ENOENT' });
});
