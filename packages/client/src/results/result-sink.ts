/** One fetched file on its way onto the disk: under a name of its own until it is whole, then in its place. */
import { randomBytes } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import type { StreamSink } from '@tutti/link';

/** Says where something could not be written, and returns what to throw. */
export type Failed = (path: string, thrown: unknown) => Error;

/** Whoever fetched it can read it. */
const READABLE = 0o400;

export class ResultSink implements StreamSink {
  readonly length = 0;
  readonly #path: string;
  readonly #mode: number;
  readonly #partial: string;
  readonly #file: FileHandle;
  readonly #failed: Failed;

  private constructor(path: string, mode: number, partial: string, file: FileHandle, failed: Failed) {
    this.#path = path;
    this.#mode = mode;
    this.#partial = partial;
    this.#file = file;
    this.#failed = failed;
  }

  /** The directory of `path` is there. */
  static async create(path: string, mode: number, failed: Failed): Promise<ResultSink> {
    const partial = partialName(path);
    try {
      return new ResultSink(path, mode, partial, await open(partial, 'wx', 0o600), failed);
    } catch (thrown) {
      throw failed(path, thrown);
    }
  }

  async write(bytes: Uint8Array): Promise<void> {
    try {
      await this.#file.appendFile(bytes);
    } catch (thrown) {
      throw this.#failed(this.#path, thrown);
    }
  }

  async finish(): Promise<void> {
    try {
      await this.#file.chmod(this.#mode | READABLE);
      await this.#file.close();
      await rename(this.#partial, this.#path);
    } catch (thrown) {
      await this.#discard();
      throw this.#failed(this.#path, thrown);
    }
  }

  abort(): void {
    void this.#discard();
  }

  /** Never rejects: at worst a partial file stays, and its name says what it is. */
  async #discard(): Promise<void> {
    try {
      await this.#file.close();
    } catch {
      // The file goes anyway.
    }
    await rm(this.#partial, { force: true }).catch(() => {});
  }
}

/** Of its own each time: a sink of the connection before may still be about to remove its file. */
export function partialName(path: string): string {
  return `${path}.part-${randomBytes(4).toString('hex')}`;
}
