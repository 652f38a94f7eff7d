/** What ends of commands mean for the exit status. */
import type { MemberEnd } from '@tutti/protocol';
import { expect, test } from 'vitest';
import { interference, statusOf, worstStatus } from '../../src/join/outcome.ts';

const end = (exit: MemberEnd['exit'], stopped?: MemberEnd['stopped']): MemberEnd => ({
  ...{ exit, duration: 1, logs: [], lastLine: '', survivors: 0 },
  ...(stopped === undefined ? {} : { stopped }),
});
const exited = (code: number) => end({ how: 'exited', code });

test.each([
  [exited(0), 0],
  [exited(77), 77],
  [end({ how: 'signalled', signal: 'SIGTERM' }), 143],
  [end({ how: 'killed' }), 137],
  [end({ how: 'not-started', message: 'no' }), 2],
])('%o is %i', (what, status) => {
  expect(statusOf(what)).toBe(status);
});

test('of several the highest counts; 0 is where all were 0', () => {
  expect(worstStatus([exited(0), exited(0)])).toBe(0);
  expect(worstStatus([exited(1), exited(0), exited(3)])).toBe(3);
  expect(worstStatus([exited(3), end({ how: 'signalled', signal: 'SIGKILL' })])).toBe(137);
});

test('what somebody else has done to it is said, what it did itself is not', () => {
  expect(interference(exited(1))).toBeUndefined();
  expect(interference(end({ how: 'signalled', signal: 'SIGTERM' }, 'test-over'))).toBe(
    'was stopped: the test was over',
  );
  expect(interference(end({ how: 'not-started', message: 'the disk is full' }))).toBe(
    'could not be started: the disk is full',
  );
});
