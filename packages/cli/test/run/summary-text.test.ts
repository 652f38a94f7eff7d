/** The text of the summary, whole: what a person reads when a run is over. */
import type { Report, ReportMember, ReportTest, Status } from '@tutti/protocol';
import { STATUSES } from '@tutti/protocol';
import { expect, test } from 'vitest';
import { paletteFor } from '../../src/progress/palette.ts';
import { summary } from '../../src/run/summary.ts';

const zero = Object.fromEntries(STATUSES.map((status) => [status.toLowerCase(), 0])) as Omit<
  Report['summary'],
  'total'
>;

function member(name: string, status: Status, more: Partial<ReportMember> = {}): ReportMember {
  const [role = '', index = '0'] = name.split('.');
  return {
    member: name,
    role,
    index: Number(index),
    node: 'n1',
    status,
    dir: `tests/01-t/attempt-1/${name}`,
    ...more,
  };
}

function theTest(
  name: string,
  status: Status,
  more: Partial<ReportTest> = {},
  members: ReportMember[] = [],
): ReportTest {
  const attempts = [{ n: 1, status, members, subtests: [], barriers: [] }];
  return { name, status, duration: 1.04, params: {}, attempts, ...more };
}

function report(tests: ReportTest[], duration = 2.5): Report {
  const counts = { ...zero };
  for (const { status } of tests)
    if (status !== 'RUNNING') counts[status.toLowerCase() as keyof typeof zero] += 1;
  return {
    tutti: 1,
    run: 1,
    id: '0123456789abcdef0123456789abcdef',
    suite: 's',
    status: 'PASS',
    started: '2026-11-21T10:00:00.123Z',
    duration,
    summary: { total: tests.length, ...counts },
    nodes: [],
    tests,
  };
}

/** `told`: the tests, by position, whose verdict has been said. */
const text = (tests: ReportTest[], ...told: number[]) =>
  summary(report(tests), (_test, { dir }) => `results/1-s/${dir}/`, paletteFor(false, {}), new Set(told));

test('of a test that passed', () => {
  expect(text([theTest('throughput', 'PASS')])).toBe(
    ['PASS        throughput  1.0 s', '', '1 test: 1 PASS in 2.5 s', ''].join('\n'),
  );
});

test('of a test that failed: the cause, and where the logs are', () => {
  const failed = theTest(
    'ring',
    'FAIL',
    { cause: 'client.1 on n3 exited with status 1 (last line: "bind: in use")' },
    [member('client.0', 'PASS'), member('client.1', 'FAIL', { exit: 1 })],
  );
  expect(text([failed])).toBe(
    [
      'FAIL        ring  1.0 s',
      '            client.1 on n3 exited with status 1 (last line: "bind: in use")',
      '            logs: results/1-s/tests/01-t/attempt-1/client.1/',
      '',
      '1 test: 1 FAIL in 2.5 s',
      '',
    ].join('\n'),
  );
});

test('of a test that timed out', () => {
  const timedOut = theTest('slow', 'INTERRUPTED', { cause: 'timed out after 1 s: a.0 on n1 still running' }, [
    member('a.0', 'INTERRUPTED', { stopped: 'timed out' }),
  ]);
  expect(text([timedOut])).toBe(
    [
      'INTERRUPTED slow  1.0 s',
      '            timed out after 1 s: a.0 on n1 still running',
      '            logs: results/1-s/tests/01-t/attempt-1/a.0/',
      '',
      '1 test: 1 INTERRUPTED in 2.5 s',
      '',
    ].join('\n'),
  );
});

test('of the only test, told of already: just what belongs below its verdict', () => {
  const failed = theTest('ring', 'FAIL', { cause: 'client.1 on n3 exited with status 1' }, [
    member('client.1', 'FAIL', { exit: 1 }),
  ]);
  expect(text([failed], 0)).toBe(
    ['            logs: results/1-s/tests/01-t/attempt-1/client.1/', '', '1 test: 1 FAIL in 2.5 s', ''].join(
      '\n',
    ),
  );
  expect(text([theTest('ring', 'PASS')], 0)).toBe(['', '1 test: 1 PASS in 2.5 s', ''].join('\n'));
});

