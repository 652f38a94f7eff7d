import fc from 'fast-check';
import { expect, test } from 'vitest';
import { tailOf } from '../../src/reports/log-tail.ts';

function tail(text: string, start = 0, lines = 100) {
  return tailOf(Buffer.from(text), start, lines);
}

test('a whole log is its text without the last line end', () => {
  expect(tail('one\ntwo\n')).toEqual({ tail: 'one\ntwo', cut: false });
  expect(tail('')).toEqual({ tail: '', cut: false });
});

test('a line of which only the end is there is left out, unless it is all there is', () => {
  expect(tail('ne\ntwo\n', 7)).toEqual({ tail: 'two', cut: true });
  expect(tail('end of a long line', 7)).toEqual({ tail: 'end of a long line', cut: true });
});

test('of many lines the last are there', () => {
  expect(tail('1\n2\n3\n', 0, 2)).toEqual({ tail: '2\n3', cut: true });
});

test('what is no UTF-8 becomes U+FFFD, and half a character at the cut is left out', () => {
  expect(tailOf(Uint8Array.of(0x61, 0xff, 0x62), 0, 9).tail).toBe('a\ufffdb');
  expect(tailOf(Buffer.from('ä1').subarray(1), 5, 9).tail).toBe('1');
});

test('colours and titles are left out, other controls are shown, and a rewritten line is several', () => {
  expect(tail('\u001b[1;31mred\u001b[0m \u001b]0;title\u0007x\u0000\u007f').tail).toBe('red x\u2400\u2421');
  expect(tail('10%\r50%\r\nend').tail).toBe('10%\n50%\nend');
});

test('no bytes make a control character', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.nat(3), (bytes, start) => {
      expect(tailOf(bytes, start, 10).tail).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f]/);
    }),
  );
});
