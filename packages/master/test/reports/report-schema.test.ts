/** report.yaml against its published schema, by a validator that is not ours. */
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { reportYaml } from '../../src/reports/report-yaml.ts';
import { anyReport } from './arbitrary-report.ts';
import { finished, partial, retried } from './example-report.ts';
import { mixedReport } from './mixed-report.ts';

const schema = JSON.parse(
  readFileSync(new URL('../../../../docs/schema/report.json', import.meta.url), 'utf8'),
) as object;
// Its pattern is in the schema too.
const valid = new Ajv2020({ formats: { 'date-time': true } }).compile(schema);

function complaints(report: unknown): unknown {
  return valid(report) ? [] : valid.errors;
}

test.each([
  ['a finished report', finished],
  ['a partial one', partial],
  ['one with all there is', retried],
  ['one of a lab', mixedReport(200)],
])('%s is valid by the published schema', (_what, report) => {
  expect(complaints(parse(reportYaml(report)))).toEqual([]);
});

test('every report is valid by the published schema', () => {
  fc.assert(
    fc.property(anyReport, (report) => {
      expect(complaints(parse(reportYaml(report)))).toEqual([]);
    }),
  );
});

test('a report of the first version, with none of the fields that came later, stays valid', () => {
  const [one] = finished.tests;
  expect(Object.keys(one!)).toEqual(['name', 'status', 'duration', 'params', 'attempts']);
  expect(complaints(finished)).toEqual([]);
});

test.each([
  ['a status that there is not', { ...finished, status: 'GOOD' }],
  ['a run without a number', { ...finished, run: undefined }],
  ['a negative time', { ...finished, duration: -1 }],
  ['another version', { ...finished, tutti: 2 }],
  ['a test without attempts', { ...finished, tests: [{ ...finished.tests[0], attempts: undefined }] }],
])('the schema refuses %s', (_what, report) => {
  expect(complaints(JSON.parse(JSON.stringify(report)))).not.toEqual([]);
});
