import { ERROR_CODES, TuttiError } from '@tutti/protocol';
import { expect, test } from 'vitest';
import { failureOf, refusalOf } from '../../src/http/failure.ts';
import { STATUS } from '../../src/http/status.ts';

test('every error has a status that says that something failed, and nothing else has one', () => {
  expect(Object.keys(STATUS).toSorted()).toEqual([...ERROR_CODES].toSorted());
  for (const [code, status] of Object.entries(STATUS)) {
    expect(status, code).toBeGreaterThanOrEqual(400);
    expect(status, code).toBeLessThan(600);
  }
});

test('an error is answered by its status, its code and its sentence', () => {
  expect(failureOf(new TuttiError('NO_SUCH_RUN', 'there is no run 7'))).toEqual({
    status: 404,
    body: { error: { code: 'NO_SUCH_RUN', message: 'there is no run 7' } },
  });
  const error = new TuttiError('BAD_PARAMS', 'x: run: must be a number', { details: { path: 'run' } });
  expect(failureOf(error).body.error.details).toEqual({ path: 'run' });
});

test('what the framework refuses is the mistake of who asked, and any other error is a defect', () => {
  const thrown = (fields: object) => Object.assign(new Error('no'), fields);
  expect(refusalOf(thrown({ code: 'FST_ERR_CTP_BODY_TOO_LARGE', statusCode: 413 }))?.code).toBe(
    'BODY_TOO_LARGE',
  );
  expect(refusalOf(thrown({ statusCode: 400 }))?.code).toBe('BAD_PARAMS');
  expect(refusalOf(thrown({ statusCode: 500 }))).toBeUndefined();
  expect(refusalOf(thrown({}))).toBeUndefined();
});
