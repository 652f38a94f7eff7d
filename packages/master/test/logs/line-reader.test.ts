import { expect, test } from 'vitest';
import { LineReader } from '../../src/logs/line-reader.ts';

test('lines end with LF, CR LF or CR, and are cut at their bound', () => {
  const got: string[] = [];
  const reader = new LineReader(1000, (text) => got.push(text));
  reader.push(Buffer.from('a\r\nb\rc\n\nd\r'));
  reader.push(Buffer.from('\ne'));
  reader.push(Buffer.alloc(1000, 'e'));
  reader.push(Buffer.from('f\n'));
  reader.finish();
  expect(got).toEqual(['a', 'b', 'c', '', 'd', 'e'.repeat(1000)]);
});
