/**
 * `junit.xml`: the report for CI systems, in the dialect Jenkins, GitLab and Surefire share.
 *
 *   testsuites > testsuite (the suite) > testcase (a test, classname = suite)
 *                                        testcase (a subtest, classname = test)
 *
 * JUnit knows four verdicts, Tutti nine:
 *
 *   passed   PASS, WARN (JUnit has no warning; the text says it)
 *   skipped  SKIP, XFAIL ("expected failure")
 *   failure  FAIL, XPASS, CANCEL
 *   error    ERROR, INTERRUPTED
 *
 * A test that is still RUNNING is no testcase: each of the four would claim something about it, and a testcase
 * without a verdict means "passed". Such tests are named by a property `running` each. A run that is not ok though
 * all of its tests are (nothing could be staged, say) gets a testcase of its own, or it would look green. The
 * failed subtests of an expected failure are expected too. Of a test with several attempts the verdict is the
 * test's, the subtests are the last attempt's.
 */
import { isOk, type Report, type ReportSubtest, type ReportTest, type Status } from '@tutti/protocol';
import { subtestNames } from './subtest-names.ts';
import { element, type XmlElement, xmlDocument } from './xml.ts';

/** The testcase that stands for the run as a whole. */
const RUN_ITSELF = '(run)';

type Outcome = 'passed' | 'skipped' | 'failure' | 'error';

const OUTCOMES: Record<Status, Outcome> = {
  PASS: 'passed',
  WARN: 'passed',
  SKIP: 'skipped',
  XFAIL: 'skipped',
  XPASS: 'failure',
  CANCEL: 'failure',
  FAIL: 'failure',
  INTERRUPTED: 'error',
  ERROR: 'error',
};

interface Case {
  readonly outcome: Outcome;
  readonly xml: XmlElement;
}

export function junitXml(report: Report): string {
  const cases = [...report.tests.flatMap((test) => testCases(report, test)), ...runItself(report)];
  const count = (outcome: Outcome): number => cases.filter((one) => one.outcome === outcome).length;
  const totals = {
    tests: cases.length,
    failures: count('failure'),
    errors: count('error'),
    time: time(report.duration),
  };
  const suite = element(
    'testsuite',
    { name: report.suite, ...totals, skipped: count('skipped'), timestamp: report.started, id: report.id },
    [element('properties', {}, properties(report)), ...cases.map((one) => one.xml)],
  );
  return xmlDocument(element('testsuites', { name: report.suite, ...totals }, [suite]));
}

function properties(report: Report): XmlElement[] {
  const pairs: [string, string][] = [
    ['run', String(report.run)],
    ['status', report.status],
    ...report.tests
      .filter((test) => test.status === 'RUNNING')
      .map((test): [string, string] => ['running', test.name]),
    ...report.tests.flatMap((test) =>
      Object.entries(test.params).map(([name, value]): [string, string] => [
        `${test.name}.${name}`,
        String(value),
      ]),
    ),
  ];
  return pairs.map(([name, value]) => element('property', { name, value }));
}

function testCases(report: Report, test: ReportTest): Case[] {
  const attempt = test.attempts.at(-1);
  const names = subtestNames(attempt?.subtests ?? []);
  const subtests = (attempt?.subtests ?? []).map((subtest, at) =>
    subtestCase(test, subtest, names[at] ?? subtest.name),
  );
  if (test.status === 'RUNNING') return subtests;
  const own = testcase({
    name: test.name,
    classname: report.suite,
    seconds: test.duration,
    status: test.status,
    cause: test.cause,
    details: memberCauses(test),
    output: memberLines(test),
  });
  return [own, ...subtests];
}

function subtestCase(test: ReportTest, subtest: ReportSubtest, name: string): Case {
  const failed = !isOk(subtest.status);
  const measured =
    subtest.measure === undefined ? [] : [[subtest.measure, subtest.unit].filter(isSet).join(' ')];
  return testcase({
    name,
    classname: test.name,
    seconds: undefined,
    status: failed && test.status === 'XFAIL' ? 'XFAIL' : subtest.status,
    cause: subtest.message,
    details: `reported by ${subtest.member}`,
    output: measured,
  });
}

function runItself(report: Report): Case[] {
  const { status } = report;
  if (status === 'RUNNING' || isOk(status)) return [];
  if (report.tests.some((test) => test.status !== 'RUNNING' && !isOk(test.status))) return [];
  const about = { name: RUN_ITSELF, classname: report.suite, seconds: undefined, details: '', output: [] };
  return [testcase({ ...about, status, cause: report.cause })];
}

interface About {
  readonly name: string;
  readonly classname: string;
  readonly seconds: number | undefined;
  readonly status: Status;
  readonly cause: string | undefined;
  readonly details: string;
  readonly output: readonly string[];
}

function testcase(about: About): Case {
  const outcome = OUTCOMES[about.status];
  const cause = about.cause ?? about.status;
  const message = about.status === 'XFAIL' ? `expected failure: ${cause}` : cause;
  const verdict =
    outcome === 'passed' ? [] : [element(outcome, { type: about.status, message }, about.details)];
  const warning = about.status === 'WARN' ? [`WARN: ${cause}`] : [];
  const output = [...warning, ...about.output].join('\n');
  const { name, classname } = about;
  return {
    outcome,
    xml: element('testcase', { name, classname, time: time(about.seconds) }, [
      ...verdict,
      ...(output === '' ? [] : [element('system-out', {}, output)]),
    ]),
  };
}

/** What each member had to say, one a line. */
function memberCauses(test: ReportTest): string {
  return (test.attempts.at(-1)?.members ?? [])
    .filter((member) => member.cause !== undefined)
    .map((member) => `${member.member} on ${member.node}: ${member.cause}`)
    .join('\n');
}

/** Where each member's output is, below the run directory. */
function memberLines(test: ReportTest): string[] {
  return test.attempts.flatMap((attempt) =>
    attempt.members.map((member) => `${member.member} on ${member.node}: ${member.status}, ${member.dir}`),
  );
}

/** Seconds with three digits: the schema has no exponents. */
function time(seconds: number | undefined): string | undefined {
  return seconds?.toFixed(3);
}

function isSet<T>(value: T | undefined): value is T {
  return value !== undefined;
}
