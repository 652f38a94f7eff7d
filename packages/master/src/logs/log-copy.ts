/**
 * The master's copy of one append-only file, and beside it a small index of when which length was reached.
 *
 * Guarantees: `length` counts bytes that are in the file; appends happen one after the other; a copy that
 * was open before continues at its length. The index `NAME.idx` holds records of 16 bytes, little-endian:
 * length (uint64) and master time in Unix ms (float64); it is a hint for merging timelines, never needed to
 * read the log.
 */
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { diskError, type StreamSink } from '@tutti/link';
import { TuttiError } from '@tutti/protocol';

const RECORD = 16;

export class LogCopy implements StreamSink {
  readonly path: string;
  readonly #now: () => number;
  #file: FileHandle | undefined;
  #index: FileHandle | undefined;
  #unsynced = false;
  #length = 0;
  #indexLength = 0;

  constructor(path: string, now: () => number) {
    this.path = path;
    this.#now = now;
  }

  get length(): number {
    return this.#length;
  }

  /** Opens or creates the file; opening twice does nothing. */
  async open(): Promise<void> {
    if (this.#file) return;
    await mkdir(dirname(this.path), { recursive: true });
    this.#file = await open(this.path, 'a');
    this.#index = await open(`${this.path}.idx`, 'a');
    this.#length = (await this.#file.stat()).size;
    const { size } = await this.#index.stat();
    this.#indexLength = size - (size % RECORD);
    if (size !== this.#indexLength) await this.#index.truncate(this.#indexLength);
  }

  async write(bytes: Uint8Array): Promise<void> {
    const file = this.#opened(this.#file);
    try {
      this.#unsynced = true;
      await file.appendFile(bytes);
      this.#length += bytes.byteLength;
      const record = Buffer.alloc(RECORD);
      record.writeBigUInt64LE(BigInt(this.#length), 0);
      record.writeDoubleLE(this.#now(), 8);
      await this.#opened(this.#index).appendFile(record);
    } catch (cause) {
      // Part of the chunk may have been written: the sender has to continue behind it.
      this.#length = (await file.stat()).size;
      throw diskError(this.path, cause);
    }
  }

  async finish(): Promise<void> {
    // Most members write nothing to most logs; a sync costs the same for nothing.
    if (this.#unsynced) await this.#file?.sync();
    this.#unsynced = false;
  }

  /** The stream broke; the copy stays open for the next one. */
  abort(): void {}

  async close(): Promise<void> {
    const [file, index] = [this.#file, this.#index];
    this.#file = undefined;
    this.#index = undefined;
    await file?.close();
    await index?.close();
  }

  #opened(file: FileHandle | undefined): FileHandle {
    if (file) return file;
    throw new TuttiError('CANCELLED', `${this.path} is closed`);
  }
}
