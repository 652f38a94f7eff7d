/** Suites to run, and what a run has left of them, for stories. */
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Report, ReportAttempt, ReportMember, ReportTest } from '@tutti/protocol';
import { eventually } from '@tutti/testkit';
import type { RunningMaster } from './daemons.ts';
import { temporaryDirectory } from './temporary-directory.ts';

/** A temporary directory with these files in it; what begins with `#!` may be executed. */
export async function folder(files: Record<string, string>): Promise<string> {
  const dir = await temporaryDirectory();
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(dir, name)), { recursive: true });
    await writeFile(join(dir, name), text);
    if (text.startsWith('#!')) await chmod(join(dir, name), 0o755);
  }
  return dir;
}

export function named(report: Report, name: string): ReportTest {
  const found = report.tests.find((each) => each.name === name);
  if (found === undefined) throw new Error(`the report has no test "${name}"`);
  return found;
}

/** The one attempt at a test. */
export function attempt(test: ReportTest | undefined): ReportAttempt {
  const [first] = test?.attempts ?? [];
  if (first === undefined) throw new Error(`test "${test?.name}" has no attempt`);
  return first;
}

export function member(test: ReportTest | undefined, name: string): ReportMember {
  const found = attempt(test).members.find((each) => each.member === name);
  if (found === undefined) throw new Error(`test "${test?.name}" has no member ${name}`);
  return found;
}

/** Of the newest run below `cwd`. */
export function stdoutOf(cwd: string, test: ReportTest | undefined, name: string): Promise<string> {
  return textOf(cwd, member(test, name).dir, 'stdout.log');
}

export function stderrOf(cwd: string, test: ReportTest | undefined, name: string): Promise<string> {
  return textOf(cwd, member(test, name).dir, 'stderr.log');
}

export function textOf(cwd: string, dir: string, file: string): Promise<string> {
  return readFile(join(cwd, 'tutti-results/latest', dir, file), 'utf8');
}

/** The master's copy of a log, once it has what is waited for. */
export async function logOf(
  { state }: RunningMaster,
  name: string,
  file: string,
  pattern: RegExp,
  dir = 'tests/01-adhoc',
): Promise<string> {
  const path = join(state, 'runs/latest', dir, 'attempt-1', name, file);
  await eventually(async () => pattern.test(await readFile(path, 'utf8')), { timeout: 20_000, every: 20 });
  return path;
}
