import { expect, test } from 'vitest';
import { ERROR_CODES, ERRORS, isErrorCode, TuttiError } from '../src/index.ts';

test.each(ERROR_CODES)('%s says what it means and what to do in whole sentences', (code) => {
  expect(code).toMatch(/^[A-Z]+(_[A-Z]+)*$/);
  expect(ERRORS[code].means).toMatch(/^[A-Z].*\.$/);
  expect(ERRORS[code].action).toMatch(/^[A-Za-z].*[.)]$/);
});

test('only what is in the table is a code', () => {
  expect(isErrorCode('BAD_FRAME')).toBe(true);
  for (const other of ['bad_frame', 'toString', '__proto__', '', 7, undefined])
    expect(isErrorCode(other)).toBe(false);
});

test('an error carries what its table says, its cause and its details', () => {
  const cause = new Error('below');
  const error = new TuttiError('TIMED_OUT', 'n1 did not answer', { cause, details: { node: 'n1' } });
  expect(error).toMatchObject({
    name: 'TuttiError',
    code: 'TIMED_OUT',
    message: 'n1 did not answer',
    retry: true,
    cause,
  });
  expect(error).toMatchObject({ action: ERRORS.TIMED_OUT.action, details: { node: 'n1' } });
});

test('anything thrown becomes an error with a code, and an error that has one keeps it', () => {
  const known = new TuttiError('DISK_FULL', 'no room');
  expect(TuttiError.from(known)).toBe(known);
  const cause = new TypeError('x is not a function');
  expect(TuttiError.from(cause)).toMatchObject({ code: 'INTERNAL', message: 'x is not a function', cause });
  expect(TuttiError.from('text', 'BAD_FRAME')).toMatchObject({ code: 'BAD_FRAME', message: 'text' });
  expect(TuttiError.from(undefined)).toMatchObject({ code: 'INTERNAL', message: 'undefined' });
});
