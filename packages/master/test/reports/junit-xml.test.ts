import { readFile } from 'node:fs/promises';
import { type Report, type ReportTest, STATUSES, type Status } from '@tutti/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { validateXML } from 'xmllint-wasm';
import { type JunitTest, junitXml } from '../../src/reports/junit-xml.ts';
import { PerTest } from '../../src/reports/per-test.ts';
import { anyReport } from './arbitrary-report.ts';
import { finished, partial, retried } from './example-report.ts';

const schema = await readFile(new URL('junit.xsd', import.meta.url), 'utf8');

/** What xmllint has against each of the documents. */
async function complaints(...documents: string[]): Promise<string[]> {
  const xml = documents.map((contents, at) => ({ fileName: `${at}.xml`, contents }));
  const { errors } = await validateXML({ xml, schema, maxMemoryPages: 4096 });
  return errors.map((error) => error.rawMessage);
}

function withTest(change: Partial<ReportTest>, run: Partial<Report> = {}): Report {
  return { ...finished, ...run, tests: [{ ...finished.tests[0]!, ...change }] };
}

function lineOf(xml: string, name: string): string {
  return xml.split('<testcase ').find((part) => part.startsWith(`name="${name}"`)) ?? '';
}

test('a finished and a partial report are valid by the usual JUnit schema', async () => {
  expect(await complaints(junitXml(finished), junitXml(partial))).toEqual([]);
});

test.each([
  ['an unknown attribute', (xml: string) => xml.replace('<testcase ', '<testcase verdict="good" ')],
  ['an unknown element', (xml: string) => xml.replace('</testsuite>', '<barrier/></testsuite>')],
  ['a testcase without a name', (xml: string) => xml.replace('<testcase name=', '<testcase classname=')],
  ['a count that is no number', (xml: string) => xml.replace('failures="0"', 'failures="none"')],
  ['a time with an exponent', (xml: string) => xml.replace('time="4.200"', 'time="4e21"')],
  ['a bare ampersand', (xml: string) => xml.replace('name="traffic"', 'name="a&b"')],
  ['a control character', (xml: string) => xml.replace('name="traffic"', 'name="a\u0001b"')],
])('the validation refuses %s', async (_what, spoil) => {
  const good = junitXml(finished);
  const bad = spoil(good);
  expect(bad).not.toBe(good);
  expect(await complaints(bad)).not.toEqual([]);
});

test('every report is valid, whatever its texts', async () => {
  const documents = fc.sample(anyReport, { numRuns: 300, seed: 1 }).map((report) => junitXml(report));
  expect(await complaints(...documents)).toEqual([]);
});

test('a document holds no character that XML does not admit', () => {
  fc.assert(
    fc.property(anyReport, (report) => {
      expect(junitXml(report)).toMatch(/^[\t\n\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u);
    }),
  );
});

test('control characters and lone surrogates become U+FFFD, and line ends in attributes survive', () => {
  const xml = junitXml(withTest({ status: 'FAIL', cause: 'a\u0000\u001b[31m\ud800b\r\n\t<&">' }));
  expect(xml).toContain('message="a\ufffd\ufffd[31m\ufffdb&#13;&#10;&#9;&lt;&amp;&quot;&gt;"');
});

const ELEMENT = {
  PASS: undefined,
  WARN: undefined,
  SKIP: 'skipped',
  XFAIL: 'skipped',
  XPASS: 'failure',
  CANCEL: 'failure',
  FAIL: 'failure',
  INTERRUPTED: 'error',
  ERROR: 'error',
};

test.each(STATUSES)('%s is told as JUnit tells it, and counted', (status) => {
  const xml = junitXml(withTest({ status, cause: 'because' }, { status }));
  const own = lineOf(xml, 'throughput');
  const told = ['skipped', 'failure', 'error'].filter((element) =>
    own.includes(`<${element} type="${status}"`),
  );
  expect(told).toEqual(ELEMENT[status] === undefined ? [] : [ELEMENT[status]]);
  const count = (element: string): number => (ELEMENT[status] === element ? 1 : 0);
  expect(xml).toContain(
    `<testsuite name="traffic" tests="2" failures="${count('failure')}" errors="${count('error')}" time="4.200" skipped="${count('skipped')}"`,
  );
});

test('an expected failure says so, for its failed subtests too', () => {
  const attempt = finished.tests[0]!.attempts[0]!;
  const subtests = [{ name: 'tcp', member: 'client.0', status: 'FAIL' as const, message: 'slow' }];
  const xml = junitXml(withTest({ status: 'XFAIL', cause: 'bug 7', attempts: [{ ...attempt, subtests }] }));
  expect(lineOf(xml, 'throughput')).toContain('message="expected failure: bug 7"');
  expect(lineOf(xml, 'tcp')).toContain('<skipped type="XFAIL" message="expected failure: slow"');
  expect(xml).toContain('failures="0"');
});

test('a warning passes and is told in words', () => {
  expect(lineOf(junitXml(withTest({ status: 'WARN', cause: 'slow disk' })), 'throughput')).toContain(
    'WARN: slow disk',
  );
});

test('a testcase names the directories of its members', () => {
  expect(lineOf(junitXml(finished), 'throughput')).toContain(
    'server.0 on n1: PASS, tests/01-throughput/attempt-1/server.0\nclient.0 on n2: PASS',
  );
});

test('parameters are properties', () => {
  expect(junitXml(finished)).toContain('<property name="throughput.seconds" value="1"/>');
});

test('a running test is a property and no testcase', () => {
  const xml = junitXml(partial);
  expect(xml).toContain('<property name="running" value="ring"/>');
  expect(xml).toContain('<property name="status" value="RUNNING"/>');
  expect(lineOf(xml, 'ring')).toBe('');
  expect(xml).toContain('<testsuites name="traffic" tests="2" failures="0" errors="0">');
});

test('a run that failed without a failed test is not green', () => {
  const xml = junitXml({ ...finished, tests: [], status: 'ERROR', cause: 'no room to stage' });
  expect(xml).toContain('tests="1" failures="0" errors="1"');
  expect(lineOf(xml, '(run)')).toContain('<error type="ERROR" message="no room to stage"/>');
});

test('subtests of one name are told apart by their member, then by number', () => {
  const attempt = finished.tests[0]!.attempts[0]!;
  const reported = (name: string, member: string) => ({ name, member, status: 'PASS' as const });
  const subtests = [
    reported('tcp', 'a.0'),
    reported('tcp', 'b.0'),
    reported('tcp', 'b.0'),
    reported('udp', 'a.0'),
  ];
  const xml = junitXml(withTest({ attempts: [{ ...attempt, subtests }] }));
  const names = [...xml.matchAll(/<testcase name="([^"]*)" classname="throughput"/g)].map(
    (match) => match[1],
  );
  expect(names).toEqual(['tcp [a.0]', 'tcp [b.0]', 'tcp [b.0] #2', 'udp']);
});

