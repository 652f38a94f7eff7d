import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LineReader } from '../src/line-reader.ts';

test('a line is the same wherever its bytes are split', () => {
  const bytes = Buffer.from('{"a":"ü漢🎼"}\n\nlast\n');
  for (let at = 0; at <= bytes.length; at++) {
    const reader = new LineReader();
    const lines = [...reader.push(bytes.subarray(0, at)), ...reader.push(bytes.subarray(at))];
    expect(lines).toEqual(['{"a":"ü漢🎼"}', '', 'last']);
  }
});

test('any lines in any chunks come out as they went in, and a torn one never', () => {
  const line = fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('\n', ' '));
  fc.assert(
    fc.property(
      fc.array(line),
      line,
      fc.infiniteStream(fc.integer({ min: 1, max: 9 })),
      (whole, torn, sizes) => {
        const bytes = Buffer.from([...whole, torn].join('\n'));
        const reader = new LineReader();
        const lines: string[] = [];
        for (let at = 0; at < bytes.length; ) {
          const size = sizes.next().value as number;
          lines.push(...reader.push(bytes.subarray(at, at + size)));
          at += size;
        }
        expect(lines).toEqual(whole);
      },
    ),
  );
});
