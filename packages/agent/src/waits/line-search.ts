/**
 * Looks for a line that matches, in bytes that come in pieces, cut anywhere.
 *
 * Of a line that is longer than `LIMITS.logLine` its beginning is looked at. A pattern that takes too long on a few lines is
 * given up, with an error, as it would keep the agent from everything else.
 */
import { createContext, Script } from 'node:vm';
import { LIMITS, TuttiError } from '@tutti/protocol';

const PATIENCE_MS = 500;
const LF = 0x0a;
const FIND = new Script('lines.findIndex((line) => pattern.test(line))');

interface Search {
  readonly pattern: RegExp;
  lines: string[];
}

export class LineSearch {
  readonly #source: string;
  readonly #context: Search;
  #line: Buffer[] = [];
  #length = 0;

  /** Throws `BAD_PARAMS` for what is no regular expression. */
  constructor(source: string) {
    this.#source = source;
    try {
      this.#context = createContext({ pattern: new RegExp(source), lines: [] }) as Search;
    } catch (cause) {
      throw new TuttiError(
        'BAD_PARAMS',
        `"${source}" is no regular expression: ${(cause as Error).message}`,
        {
          cause,
        },
      );
    }
  }

  /** The first complete line that matches, without its end. */
  push(chunk: Uint8Array): string | undefined {
    const lines: string[] = [];
    let from = 0;
    for (let at = chunk.indexOf(LF); at >= 0; at = chunk.indexOf(LF, from)) {
      this.#keep(chunk.subarray(from, at));
      lines.push(this.#take());
      from = at + 1;
    }
    this.#keep(chunk.subarray(from));
    return this.#find(lines);
  }

  /** Nothing more comes: what has no end is a line too. */
  finish(): string | undefined {
    return this.#length === 0 ? undefined : this.#find([this.#take()]);
  }

  /** What came is no part of what comes. */
  reset(): void {
    this.#take();
  }

  #keep(piece: Uint8Array): void {
    const room = LIMITS.logLine.value - this.#length;
    if (room <= 0 || piece.byteLength === 0) return;
    const kept = Buffer.from(piece.subarray(0, room));
    this.#line.push(kept);
    this.#length += kept.byteLength;
  }

  #take(): string {
    const line = Buffer.concat(this.#line).toString('utf8').replace(/\r$/, '');
    this.#line = [];
    this.#length = 0;
    return line;
  }

  #find(lines: string[]): string | undefined {
    if (lines.length === 0) return undefined;
    this.#context.lines = lines;
    try {
      const at = FIND.runInContext(this.#context, { timeout: PATIENCE_MS }) as number;
      return at === -1 ? undefined : lines[at];
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw cause;
      throw new TuttiError(
        'BAD_PARAMS',
        `the pattern ${this.#source} takes too long; avoid repetitions within repetitions`,
        { cause },
      );
    } finally {
      this.#context.lines = [];
    }
  }
}
