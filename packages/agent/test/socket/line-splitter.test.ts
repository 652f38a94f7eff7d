import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LineSplitter } from '../../src/socket/line-splitter.ts';

test('however the bytes are cut, the lines are the same', () => {
  const piece = fc
    .uint8Array({ maxLength: 20 })
    .map((bytes) => Buffer.from(bytes.map((byte) => (byte % 5 === 0 ? 0x0a : byte))));
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const splitter = new LineSplitter(1000);
      const lines = pieces.flatMap((bytes) => splitter.push(bytes)).map((line) => line.toString('latin1'));
      const whole = Buffer.concat(pieces).toString('latin1').split('\n');
      expect(lines).toEqual(whole.slice(0, -1));
    }),
  );
});

test('a line may be as long as the limit, and not longer', () => {
  const splitter = new LineSplitter(4);
  expect(splitter.push(Buffer.from('abcd\nab')).map(String)).toEqual(['abcd']);
  expect(splitter.push(Buffer.from('cd\n')).map(String)).toEqual(['abcd']);
  expect(() => splitter.push(Buffer.from('abcde\n'))).toThrow(RangeError);
  const slow = new LineSplitter(4);
  for (const byte of ['a', 'b', 'c', 'd']) slow.push(Buffer.from(byte));
  expect(() => slow.push(Buffer.from('e'))).toThrow(RangeError);
});
