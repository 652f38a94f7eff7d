import { ERROR_CODES, type ErrorCode, TuttiError } from '@tutti/protocol';
import { describe, expect, test } from 'vitest';
import { showError } from '../src/show-error.ts';

function shown(thrown: unknown): { status: number; text: string } {
  let text = '';
  const status = showError(thrown, { write: (more: string) => (text += more) });
  return { status, text };
}

const statusOf = (code: ErrorCode) => shown(new TuttiError(code, 'x')).status;

/** What the caller of the command can mend by writing it differently. */
const USAGE: ErrorCode[] = [
  'BAD_ADDRESS',
  'MACHINES_INVALID',
  'NO_MASTER',
  'NO_POWER',
  'NO_SUCH_NODE',
  'NO_SUCH_RUN',
  'NO_SUCH_TEST',
  'PATH_ESCAPES',
  'RUN_FINISHED',
  'SCRIPT_MISSING',
  'SCRIPT_NOT_RUNNABLE',
  'SCRIPT_SYNTAX',
  'SESSION_IN_USE',
  'SESSION_REFUSED',
  'SUITE_INVALID',
  'SUITE_TOO_BIG',
  'UNUSED_ROLE',
  'USAGE',
];

describe('the exit status', () => {
  test.each(USAGE)('of %s is 64: the command line or the suite', (code) => {
    expect(statusOf(code)).toBe(64);
  });

  test('of a cancelled command is 130, and of a run that found no machines 3', () => {
    expect(statusOf('CANCELLED')).toBe(130);
    expect(statusOf('NOT_ENOUGH_NODES')).toBe(3);
    expect(statusOf('NOTHING_TO_RERUN')).toBe(3);
  });

  test('of every other code is 2: the lab is broken, no test has failed', () => {
    const known = [...USAGE, 'CANCELLED', 'NOT_ENOUGH_NODES', 'NOTHING_TO_RERUN'];
    const others = ERROR_CODES.filter((code) => !known.includes(code));
    expect(others.length).toBeGreaterThan(20);
    for (const code of others) expect([code, statusOf(code)]).toEqual([code, 2]);
  });

  test('of what is no error of ours is 2', () => {
    expect(shown(new RangeError('x')).status).toBe(2);
    expect(shown('a string').status).toBe(2);
  });
});

describe('what is shown', () => {
  test('is what happened, what to do, and the code', () => {
    expect(shown(new TuttiError('NO_MASTER', 'no master was named')).text).toBe(
      'tutti: no master was named\n' +
        'Name one by --master or TUTTI_MASTER, start one with "tutti master", or use --local. (NO_MASTER)\n',
    );
  });

  test('of a defect is its stack, from where it was thrown', () => {
    expect(shown(new RangeError('out of range')).text).toMatch(
      /^tutti: a defect in Tutti: RangeError: out of range\n {4}at .*show-error\.test\.ts/,
    );
  });

  test('of a defect that was wrapped on its way is the stack of the defect, and the message once', () => {
    const { text } = shown(TuttiError.from(new RangeError('out of range')));
    expect(text).toMatch(/^tutti: out of range\nRangeError: out of range\n {4}at .*show-error\.test\.ts/);
    expect(text).toMatch(/\(INTERNAL\)\n$/);
  });

  test('of a defect of a daemon, told over the wire, is no stack of this process', () => {
    const { text } = shown(new TuttiError('INTERNAL', 'the master broke'));
    expect(text.split('\n')).toHaveLength(3);
  });

  test('of an error without a stack is at least its message', () => {
    const error = new Error('bare');
    delete (error as { stack?: string }).stack;
    expect(shown(error).text).toContain('bare');
  });
});
