import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { columns, fitting, oneLine } from '../../src/progress/columns.ts';

describe('columns', () => {
  test.each([
    ['', 0],
    ['ascii', 5],
    ['café', 4],
    ['cafe\u0301', 4],
    ['日本語', 6],
    ['한글', 4],
    ['ｆｕｌｌ', 8],
    ['⠋ ● ✓ ✗ · …', 11],
    ['🙂', 2],
    ['👩‍👩‍👧', 2],
    ['🇩🇪', 2],
    ['❤️', 2],
    ['\u001b[31mred\u001b[0m', 3],
    ['\u200b', 0],
  ])('%j takes %i', (text, width) => {
    expect(columns(text)).toBe(width);
  });
});

describe('fitting', () => {
  test.each([
    ['ascii', 3, 'asc'],
    ['ascii', 5, 'ascii'],
    ['ascii', 0, ''],
    ['ascii', -1, ''],
    ['日本語', 5, '日本'],
    ['cafe\u0301s', 4, 'cafe\u0301'],
    ['a👩‍👩‍👧b', 2, 'a'],
    ['a👩‍👩‍👧b', 3, 'a👩‍👩‍👧'],
  ])('of %j in %i columns is %j', (text, room, result) => {
    expect(fitting(text, room)).toBe(result);
  });

  test('is never wider than the room, a beginning of the text, and all of it where there is room', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(40), (text, room) => {
        const cut = fitting(text, room);
        expect(columns(cut)).toBeLessThanOrEqual(room);
        expect(text.startsWith(cut)).toBe(true);
        if (columns(text) <= room) expect(cut).toBe(text);
      }),
    );
  });
});

test('one line holds neither line ends nor anything that a terminal obeys', () => {
  expect(oneLine('a\r\nb\tc\u2028d \u001b[2Je\u0007')).toBe('a b c d e ');
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(oneLine(text)).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
    }),
  );
});
