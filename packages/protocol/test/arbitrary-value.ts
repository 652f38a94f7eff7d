/** Values that a frame can carry, and frames. */
import fc from 'fast-check';
import type { Envelope } from '../src/index.ts';

/** -0 is 0 on the wire. */
const anyNumber = fc
  .oneof(fc.double({ noNaN: true }), fc.maxSafeInteger(), fc.integer({ min: -200, max: 300 }))
  .map((number) => (number === 0 ? 0 : number));

const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '__proto__',
    'constructor',
    'toString',
    'x'.repeat(31),
    'x'.repeat(32),
    'é'.repeat(40),
    'x'.repeat(300),
  ),
);

/** The key that must not exist in JavaScript has its own tests. */
const anyKey = anyText.filter((key) => key !== '__proto__');

export const { value: anyValue } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.constantFrom(null, true, false),
    anyNumber,
    anyText,
    fc.uint8Array(),
    fc.array(tie('value'), { maxLength: 20 }),
    fc.dictionary(anyKey, tie('value'), { maxKeys: 20, noNullPrototype: true }),
  ),
}));

const anyCount = fc.maxSafeNat();

export const anyEnvelope: fc.Arbitrary<Envelope> = fc.oneof(
  fc.record({ kind: fc.constant('call' as const), id: anyCount, name: anyText, params: anyValue }),
  fc.record({ kind: fc.constant('result' as const), id: anyCount, result: anyValue }),
  fc.record({
    kind: fc.constant('failure' as const),
    id: anyCount,
    failure: fc.record(
      {
        code: anyText,
        message: anyText,
        details: fc.dictionary(anyKey, anyValue, { noNullPrototype: true }),
      },
      { requiredKeys: ['code', 'message'], noNullPrototype: true },
    ),
  }),
  fc.record({ kind: fc.constant('event' as const), name: anyText, params: anyValue }),
  fc.record({ kind: fc.constant('cancel' as const), id: anyCount }),
  fc.record({
    kind: fc.constant('data' as const),
    stream: anyCount,
    offset: anyCount,
    bytes: fc.uint8Array(),
  }),
);
