/** Cuts a stream of bytes into lines, wherever the pieces begin and end. Never keeps more than `limit` bytes. */
export class LineSplitter {
  readonly #limit: number;
  #pieces: Uint8Array[] = [];
  #length = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The lines that are complete now, without their ends; throws `RangeError` when one is longer than the limit. */
  push(chunk: Uint8Array): Buffer[] {
    const lines: Buffer[] = [];
    let from = 0;
    for (let at = chunk.indexOf(0x0a); at >= 0; at = chunk.indexOf(0x0a, from)) {
      this.#keep(chunk.subarray(from, at));
      lines.push(Buffer.concat(this.#pieces));
      this.#pieces = [];
      this.#length = 0;
      from = at + 1;
    }
    this.#keep(chunk.subarray(from));
    return lines;
  }

  #keep(piece: Uint8Array): void {
    if (piece.length === 0) return;
    this.#length += piece.length;
    if (this.#length > this.#limit) {
      this.#pieces = [];
      throw new RangeError(`a line is longer than ${this.#limit} bytes`);
    }
    this.#pieces.push(piece);
  }
}
