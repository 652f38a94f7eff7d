/**
 * Bytes into lines, wherever the pieces begin and end: `\n`, `\r\n` and `\r` end a line.
 *
 * Guarantees: of a line at most `limit` bytes are kept, so that a line that never ends costs nothing; what is not UTF-8 becomes
 * U+FFFD; the same bytes give the same lines, however they are cut into pieces.
 */

/** What most lines need; more is taken when one does. */
const ROOM = 256;

const CR = 0x0d;
const LF = 0x0a;

export class LineReader {
  readonly #limit: number;
  readonly #onLine: (text: string) => void;
  #kept = Buffer.alloc(0);
  #length = 0;
  /** The line has begun, though nothing of it may be kept. */
  #begun = false;
  #afterCr = false;

  constructor(limit: number, onLine: (text: string) => void) {
    this.#limit = limit;
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
    const piece = bytes.subarray(from, Math.min(to, from + this.#limit - this.#length));
    this.#require(this.#length + piece.length);
    this.#kept.set(piece, this.#length);
    this.#length += piece.length;
  }

  #require(bytes: number): void {
    if (bytes <= this.#kept.length) return;
    const larger = Buffer.alloc(Math.min(this.#limit, Math.max(ROOM, bytes, this.#kept.length * 2)));
    larger.set(this.#kept.subarray(0, this.#length));
    this.#kept = larger;
  }

  #emit(): void {
    const text = this.#kept.toString('utf8', 0, this.#length);
    this.#length = 0;
    this.#begun = false;
    this.#onLine(text);
  }
}
