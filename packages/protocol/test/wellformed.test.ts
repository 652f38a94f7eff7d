import fc from 'fast-check';
import { Packr, Unpackr } from 'msgpackr';
import { expect, test } from 'vitest';
import { malformation } from '../src/wellformed.ts';
import { anyValue } from './arbitrary-value.ts';

const packr = new Packr({ useRecords: false, variableMapSize: true });
const unpackr = new Unpackr({ useRecords: false, mapsAsObjects: true, int64AsType: 'number' });

function isReadable(bytes: Uint8Array): boolean {
  try {
    unpackr.unpack(bytes);
    return true;
  } catch {
    return false;
  }
}

test('whatever msgpackr writes is well formed', () => {
  fc.assert(
    fc.property(anyValue, (value) => {
      expect(malformation(packr.pack(value))).toBeUndefined();
    }),
    { numRuns: 1000 },
  );
});

test('whatever is well formed, msgpackr can read, unless a key of a map is no key', () => {
  const noContainers = fc.uint8Array({ max: 0x7f, maxLength: 6 });
  const heads = fc.constantFrom(
    0x80,
    0x81,
    0x90,
    0x91,
    0x92,
    0xa0,
    0xa1,
    0xc0,
    0xc2,
    0xc3,
    0xc4,
    0xca,
    0xcb,
    0xcc,
    0xcd,
    0xce,
    0xcf,
    0xd0,
    0xd1,
    0xd2,
    0xd3,
    0xd9,
    0xdc,
    0xe0,
  ); // prettier-ignore
  const likely = fc
    .array(
      fc.oneof(
        heads.map((head) => Uint8Array.of(head)),
        noContainers,
      ),
    )
    .map((parts) => Buffer.concat(parts));
  let wellFormed = 0;
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array(), likely), (bytes) => {
      if (malformation(bytes) !== undefined) return;
      wellFormed += 1;
      if (!isReadable(bytes))
        expect([...bytes].some((byte) => (byte & 0xf0) === 0x80 || byte >= 0xde)).toBe(true);
    }),
    { numRuns: 5000 },
  );
  expect(wellFormed).toBeGreaterThan(100);
});

test('whatever msgpackr cannot read is malformed', () => {
  fc.assert(
    fc.property(anyValue, fc.nat(), (value, cut) => {
      const bytes = packr.pack(value);
      const part = bytes.subarray(0, cut % bytes.byteLength);
      expect(isReadable(part) ? 'truncated' : malformation(part)).toBe('truncated');
    }),
    { numRuns: 1000 },
  );
});

test.each([
  ['truncated', ''],
  ['truncated', '92 01'],
  ['truncated', 'dd 00'],
  ['truncated', 'a5 61'],
  ['truncated', '82 a161 01 a162'],
  ['bytes after the end', 'c0 c0'],
  ['bytes after the end', '90 00'],
  ['type byte 0xc1 is not used by this protocol', 'c1'],
  ['type byte 0xd8 is not used by this protocol', 'd8'],
  ['nested deeper than 64', '91'.repeat(64) + 'c0'],
  [undefined, '91'.repeat(63) + 'c0'],
  [undefined, '91'.repeat(63) + '90'],
  [undefined, 'dd 00000001 df 00000001 a0 c4 00'],
])('%s: %s', (problem, bytes) => {
  expect(malformation(Uint8Array.fromHex(bytes.replaceAll(' ', '')))).toBe(problem);
});

test('a long flat value is looked at once, not once a level', () => {
  const wide = packr.pack(Array.from({ length: 200_000 }, () => ({ a: 1 })));
  expect(malformation(wide)).toBeUndefined();
});
