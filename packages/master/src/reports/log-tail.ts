/**
 * The end of a log as text that a page can show. A log is bytes: what is no UTF-8 becomes U+FFFD. Colours and cursor
 * movements are left out, other control characters are shown by their pictures (␀ … ␡), and a progress bar that
 * rewrites its line is one line for each state.
 */

export interface Tail {
  readonly tail: string;
  /** There is more before it. */
  readonly cut: boolean;
}

/** `start`: bytes of the log before these, of which the first line may be only a part. At most `lines` lines. */
export function tailOf(bytes: Uint8Array, start: number, lines: number): Tail {
  const decoded = new TextDecoder().decode(start > 0 ? fromCharacter(bytes) : bytes);
  const shown = readable(decoded).split('\n');
  const end = shown.at(-1) === '' ? shown.slice(0, -1) : shown;
  const whole = start > 0 && end.length > 1 ? end.slice(1) : end;
  return { tail: whole.slice(-lines).join('\n'), cut: start > 0 || whole.length > lines };
}

/** Without the rest of a character that was cut. */
function fromCharacter(bytes: Uint8Array): Uint8Array {
  const LONGEST = 4;
  let at = 0;
  while (at < LONGEST && ((bytes[at] ?? 0) & 0xc0) === 0x80) at += 1;
  return bytes.subarray(at);
}

/** ECMA-48: control sequences (`ESC [ … letter`), and strings such as window titles (`ESC ] … BEL`). */
const SEQUENCES = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\))/g;

const PICTURES = 0x2400;
const PICTURE_OF_DEL = '\u2421';

function readable(text: string): string {
  return text
    .replace(SEQUENCES, '')
    .replace(/\r+\n|\r/g, '\n')
    .replace(/[\u0000-\u0008\u000b-\u001f]/g, (control) =>
      String.fromCharCode(PICTURES + control.charCodeAt(0)),
    )
    .replaceAll('\u007f', PICTURE_OF_DEL);
}
