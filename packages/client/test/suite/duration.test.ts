import fc from 'fast-check';
import { expect, test } from 'vitest';
import { durationSeconds, parseDuration } from '../../src/suite/duration.ts';

test.each([
  [90, 90],
  ['90', 90],
  ['1.5', 1.5],
  ['500ms', 0.5],
  ['30s', 30],
  ['2m', 120],
  ['1h', 3600],
  ['1m30s', 90],
  ['1h2m3s4ms', 3723.004],
  ['0.5h', 1800],
  [' 5s ', 5],
  [0, 0],
])('%j is %d seconds', (text, seconds) => {
  expect(durationSeconds(text)).toBe(seconds);
});

test.each([
  '',
  ' ',
  's',
  '5 s',
  '5 minutes',
  '-1s',
  '1s1m',
  '1s1s',
  '1e3',
  '.5s',
  '1.s',
  'm30s',
  '1d',
  -1,
  Number.NaN,
])('%j is not a duration, and the error shows how to write one', (text) => {
  expect(() => durationSeconds(text)).toThrow(
    `"${text}" is not a duration: write seconds, or 500ms, 30s, 2m, 1h, 1m30s`,
  );
});

test('a duration that no timer can hold is refused', () => {
  expect(() => durationSeconds('577h')).toThrow('"577h" is too long: a duration is at most 24 days');
});

test('any sequence of units, largest first, is their sum', () => {
  const amount = fc.option(fc.nat({ max: 99 }), { nil: undefined });
  fc.assert(
    fc.property(amount, amount, amount, amount, (h, m, s, ms) => {
      const parts = [
        [h, 'h', 3600],
        [m, 'm', 60],
        [s, 's', 1],
        [ms, 'ms', 0.001],
      ] as const;
      const given = parts.filter(([value]) => value !== undefined);
      fc.pre(given.length > 0);
      const text = given.map(([value, unit]) => `${value}${unit}`).join('');
      const sum = given.reduce((total, [value = 0, , factor]) => total + value * factor, 0);
      expect(durationSeconds(text)).toBeCloseTo(sum, 6);
    }),
  );
});

test('no text whatever makes the parser throw, and what it returns is finite', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9.hms]*$/)), (text) => {
      const seconds = parseDuration(text);
      expect(seconds === undefined || (Number.isFinite(seconds) && seconds >= 0)).toBe(true);
    }),
    { numRuns: 1000 },
  );
});
