/**
 * What a command has written and nobody has taken yet. Pure.
 *
 * Guarantees: bytes are given in the order in which they came, each told which output it is of; what has not been acknowledged can be
 * read again; asked for from a position that was acknowledged already, it gives what comes next. It does not bound itself:
 * `full` says when no more should be put in.
 */
export type Output = 'stdout' | 'stderr';

export interface OutputPiece {
  readonly of: Output;
  readonly bytes: Buffer;
}

export class OutputBuffer {
  readonly #limit: number;
  #pieces: OutputPiece[] = [];
  /** The position of the first byte that is held, and of the next that comes. */
  #from = 0;
  #to = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The position of what comes next. */
  get end(): number {
    return this.#to;
  }

  get held(): number {
    return this.#to - this.#from;
  }

  get full(): boolean {
    return this.held >= this.#limit;
  }

  push(of: Output, bytes: Buffer): void {
    if (bytes.byteLength === 0) return;
    this.#pieces.push({ of, bytes });
    this.#to += bytes.byteLength;
  }

  /** What is before `position` is not asked for again. A position beyond the end means the end. */
  acknowledge(position: number): void {
    while (this.#from < Math.min(position, this.#to)) {
      const [first] = this.#pieces;
      if (first === undefined) break;
      const done = Math.min(position, this.#to) - this.#from;
      if (done >= first.bytes.byteLength) this.#pieces.shift();
      else this.#pieces[0] = { of: first.of, bytes: first.bytes.subarray(done) };
      this.#from += Math.min(done, first.bytes.byteLength);
    }
  }

  /** At most so many bytes from the first that is held. Neighbours of the same output are one piece. */
  read(most: number): OutputPiece[] {
    const read: OutputPiece[] = [];
    let left = most;
    for (const { of, bytes } of this.#pieces) {
      if (left === 0) break;
      const part = bytes.subarray(0, left);
      left -= part.byteLength;
      const last = read.at(-1);
      if (last?.of === of) read[read.length - 1] = { of, bytes: Buffer.concat([last.bytes, part]) };
      else read.push({ of, bytes: part });
    }
    return read;
  }
}
