import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { inSeconds } from '../src/duration.ts';
import { PYTHON, PYTHON_PATH, python } from './languages.ts';

const GOOD: [unknown, number][] = [
  [0, 0],
  [1.5, 1.5],
  ['7', 7],
  ['0.5', 0.5],
  ['300ms', 0.3],
  ['0.07s', 0.07],
  ['30s', 30],
  ['1.5m', 90],
  ['2h', 7200],
];
const BAD: unknown[] = [
  '',
  's',
  '5 s',
  ' 5s',
  '5S',
  '1m30s',
  '-1',
  '-1s',
  '.5s',
  '1e3',
  '5d',
  'soon',
  '5s\n',
  -1,
  true,
  null,
  [],
  {},
];

test.each(GOOD)('%j is %d seconds', (text, seconds) => {
  expect(inSeconds(text as string)).toBe(seconds);
});

test.each([...BAD, Number.NaN, Number.POSITIVE_INFINITY])('%j is refused, and quoted', (text) => {
  expect(() => inSeconds(text as string)).toThrow(
    expect.objectContaining({ code: 'BAD_PARAMS', message: expect.stringContaining('time span') as string }),
  );
});

describe.skipIf(!python.available)('in Python', () => {
  test('the grammar is the same', () => {
    const spans = [...GOOD.map(([span]) => span), ...BAD.filter((span) => span !== null)];
    const code = `
import json, sys, tutti
def read(span):
    try: return tutti._seconds(span)
    except tutti.Error as error: return error.code
print(json.dumps([read(span) for span in json.loads(sys.argv[1])]))`;
    const { stdout, stderr } = spawnSync(PYTHON, ['-B', '-c', code, JSON.stringify(spans)], {
      env: { ...process.env, PYTHONPATH: PYTHON_PATH },
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    const expected = [
      ...GOOD.map(([, seconds]) => seconds),
      ...BAD.filter((span) => span !== null).map(() => 'BAD_PARAMS'),
    ];
    expect(JSON.parse(stdout)).toEqual(expected);
  });
});
