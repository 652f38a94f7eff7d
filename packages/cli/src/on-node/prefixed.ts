/** Output of several machines as lines that say which one they are from. Pure. */
const END = 0x0a;
/** A line that does not end is cut: nothing is kept for long. */
const LONGEST = 64 * 1024;

export class PrefixedLines {
  readonly #prefix: Buffer;
  #rest: Buffer = Buffer.alloc(0);

  constructor(prefix: string) {
    this.#prefix = Buffer.from(prefix);
  }

  /** The lines that are complete with these bytes. */
  add(bytes: Buffer): Buffer {
    const all = this.#rest.byteLength === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    const lines: Buffer[] = [];
    let from = 0;
    for (let at = all.indexOf(END); at !== -1; at = all.indexOf(END, from)) {
      lines.push(this.#prefix, all.subarray(from, at + 1));
      from = at + 1;
    }
    for (; all.byteLength - from >= LONGEST; from += LONGEST)
      lines.push(this.#prefix, all.subarray(from, from + LONGEST), Buffer.of(END));
    this.#rest = Buffer.from(all.subarray(from));
    return Buffer.concat(lines);
  }

  /** What is left without an end. */
  end(): Buffer {
    const rest = this.#rest;
    this.#rest = Buffer.alloc(0);
    return rest.byteLength === 0 ? rest : Buffer.concat([this.#prefix, rest, Buffer.of(END)]);
  }
}
