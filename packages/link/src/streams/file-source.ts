/** A file as the source of a stream. Opened at the first read, so that a thousand idle ones cost no descriptors. */
import { type FileHandle, open } from 'node:fs/promises';
import type { ByteSource } from './outgoing.ts';

export class FileSource implements ByteSource {
  readonly #path: string;
  #opening: Promise<FileHandle> | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  async read(offset: number, into: Uint8Array): Promise<number> {
    this.#opening ??= open(this.#path, 'r');
    const file = await this.#opening;
    const { bytesRead } = await file.read(into, 0, into.byteLength, offset);
    return bytesRead;
  }

  async close(): Promise<void> {
    const opening = this.#opening;
    this.#opening = undefined;
    // A file that could not be opened has nothing to close; `read` has told why.
    await opening?.then(
      (file) => file.close(),
      () => {},
    );
  }
}
