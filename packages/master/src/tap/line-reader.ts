/**
 * Bytes into lines, wherever the pieces begin and end: `\n`, `\r\n` and `\r` end a line.
 *
 * Guarantees: of a line at most `LINE` bytes are kept, so that a line that never ends costs nothing; what is not UTF-8 becomes
 * U+FFFD; the same bytes give the same lines, however they are cut into pieces.
 */

/** Bytes of a line that count; no line of TAP that a person reads is longer. */
export const LINE = 8192;

const CR = 0x0d;
const LF = 0x0a;

export class LineReader {
  readonly #onLine: (text: string) => void;
  readonly #kept = Buffer.alloc(LINE);
  #length = 0;
  /** The line has begun, though nothing of it may be kept. */
  #begun = false;
  #afterCr = false;

  constructor(onLine: (text: string) => void) {
    this.#onLine = onLine;
  }

  push(bytes: Uint8Array): void {
    let from = 0;
    // Each kind is looked for once, not anew at every line: a long text may have none of the other.
    let lf = bytes.indexOf(LF);
    let cr = bytes.indexOf(CR);
    if (this.#afterCr && bytes.length > 0) {
      this.#afterCr = false;
      if (lf === 0) {
        from = 1;
        lf = bytes.indexOf(LF, 1);
      }
    }
    while (lf >= 0 || cr >= 0) {
      const end = lf < 0 || (cr >= 0 && cr < lf) ? cr : lf;
      this.#keep(bytes, from, end);
      this.#emit();
      from = end + 1;
      if (end === cr) {
        if (from === bytes.length) this.#afterCr = true;
        else if (bytes[from] === LF) from += 1;
        cr = bytes.indexOf(CR, from);
      }
      if (lf >= 0 && lf < from) lf = bytes.indexOf(LF, from);
    }
    this.#keep(bytes, from, bytes.length);
  }

  /** What there is of a last line is one. */
  finish(): void {
    this.#afterCr = false;
    if (this.#begun) this.#emit();
  }

  #keep(bytes: Uint8Array, from: number, to: number): void {
    if (from >= to) return;
    this.#begun = true;
    const piece = bytes.subarray(from, Math.min(to, from + LINE - this.#length));
    this.#kept.set(piece, this.#length);
    this.#length += piece.length;
  }

  #emit(): void {
    const text = this.#kept.toString('utf8', 0, this.#length);
    this.#length = 0;
    this.#begun = false;
    this.#onLine(text);
  }
}
