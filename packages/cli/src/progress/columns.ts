/**
 * Text as a terminal shows it: how many columns it takes, and what of it fits into some.
 *
 * Close to what terminals do (UAX #11, wide and full-width, and emoji as two columns); where they differ among
 * themselves it counts rather one column too many than one too few.
 */
import { stripVTControlCharacters } from 'node:util';

const GRAPHEMES = new Intl.Segmenter('en', { granularity: 'grapheme' });
const ASCII = /^[\x20-\x7e]*$/;
/** East Asian Width W and F, from the first Hangul to the last ideographic plane. */
const WIDE =
  /[\u1100-\u115f\u2329\u232a\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{16fe0}-\u{1b2ff}\u{1f000}-\u{1faff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}|\ufe0f/u;
const NOTHING = /^[\p{Cc}\p{Cf}\p{Mn}\p{Me}]*$/u;

/** Columns that the text takes; escape sequences take none. */
export function columns(text: string): number {
  const plain = stripVTControlCharacters(text);
  if (ASCII.test(plain)) return plain.length;
  let sum = 0;
  for (const { segment } of GRAPHEMES.segment(plain)) sum += columnsOf(segment);
  return sum;
}

/** As much of the text as fits; of plain text, without escape sequences. */
export function fitting(text: string, room: number): string {
  if (ASCII.test(text)) return text.slice(0, Math.max(0, room));
  let sum = 0;
  for (const { segment, index } of GRAPHEMES.segment(text)) {
    sum += columnsOf(segment);
    if (sum > room) return text.slice(0, index);
  }
  return text;
}

/** The text on one line, and without anything that a terminal would obey. */
export function oneLine(text: string): string {
  return stripVTControlCharacters(text).replace(/[\p{Cc}\u2028\u2029]+/gu, ' ');
}

function columnsOf(grapheme: string): number {
  if (NOTHING.test(grapheme)) return 0;
  return WIDE.test(grapheme) ? 2 : 1;
}
