/** Drivers in TypeScript and Python, as a person writes them, on machines of this one. */
import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Report, ReportAttempt } from '@tutti/protocol';
import { expect } from 'vitest';
import { readReport, reportMistakes } from './report.ts';
import { attempt, folder } from './results.ts';
import { leftovers } from './traces.ts';
import { type Outcome, startTutti } from './tutti.ts';

export interface Driven {
  outcome: Outcome;
  report: Report;
  attempt: ReportAttempt;
  stdout: string;
  stderr: string;
  /** Its last line, which is the cause in the report. */
  last: string;
  /** A file below the attempt. */
  read: (path: string) => Promise<string>;
}

/** Two machines `db`, one `client`, and the driver, whose file is `driver.ts` or `driver.py`. */
export async function driven(
  file: 'driver.ts' | 'driver.py' | 'driver.mjs',
  script: string,
  { files = {}, args = [] }: { files?: Record<string, string>; args?: string[] } = {},
): Promise<Driven> {
  const cwd = await folder({ [file]: script, ...files });
  const sent = Object.keys(files).flatMap((name) => ['--file', name]);
  const roles = ['--role', 'db:2', '--role', 'client'];
  const run = await startTutti(
    ['run', '--local', '--net', 'host', '--timeout', '50s', '--drive', file, ...roles, ...sent, ...args],
    { cwd, input: '' },
  );
  const outcome = await run.ended;
  const dir = join(cwd, 'tutti-results/latest');
  if (!existsSync(join(dir, 'report.yaml'))) throw new Error(`there is no report:\n${outcome.stderr}`);
  const report = readReport(dir);
  expect(reportMistakes(report)).toEqual([]);
  expect(await leftovers(run, undefined, { within: 0 })).toEqual([]);
  const read = (path: string): Promise<string> =>
    readFile(join(dir, 'tests/01-driver/attempt-1', path), 'utf8');
  const { size } = await stat(join(dir, 'tests/01-driver/attempt-1/driver.0/stdout.log'));
  const stdout = size > READABLE ? `${size} bytes` : await read('driver.0/stdout.log');
  const stderr = await read('driver.0/stderr.log');
  const last = stderr.trimEnd().split('\n').at(-1) ?? '';
  return { outcome, report, attempt: attempt(report.tests[0]), stdout, stderr, last, read };
}

/** More than that nobody wants to see in a test's failure. */
const READABLE = 1 << 20;

export const lines = (text: string): string[] => text.trimEnd().split('\n');
