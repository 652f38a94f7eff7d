import { expect, test } from 'vitest';
import { newRequest } from '../src/request.ts';

const circle: Record<string, unknown> = {};
circle['self'] = circle;

test.each([
  ['NaN', Number.NaN],
  ['an infinity inside', { a: [Number.NEGATIVE_INFINITY] }],
  ['a function', { a: () => 1 }],
  ['a symbol', Symbol('s')],
  ['a BigInt', 1n],
  ['a cycle', circle],
])('%s is refused instead of silently becoming null', (_, value) => {
  expect(() => newRequest('set', { key: 'k', value })).toThrow(
    expect.objectContaining({ code: 'BAD_PARAMS' }),
  );
});

test('a request is one line, whatever the value holds', () => {
  const { line } = newRequest('set', { key: 'k', value: 'a\nb\r\u2028c' });
  expect(line.indexOf('\n')).toBe(line.length - 1);
});

test('a request is named after what it is about', () => {
  expect(newRequest('barrier', { name: 'ready', count: 2 }).title).toBe('barrier "ready"');
  expect(newRequest('keys', { prefix: undefined }).title).toBe('keys');
});
