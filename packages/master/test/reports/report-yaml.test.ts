import { Report } from '@tutti/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { PerTest } from '../../src/reports/per-test.ts';
import { reportYaml } from '../../src/reports/report-yaml.ts';
import { anyReport, anyText } from './arbitrary-report.ts';
import { finished, partial, retried } from './example-report.ts';

test('the example report has the documented layout', () => {
  expect(reportYaml(finished)).toBe(`\
tutti: 1
run: 1
id: 6f1c0000000000000000000000000000
suite: traffic
status: PASS
started: 2026-11-21T10:00:00.123Z
duration: 4.2
summary: { total: 1, pass: 1, warn: 0, skip: 0, xfail: 0, xpass: 0, cancel: 0, fail: 0, interrupted: 0, error: 0 }
nodes:
  - { name: n1, addresses: [10.77.0.2, fd00::2], os: Debian 12, kernel: 6.1.0, arch: x64, cpus: 2, memory: 25769803776 }
tests:
  - name: throughput
    status: PASS
    duration: 2.9
    params: { seconds: 1, mode: "no" }
    attempts:
      - n: 1
        status: PASS
        members:
          - { member: server.0, role: server, index: 0, node: n1, status: PASS, exit: 0, duration: 2.8, dir: tests/01-throughput/attempt-1/server.0 }
          - { member: client.0, role: client, index: 0, node: n2, status: PASS, exit: 0, duration: 2.7, dir: tests/01-throughput/attempt-1/client.0 }
        subtests:
          - { name: tcp, member: client.0, status: PASS, measure: 9410, unit: Mbit/s }
        barriers:
          - { name: ready, generation: 0, size: 3, skew: 0.012 }
`);
});

test('what has parts stands on lines of its own, what is one fact on one', () => {
  const yaml = reportYaml(retried);
  for (const line of [
    '    flaky: true',
    '    tags: [smoke, net]',
    '        started: 0.7',
    '          - { member: client.0, role: client, index: 0, node: n2, status: FAIL, exit: 1, cause: exited with status 1, started: 0.02, ended: 2.5, duration: 2.7, incarnations: [{started: 0.02, ended: 0.5}, {started: 1.4, ended: 2.5}], dir: tests/01-throughput/attempt-1/client.0 }',
    '          - { name: ready, generation: 0, size: 2, skew: 1.1, released: 1.6, arrivals: [{member: server.0, at: 0.5}, {member: client.0, at: 1.6}] }',
    '          - { member: server.0, what: key "port", from: 0.1, to: 0.3 }',
    '          - { member: server.0, name: started, at: 0.4 }',
    '        pause: { cause: client.0 on n2 exited with status 1, from: 2.5, to: 2.6, ended: retry, by: ann@desk, note: ann@desk asked for another attempt }',
    '        omitted: { marks: 12 }',
  ])
    expect(yaml.split('\n')).toContain(line);
  const { duration, ...client } = retried.tests[0]!.attempts[0]!.members[1]!;
  expect(parse(yaml)).toMatchObject({
    setup: retried.setup,
    tests: [{ attempts: [{ members: [{}, client] }, {}] }],
  });
  expect(duration).toBe(2.7004);
});

test('what has been written of a test is not made again', () => {
  const known = new PerTest<string>();
  const yaml = reportYaml(retried, known);
  expect(reportYaml(retried, known)).toBe(yaml);
  expect(known.of(retried.tests[0]!, () => 'another')).not.toBe('another');
  expect(reportYaml({ ...retried, tests: [...retried.tests, ...finished.tests] }, known)).toBe(
    yaml + reportYaml(finished).split(/^tests:\n/m)[1],
  );
});

test('a partial report is a valid report', () => {
  expect(Report.parse(parse(reportYaml(partial)))).toMatchObject({
    status: 'RUNNING',
    tests: [{}, {}, { name: 'later' }],
  });
});

test('the order of keys does not depend on how the report was built', () => {
  const shuffled = Object.fromEntries(Object.entries(finished).toReversed()) as Report;
  expect(reportYaml(shuffled)).toBe(reportYaml(finished));
});

test('a cause of several lines is a block where there is room and one line where there is not', () => {
  const cause = 'first line\nsecond line of the cause, which is longer than forty characters';
  const [one] = finished.tests;
  const attempt = one!.attempts[0]!;
  const members = attempt.members.map((member) => ({ ...member, cause }));
  const yaml = reportYaml({ ...finished, tests: [{ ...one!, cause, attempts: [{ ...attempt, members }] }] });
  expect(yaml).toContain('    cause: |-\n      first line\n      second line');
  expect(yaml).toContain('cause: "first line\\nsecond line');
  expect(yaml.match(/^ +- \{ member: .* \}$/gm)).toHaveLength(2);
});

test('every report reads back as it was', () => {
  fc.assert(
    fc.property(anyReport, (report) => {
      expect(parse(reportYaml(report))).toEqual(report);
    }),
    { numRuns: 300 },
  );
});

test('every text reads back as it was, whichever version of YAML the reader follows', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const yaml = reportYaml({
        ...finished,
        tests: [],
        suite: text,
        nodes: [{ ...finished.nodes[0]!, os: text }],
      });
      for (const version of ['1.1', '1.2'] as const) {
        const read = parse(yaml, { version }) as Report;
        expect([read.suite, read.nodes[0]?.os]).toEqual([text, text]);
      }
    }),
    { numRuns: 1000 },
  );
});

test('what YAML does not admit as a character is never written bare', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const written = reportYaml({ ...finished, tests: [], suite: text });
      expect(written).toMatch(
        /^[\t\n\u0020-\u007e\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\u{10000}-\u{10ffff}]*$/u,
      );
    }),
    { numRuns: 1000 },
  );
});

test('times are rounded to the millisecond and measures are not', () => {
  const [one] = finished.tests;
  const attempt = one!.attempts[0]!;
  const yaml = reportYaml({
    ...finished,
    duration: 1.23456,
    tests: [
      {
        ...one!,
        duration: 0.0004,
        attempts: [
          { ...attempt, subtests: [{ name: 'a', member: 'b.0', status: 'PASS', measure: 1.23456789 }] },
        ],
      },
    ],
  });
  expect(parse(yaml)).toMatchObject({
    duration: 1.235,
    tests: [
      { duration: 0, attempts: [{ subtests: [{ measure: 1.23456789 }], barriers: [{ skew: 0.012 }] }] },
    ],
  });
});
