/**
 * Two hundred tests over eight agents: passes, failures, skips, retries, flaky tests, and an agent that is killed in the
 * middle; and what a person reads of it: in the terminal, on the page, in a CI's view, in the database's file.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isOk, type Report, type Status } from '@tutti/protocol';
import { expect, test } from 'vitest';
import { readJUnit, readMaloo, readPage } from './support/big-suite/read.ts';
import { COUNTS, EXPECTED, suiteFiles } from './support/big-suite/suite.ts';
import { agentsOf } from './support/pool.ts';
import { folder, named } from './support/results.ts';
import {
  eventually,
  readReport,
  reportMistakes,
  startAgent,
  startMaster,
  startTutti,
  temporaryDirectory,
} from './support/tutti.ts';

const NAMES = EXPECTED.map(({ name }) => name);
const FLAKY = EXPECTED.filter(({ flaky }) => flaky).map(({ name }) => name);

/** In JUnit's words. */
const JUNIT: Partial<Record<Status, string>> = {
  SKIP: 'skipped',
  XFAIL: 'skipped',
  FAIL: 'failure',
  XPASS: 'failure',
  ERROR: 'error',
  INTERRUPTED: 'error',
};
const MALOO: Record<Status, string> = {
  PASS: 'PASS',
  WARN: 'PASS',
  SKIP: 'SKIP',
  XFAIL: 'SKIP',
  XPASS: 'FAIL',
  FAIL: 'FAIL',
  CANCEL: 'ABORT',
  ERROR: 'ABORT',
  INTERRUPTED: 'TIMEOUT',
};

function countOf(...statuses: Status[]): number {
  return statuses.reduce((sum, status) => sum + (COUNTS.get(status) ?? 0), 0);
}

test('two hundred tests of every kind, a killed agent among them, read in every way that people read', {
  timeout: 120_000,
}, async () => {
  expect(NAMES).toHaveLength(200);
  const stage = await temporaryDirectory();
  const cwd = await folder(suiteFiles(stage));
  const master = await startMaster();
  const agents = await agentsOf(master, 8);
  const run = await startTutti(['run', 'suite.yaml'], { cwd, env: master.env, input: '' });

  const victim = await saidIn(stage, 'attempt-1');
  const killed = agents.find(({ name }) => name === victim)!;
  killed.process.kill('SIGKILL');
  const refuge = await saidIn(stage, 'attempt-2');
  await startAgent(master, { name: victim, state: killed.state });
  await writeFile(join(stage, 'back'), '');
  const { code, stdout, stderr } = await run.ended;

  expect(refuge).not.toBe(victim);
  // An ERROR is the worst there is.
  expect(code).toBe(2);
  const dir = join(cwd, 'tutti-results/latest');
  const report = readReport(dir);
  expect(reportMistakes(report)).toEqual([]);
  expectReport(report, victim, refuge);
  expectTerminal(stdout, stderr, report.duration ?? 0);
  expectJUnit(dir);
  expectMaloo(dir);
  expectPage(dir);
});

/** What a script has written there, as soon as it has. */
async function saidIn(stage: string, file: string): Promise<string> {
  const read = () => readFile(join(stage, file), 'utf8').catch(() => '');
  await eventually(async () => (await read()) !== '', { timeout: 60_000, every: 50 });
  return (await read()).trim();
}

function expectReport(report: Report, victim: string, refuge: string): void {
  expect(report).toMatchObject({ status: 'ERROR', setup: { status: 'PASS' }, teardown: { status: 'PASS' } });
  expect(report.tests.map(({ name }) => name)).toEqual(NAMES);
  expect(
    report.tests.map(({ name, status, flaky = false, attempts }) => ({
      name,
      status,
      flaky,
      attempts: attempts.map((attempt) => attempt.status),
    })),
  ).toEqual(EXPECTED.map(({ name, status, flaky = false, attempts }) => ({ name, status, flaky, attempts })));
  for (const { name, cause } of EXPECTED) if (cause) expect(named(report, name).cause).toMatch(cause);
  expect(report.summary).toMatchObject({
    total: 200,
    ...Object.fromEntries([...COUNTS].map(([status, count]) => [status.toLowerCase(), count])),
  });
  const [lost, again] = named(report, 'victim').attempts;
  expect(lost?.members).toMatchObject([{ node: victim, status: 'ERROR' }]);
  expect(lost?.cause).toMatch(/was lost: its node was away for more than 1 s/);
  expect(again?.members).toMatchObject([{ node: refuge, status: 'PASS' }]);
  expectTimes(report);
}

