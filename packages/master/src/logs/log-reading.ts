/**
 * Reads the copy of one log from its beginning, as it grows: every byte once, in order, each with the time at which it came.
 *
 * What comes is passed on as it is; what was there before, or what a broken write left, is read from the file. An error
 * while reading delays nobody: it is told by the next `catchUp`.
 */
import { stat } from 'node:fs/promises';
import { LogFile } from './log-file.ts';
import { OpenFiles } from './open-files.ts';

const PIECE = 64 * 1024;

/** `at`: Unix ms. */
export type OnBytes = (bytes: Uint8Array, at: number) => void;

export class LogReading {
  readonly #path: string;
  readonly #onBytes: OnBytes;
  #position = 0;
  #work: Promise<void> = Promise.resolve();

  constructor(path: string, onBytes: OnBytes) {
    this.#path = path;
    this.#onBytes = onBytes;
  }

  /** How far it has read. */
  get position(): number {
    return this.#position;
  }

  /** These bytes were appended just now, and made the log so long. */
  async took(bytes: Uint8Array, length: number, at: number): Promise<void> {
    const before = this.#work;
    this.#work = (async () => {
      await before;
      if (length <= this.#position) return;
      if (this.#position + bytes.byteLength === length) {
        this.#position = length;
        this.#onBytes(bytes, at);
      } else await this.#read().catch(() => undefined);
    })();
    await this.#work;
  }

  /** Reads all that the file has; rejects when it cannot be read. */
  async catchUp(): Promise<void> {
    const reading = this.#work.then(() => this.#read());
    this.#work = reading.catch(() => undefined);
    await reading;
  }

  async #read(): Promise<void> {
    const { size } = await stat(this.#path);
    if (size <= this.#position) return;
    const files = new OpenFiles();
    try {
      const log = new LogFile(this.#path, files);
      while (this.#position < size) {
        const records = await log.records(this.#position);
        if (records.length === 0) return;
        for (const record of records) await this.#upTo(Math.min(record.length, size), record.at, log);
      }
    } finally {
      await files.close();
    }
  }

  async #upTo(length: number, at: number, log: LogFile): Promise<void> {
    while (this.#position < length) {
      const bytes = Buffer.allocUnsafe(Math.min(PIECE, length - this.#position));
      const got = await log.read(this.#position, bytes);
      if (got === 0) throw new Error(`${this.#path} is shorter than it was`);
      this.#position += got;
      this.#onBytes(bytes.subarray(0, got), at);
    }
  }
}
