/**
 * How long a run holds its machines at most, by its timeouts. Pure.
 *
 * A bound, not a guess: every attempt that its retries allow takes all the time that `tutti extend` could get it, one
 * after the other. What is moved before and after an attempt, files and logs, has no time limit of its own as long as it
 * goes on; `MOVING` is allowed for that.
 */
import type { RunSpec, TestSpec } from '@tutti/protocol';

/** What `tutti extend` can make of a test that does not say; attempt.ts keeps it. */
export const MAX_TIMEOUT_SECONDS = 86_400;

/** How long a machine may be away from a test whose time is over, because it has announced a reboot. */
const REBOOT_SECONDS = 600;
/** Until who does not end is given up. */
const STOPPING_SECONDS = 60;
const MOVING_SECONDS = 600;

/** In ms, from when it has its nodes. */
export function longest({ setup, tests, teardown, timeout }: RunSpec): number {
  const before = setup === undefined ? 0 : ofTest(setup);
  const after = teardown === undefined ? 0 : ofTest(teardown);
  const all = tests.reduce((sum, test) => sum + ofTest(test), before);
  if (timeout === undefined) return (all + after) * 1000;
  // What is under way then is ended in order.
  const ending = [...(setup ? [setup] : []), ...tests].reduce((most, test) => Math.max(most, end(test)), 0);
  return (Math.min(all, timeout + ending) + after) * 1000;
}

function ofTest(test: TestSpec): number {
  const { timeout, maxTimeout = MAX_TIMEOUT_SECONDS, linger, retries = 0, retryErrors = 0 } = test;
  return (1 + retries + retryErrors) * (Math.max(timeout, maxTimeout) + linger + end(test));
}

function end({ grace }: TestSpec): number {
  return Math.max(grace, REBOOT_SECONDS) + STOPPING_SECONDS + MOVING_SECONDS;
}
