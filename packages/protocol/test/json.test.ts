import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isJson, JsonValue, jsonSize, LIMITS } from '../src/index.ts';

const anything = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withTypedArray: true,
  withSparseArray: true,
});

test('whatever JSON.parse returns is JSON', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(isJson(JSON.parse(JSON.stringify(value)))).toBe(true);
    }),
  );
});

test('whatever is JSON survives JSON', () => {
  fc.assert(
    fc.property(
      anything.filter((value) => isJson(value)),
      (value) => {
        expect(JSON.parse(JSON.stringify(value))).toEqual(withoutMinusZero(value));
      },
    ),
    { numRuns: 1000 },
  );
});

/** JSON has one zero. */
function withoutMinusZero(value: unknown): unknown {
  if (value === 0) return 0;
  if (Array.isArray(value)) return value.map(withoutMinusZero);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withoutMinusZero(item)]));
}

test.each([
  ['undefined', undefined],
  ['a missing field', { a: undefined }],
  ['undefined in a list', [undefined]],
  ['a hole', Object.assign([], { length: 1 })],
  ['not a number', Number.NaN],
  ['infinity', [Number.POSITIVE_INFINITY]],
  ['bytes', new Uint8Array(2)],
  ['a date', { at: new Date(0) }],
  ['a map', new Map()],
  ['a big integer', 1n],
  ['a function', () => 1],
  ['a symbol', Symbol('a')],
])('%s is not JSON', (_what, value) => {
  expect(isJson(value)).toBe(false);
  expect(JsonValue.safeParse(value).success).toBe(false);
});

test('nesting is bounded', () => {
  const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);
  expect(isJson(nested(LIMITS.depth.value))).toBe(true);
  expect(isJson(nested(LIMITS.depth.value + 1))).toBe(false);
});

test('a size is the length of the text in bytes, not in characters', () => {
  expect(jsonSize('é')).toBe(4);
  expect(jsonSize({ a: [1, null] })).toBe('{"a":[1,null]}'.length);
});
