/**
 * Cuts a stream of bytes into lines, wherever the chunks happen to be split, also inside a character. Each byte is
 * copied once, however many chunks a line takes. What follows the last newline is kept and never shown: a torn line is
 * no line. There is no bound on a line's length: the agent that writes it is trusted.
 */
const NEWLINE = 0x0a;

export class LineReader {
  #begun: Buffer[] = [];

  /** The lines that this chunk completes, without their newlines. */
  push(chunk: Buffer): string[] {
    const lines: string[] = [];
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, from)) {
      lines.push(Buffer.concat([...this.#begun, chunk.subarray(from, at)]).toString());
      this.#begun = [];
      from = at + 1;
    }
    if (from < chunk.length) this.#begun.push(chunk.subarray(from));
    return lines;
  }
}
