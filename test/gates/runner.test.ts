/** `npm test` itself: what it counts, and that it cannot be green by running nothing. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');

test('counts by test, names what failed and why a test was skipped, and ends with one line', () => {
  const { status, lines } = npmTest('mixed');
  expect(status).toBe(1);
  expect(lines.slice(-4)).toEqual([
    'skipped: mixed.test.ts > left out: no such program here: frobnicate',
    'failed: broken.test.ts: does not run',
    'failed: mixed.test.ts > bad',
    '1 passed, 2 failed, 1 skipped',
  ]);
});

test('fails when no test ran', () => {
  const { status, lines } = npmTest('empty');
  expect(status).toBe(1);
  expect(lines.slice(-2)).toEqual(['failed: vitest ran no test', '0 passed, 1 failed, 0 skipped']);
});

test('fails when an error came from outside of any test', () => {
  const { status, lines } = npmTest('stray');
  expect(status).toBe(1);
  expect(lines.slice(-2)).toEqual([
    'failed: an error outside of any test: nobody waited',
    '1 passed, 1 failed, 0 skipped',
  ]);
});

test('refuses an --only that it does not know', () => {
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'scripts/test.ts'), '--only', 'some']);
  expect(status).toBe(64);
  expect(String(stderr)).toContain('--only takes unit, e2e or gates');
});

/** The runner on a fixture instead of the repository: what it does not know itself goes to vitest. */
function npmTest(fixture: string): { status: number | null; lines: string[] } {
  const folder = join(root, 'test/fixtures/runner', fixture);
  const args = [
    join(root, 'scripts/test.ts'),
    '--root',
    folder,
    '--config',
    join(folder, 'vitest.config.ts'),
  ];
  const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  return { status, lines: stdout.trimEnd().split('\n') };
}
