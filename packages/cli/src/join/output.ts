/**
 * What a member writes, on its way to the screen as it comes: bytes unchanged, or line by line with the member before each
 * where there are several.
 *
 * inotify wakes; a sweep of 5 s is only the net for where there are no watches left. A screen that does not take more
 * is waited for, and holds nobody else up: what is not shown yet is in a file.
 */
import { watch } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { LogPrinter, type LogScreen } from '../logs/printer.ts';
import type { Palette } from '../progress/palette.ts';

/** Takes what comes next; `bytes` are its to keep. */
export type Show = (bytes: Buffer) => Promise<void>;

const SWEEP_MS = 5000;
const PIECE = 65_536;
const LINE_FEED = 10;

export class Tail {
  readonly #path: string;
  readonly #show: Show;
  readonly #stops: (() => void)[] = [];
  #file: FileHandle | undefined;
  #offset = 0;
  #reading: Promise<void> = Promise.resolve();
  #again = false;
  #over = false;

  constructor(path: string, show: Show) {
    this.#path = path;
    this.#show = show;
  }

  /** From now on what the file holds is shown, as it grows. */
  async open(): Promise<void> {
    this.#file = await open(this.#path, 'r');
    try {
      const watcher = watch(this.#path, () => this.#wake());
      watcher.on('error', () => watcher.close());
      this.#stops.push(() => watcher.close());
    } catch {
      // No watches left: the sweep is slower, and all there is.
    }
    const sweep = setInterval(() => this.#wake(), SWEEP_MS);
    this.#stops.push(() => clearInterval(sweep));
    this.#wake();
  }

  /** Nothing more is written: resolves when all is shown. */
  async end(): Promise<void> {
    for (const stop of this.#stops.splice(0)) stop();
    this.#wake();
    await this.#reading;
    await this.#file?.close();
    this.#file = undefined;
  }

  #wake(): void {
    if (this.#again || this.#over) return;
    this.#again = true;
    this.#reading = this.#reading.then(() => this.#read());
  }

  async #read(): Promise<void> {
    this.#again = false;
    for (;;) {
      const piece = Buffer.alloc(PIECE);
      const { bytesRead } = (await this.#file?.read(piece, 0, PIECE, this.#offset)) ?? { bytesRead: 0 };
      if (bytesRead === 0) return;
      this.#offset += bytesRead;
      try {
        await this.#show(piece.subarray(0, bytesRead));
      } catch {
        // Whoever read it has gone; the command goes on.
        this.#over = true;
        return;
      }
    }
  }
}

/** Resolves when the screen has taken it. */
export function plainly(out: LogScreen): Show {
  return (bytes) =>
    new Promise((resolve, reject) => out.write(bytes, (error) => (error ? reject(error) : resolve())));
}

/** Whole lines, of several members at once. What is left without a line feed comes with `flush`. */
export class PrefixedOutput {
  readonly #printer: LogPrinter;
  readonly #partial = new Map<string, Buffer>();

  constructor(out: LogScreen, palette: Palette) {
    this.#printer = new LogPrinter({ out, palette, prefix: true });
  }

  of(member: string): Show {
    return async (bytes) => {
      const all = Buffer.concat([this.#partial.get(member) ?? Buffer.alloc(0), bytes]);
      const end = all.lastIndexOf(LINE_FEED) + 1;
      const rest = all.subarray(end);
      // A line without an end must not grow in memory.
      if (rest.length > PIECE) {
        this.#partial.delete(member);
        return this.#print(member, all);
      }
      this.#partial.set(member, rest);
      if (end > 0) await this.#print(member, all.subarray(0, end));
    };
  }

  async flush(): Promise<void> {
    const left = [...this.#partial].filter(([, bytes]) => bytes.length > 0);
    this.#partial.clear();
    for (const [member, bytes] of left) await this.#print(member, bytes);
  }

  #print(member: string, bytes: Buffer): Promise<void> {
    const log = { n: 0, key: member, test: '', attempt: 1, member, node: '', source: 'stdout' } as const;
    return this.#printer.texts([{ log: { ...log, incarnation: 0 }, at: 0, bytes }]);
  }
}