test('of several tests, told of already: those of which there is more to say, by name', () => {
  const failed = theTest('ring', 'FAIL', {}, [member('client.1', 'FAIL', { exit: 1 })]);
  expect(text([theTest('first', 'PASS'), failed, theTest('untold', 'PASS')], 0, 1)).toBe(
    [
      '',
      'ring',
      '            logs: results/1-s/tests/01-t/attempt-1/client.1/',
      'PASS        untold  1.0 s',
      '',
      '3 tests: 2 PASS, 1 FAIL in 2.5 s',
      '',
    ].join('\n'),
  );
});

test('of subtests: each with its member, its measure and what it said', () => {
  const measured = theTest('iperf', 'WARN');
  measured.attempts[0]!.subtests.push(
    { name: 'tcp', member: 'client.0', status: 'PASS', measure: 941.5, unit: 'Mbit/s' },
    { name: 'count', member: 'client.0', status: 'PASS', measure: 3 },
    { name: 'jitter', member: 'client.1', status: 'WARN', message: 'rather high' },
    { name: 'udp', member: 'client.1', status: 'SKIP' },
  );
  expect(text([measured])).toBe(
    [
      'WARN        iperf  1.0 s',
      '            PASS tcp  client.0  941.5 Mbit/s',
      '            PASS count  client.0  3',
      '            WARN jitter  client.1  rather high',
      '            SKIP udp  client.1',
      '',
      '1 test: 1 WARN in 2.5 s',
      '',
    ].join('\n'),
  );
});

test('of many tests: one line each, and the verdicts counted, worst last', () => {
  const tests = STATUSES.flatMap((status, n) =>
    Array.from({ length: n + 1 }, (_, index) => theTest(`${status} ${index}`, status)),
  );
  const lines = text(tests).split('\n');
  // Of those that passed against expectation it is said.
  expect(lines).toHaveLength(45 + 5 + 3);
  expect(lines.at(-2)).toBe(
    '45 tests: 1 PASS, 2 WARN, 3 SKIP, 4 XFAIL, 5 XPASS, 6 CANCEL, 7 FAIL, 8 INTERRUPTED, 9 ERROR in 2.5 s',
  );
});

test('of a run whose master was stopped: a test without a verdict is shown as what it was', () => {
  const running: ReportTest = { name: 't', status: 'RUNNING', params: {}, attempts: [] };
  expect(text([theTest('first', 'PASS'), running])).toBe(
    ['PASS        first  1.0 s', 'RUNNING     t', '', '2 tests: 1 PASS in 2.5 s', ''].join('\n'),
  );
});

test('of a test that was tried again: what came of each attempt, and what the last one left', () => {
  const retried = theTest('t', 'PASS', { flaky: true });
  const subtest = { name: 's', member: 'a.0', status: 'PASS' } as const;
  const [attempt] = retried.attempts;
  retried.attempts = [
    {
      ...attempt!,
      status: 'FAIL',
      cause: 'a.0 on n1 exited with status 1',
      subtests: [{ ...subtest, status: 'FAIL' }],
      members: [member('a.0', 'FAIL')],
    },
    { ...attempt!, n: 2, subtests: [subtest] },
  ];
  const attempts = [
    '            attempt 1: FAIL: a.0 on n1 exited with status 1',
    '            PASS s  a.0',
    '',
  ];
  expect(text([retried])).toBe(
    ['PASS        t  (flaky: 2 attempts)  1.0 s', ...attempts, '1 test: 1 PASS in 2.5 s; 1 flaky', ''].join(
      '\n',
    ),
  );
  expect(text([{ ...retried, status: 'FAIL', flaky: false }])).toContain(
    'FAIL        t  (2 attempts)  1.0 s\n',
  );
});

test('setup and teardown are told of where they are not ok, and are no tests', () => {
  const broken = theTest('setup', 'ERROR', { cause: 'peer.0 on n1 exited with status 1' });
  const run = report([theTest('t', 'CANCEL', { cause: 'not run: the setup ended ERROR' })]);
  const said = summary(
    { ...run, setup: broken, teardown: theTest('teardown', 'PASS') },
    (_test, { dir }) => dir,
    paletteFor(false, {}),
  );
  expect(said).toBe(
    [
      'ERROR       setup  1.0 s',
      '            peer.0 on n1 exited with status 1',
      'CANCEL      t  1.0 s',
      '            not run: the setup ended ERROR',
      '',
      '1 test: 1 CANCEL in 2.5 s',
      '',
    ].join('\n'),
  );
});
