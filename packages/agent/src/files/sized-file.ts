/** A file as long as it was when it was looked at, as the source of a stream. */
import { createHash } from 'node:crypto';
import { FileSource } from '@tutti/link';
import { TuttiError } from '@tutti/protocol';

const READ_BYTES = 1024 * 1024;

export class SizedFile extends FileSource {
  readonly #size: number;

  constructor(path: string, size: number) {
    super(path);
    this.#size = size;
  }

  override async read(offset: number, into: Uint8Array): Promise<number> {
    const wanted = into.subarray(0, this.#size - offset);
    const length = await super.read(offset, wanted);
    // Without this the receiver would wait for the rest for ever.
    if (length === 0 && wanted.byteLength > 0)
      throw new TuttiError('DIGEST_MISMATCH', 'it became shorter while it was read');
    return length;
  }

  async digest(): Promise<string> {
    const hash = createHash('sha256');
    const buffer = Buffer.allocUnsafe(Math.min(this.#size, READ_BYTES));
    for (let offset = 0; offset < this.#size; ) {
      const length = await this.read(offset, buffer);
      hash.update(buffer.subarray(0, length));
      offset += length;
    }
    return hash.digest('hex');
  }
}