/** What the timelines are made of. */
function expectTimes(report: Report): void {
  for (const { name, attempts } of report.tests.filter((each) => each.name.startsWith('meets['))) {
    const { barriers, marks = [], duration = 0 } = attempts[0]!;
    expect(
      barriers.map((barrier) => barrier.name),
      name,
    ).toEqual(['ready', 'done']);
    for (const { arrivals = [], released, skew } of barriers) {
      const times = arrivals.map(({ at }) => at);
      expect(arrivals.map(({ member }) => member).toSorted()).toEqual(['peer.0', 'peer.1', 'peer.2']);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
      expect(released).toBe(times.at(-1));
      expect(released).toBeLessThanOrEqual(duration);
      expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeCloseTo(skew, 2);
    }
    expect(marks.map(({ member }) => member).toSorted()).toEqual(['peer.0', 'peer.1', 'peer.2']);
  }
  const { waits = [] } = named(report, 'waits in vain[n=1]').attempts[0]!;
  expect(waits).toHaveLength(1);
  expect(waits[0]).toMatchObject({ member: 'peer.0', what: 'key "never"' });
  expect(waits[0]).not.toHaveProperty('to');
}

function expectTerminal(stdout: string, stderr: string, duration: number): void {
  const lines = stdout.split('\n');
  const verdicts = lines.filter((line) => /^[A-Z]{4,} /.test(line));
  expect(verdicts).toHaveLength(200);
  expect(lines.filter((line) => line.includes('(flaky: 2 attempts)'))).toHaveLength(FLAKY.length);
  const counts = ['PASS', 'WARN', 'SKIP', 'XFAIL', 'XPASS', 'FAIL', 'INTERRUPTED', 'ERROR'] as const;
  const totals = counts.map((status) => `${countOf(status)} ${status}`).join(', ');
  expect(lines).toContain(`200 tests: ${totals} in ${duration.toFixed(1)} s; ${FLAKY.length} flaky`);
  expect(lines).toContain('            issue 12');
  expect(lines).toContain('            it was expected to fail');
  expect(stdout).toMatch(
    /^PASS {8}victim {2}\(flaky: 2 attempts\).*\n {12}attempt 1: ERROR: peer\.0 on n\d was lost/m,
  );
  // While it went on.
  expect(stderr).toMatch(
    /everything: victim: attempt 1: ERROR: .* was lost: .*; again, running peer\.0 on n\d$/m,
  );
  expect(stderr).toMatch(/everything: wavers\[n=1\]: PASS \(flaky: 2 attempts\) in /);
  expect(stderr).toMatch(/everything: is skipped\[n=1\]: SKIP in .*issue 12$/m);
}

function expectJUnit(dir: string): void {
  const { counts, cases } = readJUnit(dir);
  const all = cases.filter(({ classname }) => classname === 'everything');
  expect(all.map(({ name }) => name)).toEqual(['(setup)', ...NAMES, '(teardown)']);
  const own = all.slice(1);
  for (const [at, { name, status, flaky }] of EXPECTED.entries()) {
    const tags = own[at]?.holds.map(({ tag }) => tag) ?? [];
    const verdict = JUNIT[status];
    expect(
      tags.filter((tag) => ['skipped', 'failure', 'error'].includes(tag)),
      name,
    ).toEqual(verdict === undefined ? [] : [verdict]);
    expect(
      tags.some((tag) => tag.startsWith('flaky')),
      name,
    ).toBe(flaky ?? false);
  }
  // The subtests are cases too.
  expect(cases).toHaveLength(202 + countOf('WARN'));
  expect(counts).toMatchObject({
    failures: `${countOf('FAIL', 'XPASS')}`,
    errors: `${countOf('ERROR', 'INTERRUPTED')}`,
    skipped: `${countOf('SKIP', 'XFAIL')}`,
  });
}

function expectMaloo(dir: string): void {
  const { Tests } = readMaloo(dir);
  expect(Tests.map(({ name, status }) => `${name} ${status}`)).toEqual([
    'setup PASS',
    ...EXPECTED.map(({ name, status }) => `${name} ${MALOO[status]}`),
    'teardown PASS',
  ]);
}

function expectPage(dir: string): void {
  const all = readPage(dir);
  const tests = all.filter(({ name }) => name !== 'setup' && name !== 'teardown');
  expect(all).toHaveLength(202);
  const inOrder = (list: readonly { name: string }[]) => list.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  expect(inOrder(tests.map(({ name, status, flaky, bad }) => ({ name, status, flaky, bad })))).toEqual(
    inOrder(EXPECTED.map(({ name, status, flaky = false }) => ({ name, status, flaky, bad: !isOk(status) }))),
  );
  expect(tests.find(({ name }) => name === 'victim')?.line).toContain('flaky, 2 attempts');
  expect(tests.find(({ name }) => name === 'is skipped[n=1]')?.line).toContain('issue 12');
}
