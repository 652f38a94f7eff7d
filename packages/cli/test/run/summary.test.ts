/** What the end of `tutti run` says on the screen, from a report on the disk. */
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Report, ReportMember, ReportTest } from '@tutti/protocol';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { printSummary } from '../../src/run/summary.ts';

const victim: ReportMember = {
  member: 'server.0',
  role: 'server',
  index: 0,
  node: 'n1',
  status: 'FAIL',
  because_of: 'client.0',
  exit: 1,
  duration: 1,
  dir: 'tests/01-t/attempt-1/server.0',
};
const culprit: ReportMember = {
  member: 'client.0',
  role: 'client',
  index: 0,
  node: 'n2',
  status: 'FAIL',
  exit: 3,
  duration: 1,
  dir: 'tests/01-t/attempt-1/client.0',
};
const failed: ReportTest = {
  name: 't',
  status: 'FAIL',
  cause: 'client.0 on n2 exited with status 3',
  duration: 1.25,
  params: {},
  attempts: [
    {
      n: 1,
      status: 'FAIL',
      members: [victim, culprit],
      subtests: [
        { name: 'tcp', member: 'client.0', status: 'PASS', measure: 9410, unit: 'Mbit/s' },
        { name: 'leader', member: 'server.0', status: 'WARN', message: 'two of them' },
      ],
      barriers: [],
    },
  ],
};
const none = { pass: 0, warn: 0, skip: 0, xfail: 0, xpass: 0, cancel: 0, fail: 0, interrupted: 0, error: 0 };
const report: Report = {
  tutti: 1,
  run: 1,
  id: '6f1c0000000000000000000000000000',
  suite: 'traffic',
  status: 'FAIL',
  started: '2026-11-21T10:00:00.123Z',
  duration: 1.5,
  summary: { total: 1, ...none, fail: 1 },
  nodes: [],
  tests: [failed],
};

let results: string;
let dir: string;

beforeEach(async () => {
  results = await mkdtemp(join(tmpdir(), 'summary-'));
  dir = join(results, '1-traffic');
  await mkdir(dir);
  await writeFile(join(dir, 'report.yaml'), JSON.stringify(report));
});

afterEach(async () => {
  await rm(results, { recursive: true });
});

async function printed(): Promise<string> {
  let text = '';
  await printSummary(dir, { write: (more: string) => (text += more) }, new Set());
  return text;
}

test('each test has its cause, its subtests with what they measured or said, and the total', async () => {
  const lines = (await printed()).split('\n').map((line) => line.trim());
  expect(lines).toEqual(
    expect.arrayContaining([
      'FAIL        t  1.3 s',
      'client.0 on n2 exited with status 3',
      'PASS tcp  client.0  9410 Mbit/s',
      'WARN leader  server.0  two of them',
      '1 test: 1 FAIL in 1.5 s',
    ]),
  );
});

test('the logs that are shown are those of the culprit, not of a victim before it in the list', async () => {
  expect(await printed()).toMatch(/^ *logs: .*\/1-traffic\/tests\/01-t\/attempt-1\/client\.0\/$/m);
});

test("the report's path goes by way of `latest` when that is this run", async () => {
  await symlink('1-traffic', join(results, 'latest'));
  expect(await printed()).toContain(`report: ${results}/latest/report.yaml\n`);
});

test("the report's path has the run's own name when another run is newer, or none is marked", async () => {
  expect(await printed()).toContain(`report: ${dir}/report.yaml\n`);
  await mkdir(join(results, '2-traffic'));
  await symlink('2-traffic', join(results, 'latest'));
  expect(await printed()).toContain(`report: ${dir}/report.yaml\n`);
});
