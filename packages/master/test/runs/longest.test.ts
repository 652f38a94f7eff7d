import { describe, expect, test } from 'vitest';
import { longest } from '../../src/runs/longest.ts';
import { role, testSpec } from './a-test.ts';

const spec = (...tests: Parameters<typeof testSpec>[1][]) => ({
  suite: 'x',
  files: [],
  tests: tests.map((more) =>
    testSpec([role('a')], { maxTimeout: 100, timeout: 60, linger: 10, grace: 30, ...more }),
  ),
});
/** What an attempt may take beyond its time limit: a reboot, stopping, moving. */
const END = 600 + 60 + 600;

describe('the longest that a run can take', () => {
  test('is what `tutti extend` could make of each attempt, one after the other', () => {
    expect(longest(spec({}))).toBe((100 + 10 + END) * 1000);
    expect(longest(spec({ retries: 1, retryErrors: 2 }, {}))).toBe(5 * (100 + 10 + END) * 1000);
    expect(longest(spec({ timeout: 200 }))).toBe((200 + 10 + END) * 1000);
  });

  test('counts 24 hours for a test that does not say how far it can be extended', () => {
    const [first] = spec({}).tests;
    const { maxTimeout: _, ...without } = first!;
    expect(longest({ suite: 'x', files: [], tests: [without] })).toBe((86_400 + 10 + END) * 1000);
  });

  test('is bounded by the time limit of the run, and teardown comes on top', () => {
    const tests = spec({ retries: 50 });
    expect(longest({ ...tests, timeout: 500 })).toBe((500 + END) * 1000);
    const teardown = testSpec([role('a')], { maxTimeout: 7, timeout: 7, linger: 0, grace: 30 });
    expect(longest({ ...tests, timeout: 500, teardown })).toBe((500 + END + 7 + END) * 1000);
    expect(longest({ ...spec({}), setup: teardown, timeout: 50_000 })).toBe(
      (100 + 10 + END + 7 + END) * 1000,
    );
  });
});
