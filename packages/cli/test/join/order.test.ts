/** What the words of `tutti join` mean. */
import { LIMITS } from '@tutti/protocol';
import { describe, expect, test } from 'vitest';
import type { JoinFlags } from '../../src/commands/join.ts';
import { joinOrder, parseAs, parseExpect } from '../../src/join/order.ts';

const order = (flags: Partial<JoinFlags> = {}, session = 'nightly/42') =>
  joinOrder(session, { as: 'client', timeout: '10m', ...flags });

test('what is not said is not there', () => {
  expect(order()).toEqual({ session: 'nightly/42', role: 'client', count: 1, terms: {}, patience: 600 });
});

test('all of it, in seconds', () => {
  const flags = { as: 'client:2', expect: 'server,client=2', testTimeout: '1h', grace: '0', timeout: '90s' };
  expect(order(flags)).toEqual({
    session: 'nightly/42',
    role: 'client',
    count: 2,
    terms: { expect: { server: 1, client: 2 }, timeout: 3600, grace: 0 },
    patience: 90,
  });
});

describe('refused, with what is wrong:', () => {
  test.each([
    ['a b', {}, 'session a b: use letters, digits and . _ : @ / + -, first a letter or a digit'],
    ['../x', {}, 'session ../x: use letters'],
    ['s', { as: 'client:2', expect: 'client=1' }, '--as client:2: it has no place in --expect client=1'],
    ['s', { as: 'judge', expect: 'client=1' }, '--as judge: it has no place'],
    ['s', { testTimeout: '0' }, '--test-timeout 0: it must be longer than 0'],
    ['s', { timeout: 'x' }, '--timeout: "x" is not a duration'],
    ['s', { grace: '-1' }, '--grace: "-1" is not a duration'],
  ] as const)('%s %o', (session, flags, message) => {
    expect(() => order(flags, session)).toThrow(message);
  });

  test.each([
    '',
    'Client',
    'client:',
    'client:0',
    'client:x',
    'client:1:2',
    'client=2',
    `client:${LIMITS.joinerMembers.value + 1}`,
  ])('--as "%s"', (text) => expect(() => parseAs(text)).toThrow(`--as ${text}: `));

  test.each([
    '',
    'server=',
    'server=0',
    'server=1=2',
    'Server=1',
    'a,,b',
    'a=1,a=2',
    `a=${LIMITS.sessionMembers.value},b=1`,
    '__proto__=1',
  ])('--expect "%s"', (text) => expect(() => parseExpect(text)).toThrow(`--expect ${text}: `));
});
