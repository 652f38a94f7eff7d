/**
 * Finds secrets in bytes and overwrites them with asterisks, as many as there were bytes. Pure.
 *
 * A secret is masked as it is; of one with several lines each longer line by itself as well, since that is how it is printed.
 * What is changed on its way (base64, another encoding, characters with others between them) is not found: docs/security.md.
 */

/** Characters; a shorter line of a longer secret says nothing, and is found everywhere. */
const LINE = 8;
const ASTERISK = 0x2a;
const LF = 0x0a;
const CR = 0x0d;

export class Masks {
  readonly #patterns: readonly Buffer[];
  /** Bytes of the longest. */
  readonly longest: number;

  constructor(secrets: readonly string[]) {
    const texts = secrets.flatMap((secret) => {
      const lines = secret.split(/\r?\n/).filter((line) => line.length >= LINE);
      return [secret, ...(secret.includes('\n') ? lines : [])];
    });
    this.#patterns = [...new Set(texts)].filter((text) => text !== '').map((text) => Buffer.from(text));
    this.longest = Math.max(0, ...this.#patterns.map(({ length }) => length));
  }

  /** There is nothing to mask. */
  get empty(): boolean {
    return this.#patterns.length === 0;
  }

  /** Overwrites every whole secret, also where they overlap; lines stay lines. */
  apply(bytes: Buffer): void {
    if (this.empty) return;
    const found: [number, number][] = [];
    for (const pattern of this.#patterns) {
      for (let at = bytes.indexOf(pattern); at >= 0; at = bytes.indexOf(pattern, at + 1))
        found.push([at, at + pattern.length]);
    }
    let done = 0;
    for (const [from, to] of found.toSorted(([a], [b]) => a - b)) {
      if (to <= done) continue;
      cover(bytes.subarray(Math.max(from, done), to));
      done = to;
    }
  }

  /** How many bytes at the end may be the beginning of a secret whose rest has not been written. */
  begun(bytes: Buffer): number {
    return Math.max(0, ...this.#patterns.map((pattern) => begunOf(pattern, bytes)));
  }

  /** The same in a text, which may become shorter or longer. */
  text(text: string): string {
    if (this.empty) return text;
    const bytes = Buffer.from(text);
    this.apply(bytes);
    return bytes.toString();
  }
}

function cover(bytes: Buffer): void {
  for (let at = 0; at < bytes.length; at += 1) if (bytes[at] !== LF && bytes[at] !== CR) bytes[at] = ASTERISK;
}

function begunOf(pattern: Buffer, bytes: Buffer): number {
  for (let length = Math.min(pattern.length - 1, bytes.length); length > 0; length -= 1)
    if (bytes.compare(pattern, 0, length, bytes.length - length) === 0) return length;
  return 0;
}
