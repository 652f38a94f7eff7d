/**
 * A file as the source of a stream. Opened at the first read, so that a thousand idle ones cost no descriptors; closed for good, as
 * a stream may still be read that was opened while its owner gave up.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { TuttiError } from '@tutti/protocol';
import type { ByteSource } from './outgoing.ts';

export class FileSource implements ByteSource {
  readonly #path: string;
  #opening: Promise<FileHandle> | undefined;
  #closed = false;

  constructor(path: string) {
    this.#path = path;
  }

  /** Throws what `open` does, and tries again the next time. */
  async read(offset: number, into: Uint8Array): Promise<number> {
    if (this.#closed) throw new TuttiError('CANCELLED', `${this.#path} is not read any more`);
    this.#opening ??= open(this.#path, 'r');
    const file = await this.#opened(this.#opening);
    const { bytesRead } = await file.read(into, 0, into.byteLength, offset);
    return bytesRead;
  }

  async close(): Promise<void> {
    this.#closed = true;
    const opening = this.#opening;
    this.#opening = undefined;
    // A file that could not be opened has nothing to close; `read` has told why.
    await opening?.then(
      (file) => file.close(),
      () => {},
    );
  }

  async #opened(opening: Promise<FileHandle>): Promise<FileHandle> {
    try {
      return await opening;
    } catch (error) {
      this.#opening = undefined;
      throw error;
    }
  }
}
