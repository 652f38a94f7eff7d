/** Runs one of examples/ as its README says, with the real command, and hands out what it has left. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Report } from '@tutti/protocol';
import { expect } from 'vitest';
import { leftovers } from '../support/traces.ts';
import { type Outcome, readReport, reportMistakes, repository, startTutti } from '../support/tutti.ts';

export interface ExampleRun {
  outcome: Outcome;
  report: Report;
  /** The run's directory. */
  dir: string;
}

export function exampleFile(name: string): string {
  return join(repository, 'examples', name, `${name}.yaml`);
}

/** What holds of every run, whatever came out: a valid report, a directory with logs for each member, nothing left. */
export async function runExample(name: string, ...args: string[]): Promise<ExampleRun> {
  const run = await startTutti(['run', exampleFile(name), '--local', ...args], { input: '' });
  const outcome = await run.ended;
  const dir = join(run.cwd, 'tutti-results/latest');
  if (!existsSync(join(dir, 'report.yaml'))) throw new Error(`there is no report:\n${outcome.stderr}`);
  const report = readReport(dir);
  expect(reportMistakes(report)).toEqual([]);
  for (const { dir: of } of members(report)) {
    expect(existsSync(join(dir, of, 'stdout.log')), of).toBe(true);
    expect(existsSync(join(dir, of, 'stderr.log')), of).toBe(true);
  }
  expect(outcome.stdout).toMatch(/^report: tutti-results\/latest\/report\.yaml\n$/m);
  expect(await leftovers(run, undefined, { within: 0 })).toEqual([]);
  return { outcome, report, dir };
}

export function members(report: Report) {
  return report.tests.flatMap((test) => test.attempts.flatMap((attempt) => attempt.members));
}

/** Of the last attempt, as "client.0 tcp Mbit/s", sorted. */
export function subtests(report: Report, test: string): string[] {
  return lastAttempt(report, test)
    .subtests.map(({ member, name, unit }) => [member, name, ...(unit === undefined ? [] : [unit])].join(' '))
    .toSorted();
}

/** Of the last attempt, in order, as "ready 0" for its first generation. */
export function barriers(report: Report, test: string): string[] {
  return lastAttempt(report, test).barriers.map(({ name, generation }) => `${name} ${generation}`);
}

export function lastAttempt(report: Report, name: string) {
  const attempt = report.tests.find((test) => test.name === name)?.attempts.at(-1);
  if (attempt === undefined) throw new Error(`the report has no attempt at ${name}`);
  return attempt;
}
