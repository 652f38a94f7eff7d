import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EXIT, exitCode, type Interruption, isOk, STATUSES, type Status, worst } from '../src/index.ts';

const anyStatuses = fc.array(fc.constantFrom(...STATUSES), { minLength: 1 });

test('statuses stand worst last, and the first four are ok', () => {
  expect(STATUSES).toEqual([
    'PASS',
    'WARN',
    'SKIP',
    'XFAIL',
    'XPASS',
    'CANCEL',
    'FAIL',
    'INTERRUPTED',
    'ERROR',
  ]);
  expect(STATUSES.map(isOk)).toEqual([true, true, true, true, false, false, false, false, false]);
});

test('the worst of none is none', () => {
  expect(worst([])).toBeUndefined();
});

test('the worst is one of them and none is worse, in whatever order they come', () => {
  fc.assert(
    fc.property(anyStatuses, (statuses) => {
      const found = worst(statuses)!;
      expect(statuses).toContain(found);
      for (const status of statuses)
        expect(STATUSES.indexOf(status)).toBeLessThanOrEqual(STATUSES.indexOf(found));
      expect(worst(statuses.toReversed())).toBe(found);
      expect(worst(new Set(statuses))).toBe(found);
    }),
  );
});

test.each<[string, Status[], Interruption | undefined, number]>([
  ['nothing ran', [], undefined, 3],
  ['all passed', ['PASS', 'PASS'], undefined, 0],
  ['some were skipped', ['PASS', 'SKIP'], undefined, 0],
  ['all were skipped', ['SKIP', 'SKIP'], undefined, 4],
  ['warnings', ['WARN', 'SKIP'], undefined, 0],
  ['an expected failure', ['XFAIL'], undefined, 0],
  ['an unexpected pass', ['XPASS', 'PASS'], undefined, 1],
  ['a cancelled test', ['CANCEL'], undefined, 1],
  ['a failure', ['PASS', 'FAIL', 'SKIP'], undefined, 1],
  ['a timeout', ['INTERRUPTED', 'FAIL'], 'timeout', 124],
  ['a timeout, which is what is meant where nothing is said', ['INTERRUPTED'], undefined, 124],
  ['an operator', ['INTERRUPTED', 'PASS'], 'operator', 130],
  ['an error beside an operator', ['INTERRUPTED', 'ERROR'], 'operator', 2],
  ['an error', ['ERROR', 'FAIL'], undefined, 2],
])('%s', (_what, statuses, by, code) => {
  expect(exitCode(statuses, by)).toBe(code);
});

test('a run exits 0 only if all of its tests are ok and one of them ran', () => {
  fc.assert(
    fc.property(anyStatuses, fc.constantFrom<Interruption>('timeout', 'operator'), (statuses, by) => {
      const good = statuses.every(isOk) && statuses.some((status) => status !== 'SKIP');
      expect(exitCode(statuses, by) === EXIT.ok).toBe(good);
      expect(Object.values(EXIT)).toContain(exitCode(statuses, by));
    }),
  );
});
