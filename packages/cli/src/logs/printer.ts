/**
 * Lines of logs on their way to a reader: each with its member before it, coloured on a terminal, raw elsewhere.
 *
 * The next are not taken before these were written: a pager that waits is waited for.
 */
import type { LogListener, LogText } from '@tutti/client';
import { type LogBegin, type LogName, linesOf, logLine } from '@tutti/protocol';
import type { Palette } from '../progress/palette.ts';
import { terminalText } from './terminal-text.ts';

export interface LogScreen {
  write(bytes: Uint8Array | string, written: (error?: Error | null) => void): unknown;
  isTTY?: boolean;
}

export interface PrinterOptions {
  readonly out: LogScreen;
  readonly palette: Palette;
  readonly prefix: boolean;
}

const END = Buffer.from('\n');
/** Beyond, a long name moves its own lines only. */
const WIDEST = 32;

export class LogPrinter implements LogListener {
  readonly #options: PrinterOptions;
  #severalTests = false;
  #width = 0;
  /** Members in the order in which they came: each has its colour. */
  readonly #members = new Map<string, number>();

  constructor(options: PrinterOptions) {
    this.#options = options;
  }

  begin({ severalTests }: LogBegin): void {
    this.#severalTests = severalTests;
  }

  texts(texts: readonly LogText[]): Promise<void> {
    return write(this.#options.out, Buffer.concat(texts.flatMap((text) => this.#lines(text))));
  }

  #lines({ log, bytes }: LogText): Uint8Array[] {
    const { out, palette, prefix } = this.#options;
    // As the script wrote it, to the byte.
    if (!prefix && !out.isTTY) return [bytes];
    const before = prefix ? Buffer.from(this.#prefix(log)) : undefined;
    return linesOf(bytes).flatMap((line) => {
      const shown = out.isTTY ? Buffer.from(terminalText(line, palette.coloured)) : line;
      return before === undefined ? [shown, END] : [before, shown, END];
    });
  }

  #prefix({ test, attempt, member }: LogName): string {
    const { palette, out } = this.#options;
    const again = attempt === 1 ? '' : `#${attempt}`;
    const name = this.#severalTests ? `${test}${again}/${member}` : `${member}${again}`;
    const shown = out.isTTY ? terminalText(Buffer.from(name), false) : name.replaceAll('\n', ' ');
    this.#width = Math.min(WIDEST, Math.max(this.#width, shown.length));
    const colour = this.#members.get(member) ?? this.#members.size;
    this.#members.set(member, colour);
    return `${palette.nth(colour, `${shown.padEnd(this.#width)} |`)} `;
  }
}

/** One line of JSON for each. */
export class JsonLogPrinter implements LogListener {
  readonly #out: LogScreen;
  readonly #run: number;

  constructor(out: LogScreen, run: number) {
    this.#out = out;
    this.#run = run;
  }

  texts(texts: readonly LogText[]): Promise<void> {
    const lines = texts.flatMap(({ log, at, bytes }) =>
      linesOf(bytes).map((line) => `${JSON.stringify(logLine(this.#run, log, at, line))}\n`),
    );
    return write(this.#out, lines.join(''));
  }
}

function write(out: LogScreen, bytes: Uint8Array | string): Promise<void> {
  return new Promise((resolve, reject) => {
    out.write(bytes, (error) => (error ? reject(error) : resolve()));
  });
}
