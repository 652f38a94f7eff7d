/**
 * The master's copy of one append-only file, and beside it a small index of when which length was reached.
 *
 * Guarantees: `length` counts bytes that are in the file; appends happen one after the other; a copy that
 * was made before is continued at its length. The index `NAME.idx` holds records of 16 bytes, little-endian:
 * length (uint64) and master time in Unix ms (float64); it is a hint for merging timelines, never needed to
 * read the log.
 *
 * It is of use for one stream. Who opens the next one has to wait for `close` of this one: a write that was
 * under way when its connection broke may still add to the file.
 */
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { diskError, type StreamSink } from '@tutti/link';
import { TuttiError } from '@tutti/protocol';

const RECORD = 16;

export class LogCopy implements StreamSink {
  readonly path: string;
  readonly #file: FileHandle;
  readonly #index: FileHandle;
  readonly #now: () => number;
  #length: number;
  #indexLength: number;
  #unsynced = false;
  #writing: Promise<void> = Promise.resolve();
  #closing: Promise<void> | undefined;

  private constructor(
    path: string,
    files: [FileHandle, FileHandle],
    lengths: [number, number],
    now: () => number,
  ) {
    this.path = path;
    [this.#file, this.#index] = files;
    [this.#length, this.#indexLength] = lengths;
    this.#now = now;
  }

  /** Opens or creates the file. `now` gives Unix ms. */
  static async open(path: string, now: () => number): Promise<LogCopy> {
    const opened: FileHandle[] = [];
    try {
      await mkdir(dirname(path), { recursive: true });
      const file = await open(path, 'a');
      opened.push(file);
      const index = await open(`${path}.idx`, constants.O_RDWR | constants.O_CREAT);
      opened.push(index);
      const { size } = await index.stat();
      // A record that was cut short is written over.
      const lengths: [number, number] = [(await file.stat()).size, size - (size % RECORD)];
      return new LogCopy(path, [file, index], lengths, now);
    } catch (cause) {
      for (const file of opened) await file.close();
      throw diskError(path, cause);
    }
  }

  get length(): number {
    return this.#length;
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#closing) throw new TuttiError('CANCELLED', `${this.path} is closed`);
    const writing = this.#append(bytes);
    this.#writing = writing.catch(() => {});
    await writing;
  }

  async finish(): Promise<void> {
    // Most members write nothing to most logs; a sync costs the same for nothing.
    if (this.#unsynced) await this.#file.sync();
    await this.close();
  }

  /** The stream broke; the file stays for the next one. */
  abort(): void {
    this.close().catch(() => {});
  }

  /** Resolves when nothing is written any more. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #append(bytes: Uint8Array): Promise<void> {
    try {
      this.#unsynced = true;
      await this.#file.appendFile(bytes);
      this.#length += bytes.byteLength;
      const record = Buffer.alloc(RECORD);
      record.writeBigUInt64LE(BigInt(this.#length), 0);
      record.writeDoubleLE(this.#now(), 8);
      await this.#index.write(record, 0, RECORD, this.#indexLength);
      this.#indexLength += RECORD;
    } catch (cause) {
      // Part of the chunk may have been written: the sender has to continue behind it.
      this.#length = (await this.#file.stat()).size;
      throw diskError(this.path, cause);
    }
  }

  async #close(): Promise<void> {
    await this.#writing;
    await Promise.all([this.#file.close(), this.#index.close()]);
  }
}
