/**
 * The master's copy of one append-only file, and beside it a small index of when which length was reached.
 *
 * Guarantees: `length` counts bytes that are in the file; appends happen one after the other; a copy that
 * was made before is continued at its length. The index `NAME.idx` is log-index.ts's; what it cannot take fails the next write,
 * or the end.
 *
 * It is of use for one stream. Who opens the next one has to wait for `close` of this one: a write that was
 * under way when its connection broke may still add to the file.
 */
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { diskError, type StreamSink } from '@tutti/link';
import { TuttiError } from '@tutti/protocol';
import { LogIndex } from './log-index.ts';

/** Told right after each append: the length, and when that was, in Unix ms. */
export type OnGrown = (length: number, at: number) => void;

export class LogCopy implements StreamSink {
  readonly path: string;
  readonly #file: FileHandle;
  readonly #index: LogIndex;
  readonly #now: () => number;
  readonly #onGrown: OnGrown;
  #length: number;
  #unsynced = false;
  #writing: Promise<void> = Promise.resolve();
  #closing: Promise<void> | undefined;

  private constructor(
    path: string,
    file: FileHandle,
    length: number,
    index: LogIndex,
    now: () => number,
    onGrown: OnGrown,
  ) {
    this.path = path;
    this.#file = file;
    this.#length = length;
    this.#index = index;
    this.#now = now;
    this.#onGrown = onGrown;
  }

  /** Opens or creates the file. `now` gives Unix ms; `onDamage` hears what was wrong with the index, and was mended. */
  static async open(
    path: string,
    now: () => number,
    onDamage: (what: string) => void,
    onGrown: OnGrown = () => {},
  ): Promise<LogCopy> {
    let file: FileHandle | undefined;
    try {
      await mkdir(dirname(path), { recursive: true });
      file = await open(path, 'a');
      const { size } = await file.stat();
      return new LogCopy(path, file, size, await LogIndex.open(`${path}.idx`, size, onDamage), now, onGrown);
    } catch (cause) {
      await file?.close();
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
    await this.#index.written();
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
      const at = this.#now();
      this.#index.note(this.#length, at);
      this.#onGrown(this.#length, at);
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
