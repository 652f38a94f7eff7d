import { expect, test } from 'vitest';
import { bearer } from '../src/bearer.ts';

const check = bearer('open-sesame');

test('who has the secret is let in, however the scheme is written', () => {
  expect(check('Bearer open-sesame', 'the request')).toBeUndefined();
  expect(check('bearer open-sesame', 'the request')).toBeUndefined();
});

test.for([
  [undefined, 'the request carries no token'],
  ['', 'the request carries no token'],
  ['Bearer ', 'the request carries no token'],
  ['Basic open-sesame', 'the request carries no token'],
  ['open-sesame', 'the request carries no token'],
  ['Bearer open-sesam', "the request's token is not this master's"],
  ['Bearer open-sesame ', "the request's token is not this master's"],
  ['Bearer Open-Sesame', "the request's token is not this master's"],
  [`Bearer ${'x'.repeat(10_000)}`, "the request's token is not this master's"],
] as const)('%j is not', ([authorization, message]) => {
  expect(check(authorization, 'the request')).toMatchObject({ code: 'WRONG_TOKEN', message });
});
