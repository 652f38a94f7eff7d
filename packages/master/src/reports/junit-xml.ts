/**
 * `junit.xml`: the report for CI systems, in the dialect Jenkins, GitLab and Surefire share.
 *
 *   testsuites > testsuite (the suite) > testcase (a test, classname = suite)
 *                                        testcase (a subtest, classname = test)
 *
 * A test that is still RUNNING is no testcase: each verdict would claim something about it, and a testcase without
 * one means "passed". Such tests are named by a property `running` each. A run that is not ok though all of its
 * tests are (nothing could be staged, say) gets a testcase of its own, or it would look green; setup and teardown
 * have one each. Of a test with several attempts the verdict is the test's, the subtests are the last attempt's.
 */
import { isOk, type Report, type ReportTest } from '@tutti/protocol';
import { type Case, NAME_LIMIT, outcomeCount, subtestCase, testCase, testcase, time } from './junit-case.ts';
import { PerTest } from './per-test.ts';
import { subtestNames } from './subtest-names.ts';
import { bounded } from './texts.ts';
import { element, type Written, writtenAhead, type XmlElement, xmlDocument } from './xml.ts';

/** Testcases that stand for more than a test: the run as a whole, and what goes before and after its tests. */
const RUN_ITSELF = '(run)';
const SETUP = '(setup)';
const TEARDOWN = '(teardown)';

/** What is written of one test. */
export interface JunitTest {
  readonly outcomes: readonly Case['outcome'][];
  readonly cases: readonly Written[];
  readonly properties: readonly Written[];
}

/** Where testcases and properties stand in the document. */
const CASE_DEPTH = 2;
const PROPERTY_DEPTH = 3;

/** `known`: what has been written of tests before. */
export function junitXml(report: Report, known = new PerTest<JunitTest>()): string {
  const tests = allTests(report).map((test) => known.of(test, () => junitTest(report, test)));
  const itself = runItself(report);
  const outcomes = [...tests.flatMap((test) => test.outcomes), ...itself.map((one) => one.outcome)];
  const totals = {
    tests: outcomes.length,
    failures: outcomeCount(outcomes, 'failure'),
    errors: outcomeCount(outcomes, 'error'),
    time: time(report.duration),
  };
  const name = bounded(report.suite, NAME_LIMIT);
  const suite = element(
    'testsuite',
    { name, ...totals, skipped: outcomeCount(outcomes, 'skipped'), timestamp: report.started, id: report.id },
    [
      element('properties', {}, [...runProperties(report), ...tests.flatMap((test) => test.properties)]),
      ...tests.flatMap((test) => test.cases),
      ...itself.map((one) => one.xml),
    ],
  );
  return xmlDocument(element('testsuites', { name, ...totals }, [suite]));
}

/** In the order in which they ran. */
function allTests({ setup, tests, teardown }: Report): ReportTest[] {
  return [
    ...(setup ? [{ ...setup, name: SETUP }] : []),
    ...tests,
    ...(teardown ? [{ ...teardown, name: TEARDOWN }] : []),
  ];
}

export function junitTest(report: Report, test: ReportTest): JunitTest {
  const attempt = test.attempts.at(-1);
  const names = subtestNames(attempt?.subtests ?? []);
  const subtests = (attempt?.subtests ?? []).map((subtest, at) =>
    subtestCase(test, subtest, names[at] ?? subtest.name),
  );
  const cases =
    test.status === 'RUNNING' ? subtests : [testCase(report.suite, test, test.status), ...subtests];
  return {
    outcomes: cases.map((one) => one.outcome),
    cases: cases.map((one) => writtenAhead(one.xml, CASE_DEPTH)),
    properties: testProperties(test).map((one) => writtenAhead(one, PROPERTY_DEPTH)),
  };
}

function runProperties(report: Report): XmlElement[] {
  return [property('run', String(report.run)), property('status', report.status)];
}

/** The schemas of Jenkins and Surefire give properties to suites only: each begins with its test's name. */
function testProperties(test: ReportTest): XmlElement[] {
  const { name, tags, attempts, params } = test;
  const nodes = Map.groupBy(attempts.at(-1)?.members ?? [], ({ role }) => role);
  return [
    ...(test.status === 'RUNNING' ? [property('running', name)] : []),
    ...Object.entries(params).map(([param, value]) => property(`${name}.${param}`, String(value))),
    ...[...nodes].map(([role, members]) =>
      property(`${name}.nodes.${role}`, [...new Set(members.map(({ node }) => node))].join(' ')),
    ),
    ...(tags && tags.length > 0 ? [property(`${name}.tags`, tags.join(' '))] : []),
    ...(attempts.length > 1 ? [property(`${name}.attempts`, String(attempts.length))] : []),
  ];
}

function property(name: string, value: string): XmlElement {
  return element('property', { name: bounded(name, NAME_LIMIT), value: bounded(value, NAME_LIMIT) });
}

function runItself(report: Report): Case[] {
  const { status } = report;
  if (status === 'RUNNING' || isOk(status)) return [];
  if (allTests(report).some((test) => test.status !== 'RUNNING' && !isOk(test.status))) return [];
  const about = { name: RUN_ITSELF, classname: report.suite, seconds: undefined, details: '', output: [] };
  return [testcase({ ...about, status, cause: report.cause, reruns: [] })];
}
