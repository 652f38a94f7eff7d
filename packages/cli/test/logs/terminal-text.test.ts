import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { terminalText } from '../../src/logs/terminal-text.ts';

const shown = (bytes: string | readonly number[], colours = true) =>
  terminalText(typeof bytes === 'string' ? Buffer.from(bytes) : Uint8Array.from(bytes), colours);

describe('what a script wrote, on a terminal', () => {
  test.each([
    ['plain text', 'a\tb — ü 漢 🎼', 'a\tb — ü 漢 🎼'],
    ['a Windows line', 'done\r', 'done'],
    ['a progress bar', '10 %\r20 %', '10 %\\x0d20 %'],
    ['a bell and a backspace', 'a\u0007b\b', 'a\\x07b\\x08'],
    ['clearing the screen', '\u001b[2Jx', '\\x1b[2Jx'],
    ['a title of the window', '\u001b]0;evil\u0007', '\\x1b]0;evil\\x07'],
    ['a control character of 8 bits', 'a\u009b2J', 'a\\x9b2J'],
    ['text from right to left by force', 'a\u202eb', 'a\\u202eb'],
    ['an unfinished escape', 'a\u001b[3', 'a\\x1b[3'],
  ])('%s', (_what, written, seen) => {
    expect(shown(written)).toBe(seen);
  });

  test('keeps its colours, to itself; without colours it has none', () => {
    const written = '\u001b[1;31mred';
    expect(shown(written)).toBe('\u001b[1;31mred\u001b[0m');
    expect(shown(written, false)).toBe('red');
  });

  test.each([
    ['a byte that begins nothing', [0x61, 0xff, 0x62], 'a\\xffb'],
    ['a character that is cut off', [0xe2, 0x82], '\\xe2\\x82'],
    ['an overlong form', [0xc0, 0x80, 0x61], '\\xc0\\x80a'],
    ['half of a surrogate pair', [0xed, 0xa0, 0x80], '\\xed\\xa0\\x80'],
    ['text around it', [0xc3, 0xbc, 0xfe, 0xc3, 0xbc], 'ü\\xfeü'],
  ])('%s is shown by its bytes', (_what, written, seen) => {
    expect(shown(written)).toBe(seen);
  });

  test('never makes a terminal obey, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.boolean(), (bytes, colours) => {
        const text = terminalText(bytes, colours).replaceAll(/\u001b\[[\d;:]*m/g, '');
        expect(text).not.toMatch(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/);
      }),
    );
  });
});
