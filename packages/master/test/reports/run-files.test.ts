import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Report, Status } from '@tutti/protocol';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isBelow, RunFiles } from '../../src/reports/run-files.ts';
import { finished } from './example-report.ts';

const DIR = 'tests/01-a/attempt-1/server.0';
let run: string;

beforeEach(async () => {
  run = await mkdtemp(join(tmpdir(), 'tutti-files-'));
  await mkdir(join(run, DIR, 'out/deep'), { recursive: true });
});

afterEach(async () => {
  await rm(run, { recursive: true });
});

function aReport(status: Status | 'RUNNING', ...dirs: string[]): Report {
  const [one] = finished.tests;
  const [attempt] = one!.attempts;
  const members = dirs.map((dir) => ({ ...attempt!.members[0]!, status, dir }));
  return { ...finished, tests: [{ ...one!, status, attempts: [{ ...attempt!, status, members }] }] };
}

test('logs with the last words of who is not ok, and artifacts', async () => {
  await writeFile(join(run, DIR, 'stderr.log'), 'boom\n');
  await writeFile(join(run, DIR, 'stdout.log'), '');
  await writeFile(join(run, DIR, 'events.log'), '{}\n');
  await writeFile(join(run, DIR, 'stdout.log.idx'), 'x');
  await writeFile(join(run, DIR, 'out/deep/b.txt'), 'bb');
  await writeFile(join(run, DIR, 'out/a.txt'), 'a');
  await symlink('/etc', join(run, DIR, 'out/etc'));
  expect((await new RunFiles(run).collect(aReport('FAIL', DIR)))(DIR)).toEqual({
    logs: [
      { name: 'events.log', size: 3 },
      { name: 'stderr.log', size: 5, tail: 'boom', cut: false },
      { name: 'stdout.log', size: 0 },
    ],
    artifacts: [
      { path: 'out/a.txt', size: 1 },
      { path: 'out/deep/b.txt', size: 2 },
    ],
    artifactsOmitted: 0,
  });
});

test('who is ok has logs to go to and no last words', async () => {
  await writeFile(join(run, DIR, 'stderr.log'), 'fine\n');
  expect((await new RunFiles(run).collect(aReport('PASS', DIR)))(DIR)?.logs).toEqual([
    { name: 'stderr.log', size: 5 },
  ]);
});

test('a test that is going on is looked at when it is over, and then once', async () => {
  const files = new RunFiles(run);
  expect((await files.collect(aReport('RUNNING', DIR)))(DIR)).toBeUndefined();
  await writeFile(join(run, DIR, 'stderr.log'), 'one');
  expect((await files.collect(aReport('FAIL', DIR)))(DIR)?.logs).toHaveLength(1);
  await writeFile(join(run, DIR, 'stdout.log'), 'two');
  expect((await files.collect(aReport('FAIL', DIR)))(DIR)?.logs).toHaveLength(1);
});

test('of a large log the last 16 KiB are read, and of all logs 8 MiB', async () => {
  const dirs = Array.from({ length: 600 }, (_, at) => `tests/${at}`);
  for (const dir of dirs) {
    await mkdir(join(run, dir), { recursive: true });
    await writeFile(join(run, dir, 'stderr.log'), `${'x'.repeat(99)}\n`.repeat(200));
  }
  const files = await new RunFiles(run).collect(aReport('FAIL', ...dirs));
  const tails = dirs.map((dir) => files(dir)?.logs[0]?.tail);
  expect(tails[0]?.split('\n')).toHaveLength(163);
  expect(tails.filter((tail) => tail !== undefined)).toHaveLength(512);
});

test('of many artifacts a hundred are named and the rest is counted', async () => {
  for (let at = 0; at < 130; at += 1) await writeFile(join(run, DIR, `out/${at}`), '');
  const found = (await new RunFiles(run).collect(aReport('PASS', DIR)))(DIR);
  expect([found?.artifacts.length, found?.artifactsOmitted]).toEqual([100, 30]);
});

test('what is not there, and what lies elsewhere, is not looked at', async () => {
  const files = await new RunFiles(join(run, 'tests')).collect(aReport('FAIL', 'gone', '../tests/01-a'));
  expect(files('gone')).toEqual({ logs: [], artifacts: [], artifactsOmitted: 0 });
  expect(files('../tests/01-a')).toBeUndefined();
  expect(['a/b', '..', 'a/../b', '/a', '', 'a//b'].filter(isBelow)).toEqual(['a/b']);
});
