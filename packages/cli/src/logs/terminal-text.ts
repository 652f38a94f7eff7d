/**
 * Bytes that a script has written, as a terminal can show them: what is UTF-8 as it is, tabs and colours too; everything
 * else that a terminal would obey, and bytes that are no text, as `\x1b`. Pure.
 */

/** Select Graphic Rendition: colours, bold, … (ECMA-48, 8.3.117). */
const COLOUR = /^\u001b\[[\d;:]*m/;
const RESET = '\u001b[0m';
/** C0 without tab, DEL, C1, and what changes the direction of what follows. */
const OBEYED = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;
const DECODER = new TextDecoder('utf-8', { fatal: true });

/** Of one line, without its line feed. `colours`: whether it may have any. */
export function terminalText(bytes: Uint8Array, colours: boolean): string {
  const text = decoded(withoutReturn(bytes));
  if (!OBEYED.test(text)) return text;
  let shown = '';
  let coloured = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] ?? '';
    const colour = character === '\u001b' ? COLOUR.exec(text.slice(at, at + 64))?.[0] : undefined;
    if (colour !== undefined) {
      if (colours) shown += colour;
      coloured ||= colours;
      at += colour.length - 1;
    } else shown += OBEYED.test(character) ? escaped(character) : character;
  }
  // What a script forgot to end does not colour the lines of others.
  return coloured ? shown + RESET : shown;
}

/** Bytes that are no UTF-8 become `\xff`. */
function decoded(bytes: Uint8Array): string {
  try {
    return DECODER.decode(bytes);
  } catch {
    // Only what is rarely met pays for being looked at piece by piece.
  }
  let text = '';
  for (let at = 0; at < bytes.byteLength; ) {
    const size = characterSize(bytes, at);
    text += size === 0 ? byteEscaped(bytes[at] ?? 0) : DECODER.decode(bytes.subarray(at, at + size));
    at += Math.max(1, size);
  }
  return text;
}

/** Of the character that begins here; 0 where none does. */
function characterSize(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0;
  const size =
    first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (size <= 1) return size;
  try {
    DECODER.decode(bytes.subarray(at, at + size));
    return at + size <= bytes.byteLength ? size : 0;
  } catch {
    return 0;
  }
}

function withoutReturn(bytes: Uint8Array): Uint8Array {
  return bytes.at(-1) === 13 ? bytes.subarray(0, -1) : bytes;
}

function escaped(character: string): string {
  const code = character.charCodeAt(0);
  return code < 0x100 ? byteEscaped(code) : `\\u${code.toString(16)}`;
}

function byteEscaped(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, '0')}`;
}