/** One test with an attempt for each of these statuses. */
function attempted(status: Status, ...statuses: Status[]): Report {
  const [attempt] = retried.tests[0]!.attempts;
  const attempts = statuses.map((each, at) => ({
    ...attempt!,
    n: at + 1,
    status: each,
    cause: `cause ${at + 1}`,
  }));
  return withTest({ status, cause: 'the verdict', attempts }, { status });
}

test.each([
  ['passes in the end', 'PASS', ['FAIL', 'ERROR', 'PASS'], ['flakyFailure FAIL', 'flakyError ERROR']],
  ['is skipped in the end', 'SKIP', ['FAIL', 'SKIP'], ['flakyFailure FAIL', 'skipped SKIP']],
  ['fails again', 'FAIL', ['FAIL', 'FAIL'], ['failure FAIL', 'rerunFailure FAIL']],
  [
    'ends as an error',
    'ERROR',
    ['FAIL', 'ERROR', 'ERROR'],
    ['rerunFailure FAIL', 'error ERROR', 'rerunError ERROR'],
  ],
  ['was interrupted once', 'PASS', ['INTERRUPTED', 'PASS'], ['flakyError INTERRUPTED']],
] as const)(
  'of a test that %s each attempt is told as Surefire does',
  async (_what, status, statuses, told) => {
    const xml = junitXml(attempted(status, ...statuses));
    const own = lineOf(xml, 'throughput');
    const found = own.matchAll(/<((?:rerun|flaky)?(?:[Ff]ailure|[Ee]rror)|skipped) [^>]*type="(\w+)"/g);
    expect([...found].map(([, element, type]) => `${element} ${type}`)).toEqual(told);
    expect(await complaints(xml)).toEqual([]);
  },
);

test('an earlier attempt says why it failed, and where its output is', () => {
  const own = lineOf(junitXml(retried), 'throughput');
  expect(own).toContain('<flakyFailure message="client.0 on n2: exited with status 1" type="FAIL">');
  expect(own).toContain('<stackTrace>attempt 1: client.0 on n2: exited with status 1');
  expect(own).toContain('server.0 on n1: FAIL, tests/01-throughput/attempt-1/server.0');
});

test('parameters, tags, nodes of each role and attempts are properties', () => {
  const xml = junitXml(retried);
  for (const [name, value] of [
    ['run', '1'],
    ['throughput.seconds', '1'],
    ['throughput.nodes.server', 'n1'],
    ['throughput.nodes.client', 'n2'],
    ['throughput.tags', 'smoke net'],
    ['throughput.attempts', '2'],
  ])
    expect(xml).toContain(`<property name="${name}" value="${value}"/>`);
});

test('setup and teardown have a testcase each', () => {
  const failing: Report = {
    ...retried,
    setup: { ...retried.setup!, status: 'ERROR', cause: 'no disk' },
    status: 'ERROR',
  };
  const xml = junitXml(failing);
  expect(lineOf(xml, '(setup)')).toContain('<error type="ERROR" message="no disk"/>');
  expect(lineOf(xml, '(teardown)')).not.toBe('');
  expect(lineOf(xml, '(run)')).toBe('');
});

test('texts of ten megabytes are bounded, and what is cut is said', async () => {
  const long = 'x'.repeat(1e7);
  const xml = junitXml(
    withTest({ name: long, status: 'FAIL', cause: long, params: { long } }, { suite: long }),
  );
  expect(xml.length).toBeLessThan(100_000);
  expect(xml).toContain(`x… (${1e7 - 1000} more characters)`);
  expect(await complaints(xml)).toEqual([]);
});

test('half a surrogate pair is not left by a cut', () => {
  const xml = junitXml(withTest({ name: `${'x'.repeat(999)}\u{1f600}\u{1f600}` }));
  expect(xml).toContain(`${'x'.repeat(999)}… (4 more characters)`);
});

test('what has been written of a test is written again as it was', () => {
  const known = new PerTest<JunitTest>();
  const xml = junitXml(retried, known);
  expect(junitXml(retried, known)).toBe(xml);
  expect(junitXml(retried)).toBe(xml);
});
