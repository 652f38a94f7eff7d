/**
 * One content on its way into the cache.
 *
 * `length` is how much of it is there already, from an earlier transfer; the sender goes on from it. Writes go in order,
 * also when the caller does not wait for each. After `finish`, `abort` or a failure the writer is of no use any more.
 */
import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { TuttiError } from '@tutti/protocol';
import { syncDirectory } from '../daemon/replace-file.ts';
import { synced } from '../daemon/synced.ts';
import { diskError } from '../disk-error.ts';

export interface BlobWriterOptions {
  readonly digest: string;
  readonly size: number;
  readonly path: string;
  readonly partial: string;
  /** What came stays when the transfer breaks off, for the next writer. */
  readonly resumable: boolean;
  readonly onClosed: () => void;
  readonly onFinished: () => void;
}

const READ_BYTES = 1024 * 1024;

export class BlobWriter {
  readonly #options: BlobWriterOptions;
  readonly #file: FileHandle;
  readonly #hash: Hash;
  #length: number;
  #queue: Promise<void> = Promise.resolve();
  #closed = false;

  private constructor(options: BlobWriterOptions, file: FileHandle, hash: Hash, length: number) {
    this.#options = options;
    this.#file = file;
    this.#hash = hash;
    this.#length = length;
  }

  static async open(options: BlobWriterOptions): Promise<BlobWriter> {
    let file: FileHandle;
    try {
      file = await open(options.partial, 'a+', 0o644);
    } catch (thrown) {
      throw diskError(options.path, thrown);
    }
    const hash = createHash('sha256');
    let length = await hashFile(file, hash);
    if (length > options.size) {
      await file.truncate(0);
      length = 0;
      return new BlobWriter(options, file, createHash('sha256'), length);
    }
    return new BlobWriter(options, file, hash, length);
  }

  /** Bytes that are there, counting those still being written. */
  get length(): number {
    return this.#length;
  }

  /** Resolves when the bytes are handed to the file system. The bytes must not change until then. */
  async write(bytes: Uint8Array): Promise<void> {
    this.#requireOpen();
    if (this.#length + bytes.byteLength > this.#options.size) {
      await this.#discard();
      throw this.#mismatch(`more than the announced ${this.#options.size} bytes came`);
    }
    this.#length += bytes.byteLength;
    this.#hash.update(bytes);
    this.#queue = this.#queue.then(() => this.#append(bytes));
    await this.#queue;
  }

  /** Verifies, and makes the contents durable and known. Throws `DIGEST_MISMATCH`; the next transfer begins anew. */
  async finish(length: number): Promise<void> {
    this.#requireOpen();
    await this.#queue;
    const { digest, size, path, partial } = this.#options;
    const found = this.#length === size && length === size ? this.#hash.digest('hex') : undefined;
    if (found !== digest) {
      await this.#discard();
      throw this.#mismatch(
        found === undefined ? `${this.#length} of ${size} bytes came` : `its bytes have the digest ${found}`,
      );
    }
    try {
      await this.#file.sync();
      await this.#close();
      await rename(partial, path);
      await syncDirectory(dirname(path));
      synced.publish({ path, size });
    } catch (thrown) {
      await this.#close();
      throw diskError(path, thrown);
    }
    this.#options.onFinished();
  }

  /** The transfer breaks off. Never rejects. */
  async abort(): Promise<void> {
    if (this.#closed) return;
    await this.#queue.catch(() => undefined);
    if (this.#options.resumable) await this.#close().catch(() => undefined);
    else await this.#discard().catch(() => undefined);
  }

  async #append(bytes: Uint8Array): Promise<void> {
    try {
      await this.#file.appendFile(bytes);
    } catch (thrown) {
      // On a full disk nothing is kept for later: its room may be all there is.
      await this.#close();
      await rm(this.#options.partial, { force: true });
      throw diskError(this.#options.path, thrown);
    }
  }

  async #discard(): Promise<void> {
    await this.#queue.catch(() => undefined);
    await this.#close();
    await rm(this.#options.partial, { force: true });
  }

  async #close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#file.close();
    this.#options.onClosed();
  }

  #requireOpen(): void {
    if (this.#closed) throw new TuttiError('INTERNAL', `the writer of ${this.#options.digest} is closed`);
  }

  #mismatch(why: string): TuttiError {
    return new TuttiError(
      'DIGEST_MISMATCH',
      `the file announced as ${this.#options.digest} did not come so: ${why}`,
    );
  }
}

async function hashFile(file: FileHandle, hash: Hash): Promise<number> {
  const buffer = Buffer.alloc(READ_BYTES);
  let length = 0;
  for (;;) {
    const { bytesRead } = await file.read(buffer, 0, READ_BYTES, length);
    if (bytesRead === 0) return length;
    hash.update(buffer.subarray(0, bytesRead));
    length += bytesRead;
  }
}
