/**
 * `results.yml` as Maloo reads it, the result database of the Lustre file system: what auster writes by
 * lustre/tests/yaml.sh of lustre-release.
 *
 *   TestGroup: {test_group, testhost, submission, user_name}
 *   Tests:
 *   - name, description, submission, report_version: 2
 *     SubTests: [{name, status, duration, return_code, error}]
 *     duration, status
 *
 * In that world a test is a script of many test cases. So a test of ours is one of `Tests` and what it reported by
 * `tutti result` its `SubTests`; one that reported nothing is its own only subtest, because Maloo counts subtests.
 * Durations are whole seconds there, times those of `date` in UTC.
 *
 *   PASS   PASS, WARN            FAIL     FAIL, XPASS
 *   SKIP   SKIP, XFAIL           TIMEOUT  INTERRUPTED by a time limit
 *   ABORT  ERROR, CANCEL, INTERRUPTED by an operator
 *
 * A test that is still RUNNING is left out, like one that auster has not begun.
 */
import type { Report, ReportSubtest, ReportTest, Status } from '@tutti/protocol';
import { Document, Scalar } from 'yaml';
import { PerTest } from './per-test.ts';
import { subtestNames } from './subtest-names.ts';
import { bounded } from './texts.ts';
import { escapeUnprintable, yamlText } from './yaml-strings.ts';

const NAME_LIMIT = 1000;
const ERROR_LIMIT = 8000;
const REPORT_VERSION = 2;

const STATUS: Record<Status, string> = {
  PASS: 'PASS',
  WARN: 'PASS',
  SKIP: 'SKIP',
  XFAIL: 'SKIP',
  XPASS: 'FAIL',
  FAIL: 'FAIL',
  CANCEL: 'ABORT',
  INTERRUPTED: 'ABORT',
  ERROR: 'ABORT',
};

/** What test scripts of Lustre return: 0, or the error's number. */
const RETURN_CODE: Record<string, number> = { PASS: 0, SKIP: 0, FAIL: 1, TIMEOUT: 124, ABORT: 2 };

type Item = Record<string, Scalar | readonly Record<string, Scalar>[]>;

/** `known`: the lines of tests that have been written before. */
export function malooYaml(report: Report, known = new PerTest<string>()): string {
  const tests = [report.setup, ...report.tests, report.teardown].filter((test) => test !== undefined);
  const lines = tests.map((test) => known.of(test, () => malooTest(report, test))).join('');
  const group = {
    TestGroup: {
      test_group: text(report.suite, NAME_LIMIT),
      testhost: text(report.nodes.map(({ name }) => name).join(','), NAME_LIMIT),
      submission: instant(report.started),
      user_name: new Scalar('tutti'),
    },
  };
  return `${written(group)}${lines === '' ? 'Tests: []\n' : `Tests:\n${lines}`}`;
}

/** Its lines in the list of tests; none while it is going on. */
export function malooTest(report: Report, test: ReportTest): string {
  if (test.status === 'RUNNING') return '';
  const began = Date.parse(report.started) + (test.started ?? 0) * 1000;
  const { name, status, duration } = test;
  const made: Item = {
    name: text(name, NAME_LIMIT),
    description: text(`${report.suite} ${name}`, NAME_LIMIT),
    submission: instant(new Date(began).toISOString()),
    report_version: new Scalar(REPORT_VERSION),
    SubTests: subtests(test, status),
    duration: seconds(duration),
    status: new Scalar(inTheirWords(status, endedByTimeLimit(test))),
  };
  return written({ Tests: [made] }).slice('Tests:\n'.length);
}

function subtests(test: ReportTest, status: Status): Record<string, Scalar>[] {
  const reported = test.attempts.at(-1)?.subtests ?? [];
  const { name, duration, cause } = test;
  const names = subtestNames(reported);
  const parts = reported.map((one, at) =>
    subtest({
      name: names[at] ?? one.name,
      status: subtestStatus(test, one),
      duration: undefined,
      cause: one.message,
      timedOut: false,
    }),
  );
  const own = STATUS[status];
  // The verdict needs a subtest that carries it: Maloo does not look at the test's own.
  const carried = reported.some((one) => STATUS[subtestStatus(test, one)] === own);
  return carried
    ? parts
    : [subtest({ name, status, duration, cause, timedOut: endedByTimeLimit(test) }), ...parts];
}

function subtestStatus(test: ReportTest, { status }: ReportSubtest): Status {
  return test.status === 'XFAIL' && (status === 'FAIL' || status === 'ERROR') ? 'XFAIL' : status;
}

interface About {
  readonly name: string;
  readonly status: Status;
  readonly duration: number | undefined;
  readonly cause: string | undefined;
  readonly timedOut: boolean;
}

function subtest({ name, status, duration, cause, timedOut }: About): Record<string, Scalar> {
  const theirs = inTheirWords(status, timedOut);
  const error = status === 'XFAIL' ? `expected failure: ${cause ?? ''}` : (cause ?? status);
  return {
    name: text(name, NAME_LIMIT),
    status: new Scalar(theirs),
    duration: seconds(duration),
    return_code: new Scalar(RETURN_CODE[theirs] ?? 1),
    error: theirs === 'PASS' ? new Scalar(null) : text(error, ERROR_LIMIT),
  };
}

function inTheirWords(status: Status, timedOut: boolean): string {
  return status === 'INTERRUPTED' && timedOut ? 'TIMEOUT' : STATUS[status];
}

function endedByTimeLimit(test: ReportTest): boolean {
  return test.attempts.at(-1)?.members.some(({ stopped }) => stopped === 'timeout') === true;
}

function written(contents: object): string {
  const document = new Document(contents, { schema: 'core', aliasDuplicateObjects: false });
  return escapeUnprintable(document.toString({ lineWidth: 0, doubleQuotedAsJSON: true, nullStr: '' }));
}

/** On one line: readers of this file are not all YAML libraries. */
function text(value: string, limit: number): Scalar {
  return yamlText(bounded(value, limit), false);
}

function seconds(value: number | undefined): Scalar {
  return new Scalar(Math.round(value ?? 0));
}

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `Sat Nov 21 10:00:00 UTC 2026`, as `date` writes it. */
function instant(iso: string): Scalar {
  const date = new Date(iso);
  const day = String(date.getUTCDate()).padStart(2, ' ');
  const time = date.toISOString().slice(11, 19);
  return new Scalar(
    `${DAYS[date.getUTCDay()]} ${MONTHS[date.getUTCMonth()]} ${day} ${time} UTC ${date.getUTCFullYear()}`,
  );
}
