import { expect, test } from 'vitest';
import * as z from 'zod';
import { TuttiError, validate } from '../src/index.ts';

const Place = z.object({ rooms: z.array(z.object({ doors: z.number() })) });

function refusal(value: unknown): TuttiError {
  try {
    validate(Place, value, 'BAD_PARAMS', 'build');
  } catch (error) {
    if (error instanceof TuttiError) return error;
  }
  throw new Error('was accepted');
}

test('what is right comes back without what is unknown', () => {
  expect(validate(Place, { rooms: [{ doors: 1, colour: 'red' }], age: 7 }, 'BAD_PARAMS', 'build')).toEqual({
    rooms: [{ doors: 1 }],
  });
});

test('the path of the first bad field is named', () => {
  const error = refusal({ rooms: [{ doors: 1 }, { doors: 'two' }] });
  expect(error).toMatchObject({ code: 'BAD_PARAMS', details: { path: 'rooms.1.doors' } });
  expect(error.message).toBe('build: rooms.1.doors: must be a number');
});

test.each([undefined, null, 7, 'text', []])('where %j stands for an object, the whole is named', (value) => {
  expect(refusal(value).message).toMatch(/^build: \(the whole\): /);
});
