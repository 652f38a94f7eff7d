import type { Report, ReportTest, Status } from '@tutti/protocol';
import { STATUSES } from '@tutti/protocol';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { malooYaml } from '../../src/reports/maloo-yaml.ts';
import { anyReport } from './arbitrary-report.ts';
import { finished, partial, retried } from './example-report.ts';

const STATUS = { enum: ['PASS', 'FAIL', 'SKIP', 'TIMEOUT', 'ABORT'] };
const text = { type: 'string', minLength: 1 };
const whole = { type: 'integer', minimum: 0 };
const date = { type: 'string', pattern: '^[A-Z][a-z]{2} [A-Z][a-z]{2} [ 0-9][0-9] [0-9:]{8} UTC [0-9]{4}$' };

function exactly(properties: Record<string, object>): object {
  return { type: 'object', properties, required: Object.keys(properties), additionalProperties: false };
}

/** What lustre/tests/yaml.sh of lustre-release writes, said as a schema. */
const valid = new Ajv2020().compile(
  exactly({
    TestGroup: exactly({
      test_group: { type: 'string' },
      testhost: { type: 'string' },
      submission: date,
      user_name: text,
    }),
    Tests: {
      type: 'array',
      items: exactly({
        name: { type: 'string' },
        description: text,
        submission: date,
        report_version: { const: 2 },
        SubTests: {
          type: 'array',
          minItems: 1,
          items: exactly({
            name: { type: 'string' },
            status: STATUS,
            duration: whole,
            return_code: whole,
            error: { type: ['string', 'null'] },
          }),
        },
        duration: whole,
        status: STATUS,
      }),
    },
  }),
);

interface Results {
  Tests: {
    name: string;
    status: string;
    SubTests: { name: string; status: string; error: string | null }[];
  }[];
}

/** As PyYAML and Ruby read it. */
function read(report: Report): Results {
  const results = parse(malooYaml(report), { version: '1.1' }) as Results;
  expect(valid(results) ? [] : valid.errors).toEqual([]);
  return results;
}

function withTest(change: Partial<ReportTest>): Results['Tests'][number] {
  return read({ ...finished, tests: [{ ...finished.tests[0]!, ...change }] }).Tests[0]!;
}

test('the example report has the layout of yaml.sh', () => {
  expect(malooYaml(finished)).toBe(`\
TestGroup:
  test_group: traffic
  testhost: n1
  submission: Sat Nov 21 10:00:00 UTC 2026
  user_name: tutti
Tests:
  - name: throughput
    description: traffic throughput
    submission: Sat Nov 21 10:00:00 UTC 2026
    report_version: 2
    SubTests:
      - name: tcp
        status: PASS
        duration: 0
        return_code: 0
        error:
    duration: 3
    status: PASS
`);
});

test('a test that is still running is left out', () => {
  expect(read(partial).Tests.map(({ name }) => name)).toEqual(['throughput']);
  expect(read({ ...finished, tests: [] }).Tests).toEqual([]);
});

const THEIRS: Record<Status, string> = {
  PASS: 'PASS',
  WARN: 'PASS',
  SKIP: 'SKIP',
  XFAIL: 'SKIP',
  XPASS: 'FAIL',
  CANCEL: 'ABORT',
  FAIL: 'FAIL',
  INTERRUPTED: 'ABORT',
  ERROR: 'ABORT',
};

test.each(STATUSES)('%s is told in their words, also by a subtest', (status) => {
  const told = withTest({ status, cause: 'because' });
  expect(told.status).toBe(THEIRS[status]);
  expect(told.SubTests.map((one) => one.status)).toContain(THEIRS[status]);
});

test('a time limit is a TIMEOUT, an operator is an ABORT', () => {
  const [attempt] = finished.tests[0]!.attempts;
  const [server, client] = attempt!.members;
  const members = [server!, { ...client!, stopped: 'timeout' }];
  expect(withTest({ status: 'INTERRUPTED', attempts: [{ ...attempt!, members }] }).status).toBe('TIMEOUT');
  expect(withTest({ status: 'INTERRUPTED' }).status).toBe('ABORT');
});

test('a failure that no subtest reported is a subtest of its own, with the cause', () => {
  expect(withTest({ status: 'FAIL', cause: 'client.0: "exited"' }).SubTests).toMatchObject([
    { name: 'throughput', status: 'FAIL', error: 'client.0: "exited"' },
    { name: 'tcp', status: 'PASS', error: null },
  ]);
});

test('setup and teardown are tests too, in their order', () => {
  expect(read(retried).Tests.map(({ name }) => name)).toEqual(['setup', 'throughput', 'teardown']);
});

test('a name of ten megabytes is bounded', () => {
  expect(
    malooYaml({ ...finished, tests: [{ ...finished.tests[0]!, name: 'x'.repeat(1e7) }] }).length,
  ).toBeLessThan(10_000);
});

test('every report is in their form, whatever its texts', () => {
  fc.assert(
    fc.property(anyReport, (report) => {
      const over = [report.setup, ...report.tests, report.teardown].filter(
        (one) => one !== undefined && one.status !== 'RUNNING',
      );
      expect(read(report).Tests).toHaveLength(over.length);
    }),
    { numRuns: 300 },
  );
});
