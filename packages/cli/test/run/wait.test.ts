import type { Status } from '@tutti/protocol';
import { expect, test } from 'vitest';
import { worstExit } from '../../src/run/wait.ts';

const ended = (status: Status, exit: number) => ({ status, exit });

test.each([
  ['all ok', [ended('PASS', 0), ended('WARN', 0)], 0],
  ['one failed', [ended('PASS', 0), ended('FAIL', 1), ended('XPASS', 1)], 1],
  ['one failed and one skipped', [ended('SKIP', 4), ended('FAIL', 1)], 1],
  ['the lab is broken', [ended('ERROR', 2), ended('INTERRUPTED', 124), ended('FAIL', 1)], 2],
  ['one timed out', [ended('INTERRUPTED', 124), ended('FAIL', 1)], 124],
  ['all were skipped', [ended('SKIP', 4), ended('SKIP', 4)], 4],
  ['some were skipped', [ended('SKIP', 4), ended('PASS', 0)], 0],
])('several runs exit by the worst: %s', (_what, views, exit) => {
  expect(worstExit(views)).toBe(exit);
  expect(worstExit(views.toReversed())).toBe(exit);
});
