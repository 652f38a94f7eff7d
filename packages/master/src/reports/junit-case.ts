/**
 * One `testcase` of junit.xml.
 *
 * JUnit knows four verdicts, Tutti nine:
 *
 *   passed   PASS, WARN (JUnit has no warning; the text says it)
 *   skipped  SKIP, XFAIL ("expected failure")
 *   failure  FAIL, XPASS, CANCEL
 *   error    ERROR, INTERRUPTED
 *
 * Earlier attempts that were not ok are a `flakyFailure` or `flakyError` each where the test is ok in the end, a
 * `rerunFailure` or `rerunError` where it is not: Surefire's names, in the order of its schema
 * (surefire-test-report-3.0.xsd of maven-surefire-plugin). The failed subtests of an expected failure are expected.
 *
 * Texts are bounded: readers refuse an attribute of 10 MB, and a CI shows a line of it.
 */
import { isOk, type ReportAttempt, type ReportSubtest, type ReportTest, type Status } from '@tutti/protocol';
import { bounded } from './texts.ts';
import { element, type XmlElement } from './xml.ts';

export const NAME_LIMIT = 1000;
const MESSAGE_LIMIT = 8000;
const TEXT_LIMIT = 64_000;

export type Outcome = 'passed' | 'skipped' | 'failure' | 'error';

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

const RERUN = { failure: 'rerunFailure', error: 'rerunError' };
const FLAKY = { failure: 'flakyFailure', error: 'flakyError' };

/** Surefire's order of what a testcase holds. */
const ORDER = [
  'failure',
  'rerunFailure',
  'flakyFailure',
  'skipped',
  'error',
  'rerunError',
  'flakyError',
  'system-out',
];

export interface Case {
  readonly outcome: Outcome;
  readonly xml: XmlElement;
}

export function outcomeCount(outcomes: readonly Outcome[], outcome: Outcome): number {
  return outcomes.filter((one) => one === outcome).length;
}

export function testCase(suite: string, test: ReportTest, status: Status): Case {
  const last = test.attempts.at(-1);
  return testcase({
    name: test.name,
    classname: suite,
    seconds: test.duration,
    status,
    cause: test.cause,
    details: last ? memberCauses(last) : '',
    output: test.attempts.flatMap(memberLines),
    reruns: test.attempts.slice(0, -1).flatMap((attempt) => rerun(attempt, isOk(status) ? FLAKY : RERUN)),
  });
}

export function subtestCase(test: ReportTest, subtest: ReportSubtest, name: string): Case {
  const failed = !isOk(subtest.status);
  const measured =
    subtest.measure === undefined ? [] : [[subtest.measure, subtest.unit].filter(isSet).join(' ')];
  return testcase({
    name,
    classname: test.name,
    seconds: subtest.duration,
    status: failed && test.status === 'XFAIL' ? 'XFAIL' : subtest.status,
    cause: subtest.message,
    details: `reported by ${subtest.member}`,
    output: measured,
    reruns: [],
  });
}

interface About {
  readonly name: string;
  readonly classname: string;
  readonly seconds: number | undefined;
  readonly status: Status;
  readonly cause: string | undefined;
  readonly details: string;
  readonly output: readonly string[];
  readonly reruns: readonly XmlElement[];
}

export function testcase(about: About): Case {
  const outcome = OUTCOMES[about.status];
  const cause = about.cause ?? about.status;
  const message = about.status === 'XFAIL' ? `expected failure: ${cause}` : cause;
  const warning = about.status === 'WARN' ? [`WARN: ${cause}`] : [];
  const output = [...warning, ...about.output].join('\n');
  const children = [
    ...(outcome === 'passed' ? [] : [problem(outcome, about.status, message, about.details)]),
    ...about.reruns,
    ...(output === '' ? [] : [element('system-out', {}, bounded(output, TEXT_LIMIT))]),
  ].toSorted((a, b) => ORDER.indexOf(a.name) - ORDER.indexOf(b.name));
  const name = bounded(about.name, NAME_LIMIT);
  const classname = bounded(about.classname, NAME_LIMIT);
  return { outcome, xml: element('testcase', { name, classname, time: time(about.seconds) }, children) };
}

/** An attempt that was not ok, and was not the last. */
function rerun(attempt: ReportAttempt, names: typeof RERUN): XmlElement[] {
  if (attempt.status === 'RUNNING') return [];
  const outcome = OUTCOMES[attempt.status];
  if (outcome !== 'failure' && outcome !== 'error') return [];
  const message = bounded(attempt.cause ?? attempt.status, MESSAGE_LIMIT);
  const details = bounded(`attempt ${attempt.n}: ${message}\n${memberCauses(attempt)}`.trimEnd(), TEXT_LIMIT);
  return [
    element(names[outcome], { message, type: attempt.status }, [
      element('stackTrace', {}, details),
      element('system-out', {}, bounded(memberLines(attempt).join('\n'), TEXT_LIMIT)),
    ]),
  ];
}

function problem(name: Outcome, type: Status, message: string, details: string): XmlElement {
  return element(name, { type, message: bounded(message, MESSAGE_LIMIT) }, bounded(details, TEXT_LIMIT));
}

/** What each member had to say, one a line. */
function memberCauses(attempt: ReportAttempt): string {
  return attempt.members
    .filter((member) => member.cause !== undefined)
    .map((member) => `${member.member} on ${member.node}: ${member.cause}`)
    .join('\n');
}

/** Where each member's output is, below the run directory. */
function memberLines(attempt: ReportAttempt): string[] {
  return attempt.members.map(
    (member) => `${member.member} on ${member.node}: ${member.status}, ${member.dir}`,
  );
}

/** Seconds with three digits: the schema has no exponents. */
export function time(seconds: number | undefined): string | undefined {
  return seconds?.toFixed(3);
}

function isSet<T>(value: T | undefined): value is T {
  return value !== undefined;
}
