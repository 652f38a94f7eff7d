/** A file that a member left in `$TUTTI_OUT`, on its way into the run directory: whole and verified, or absent. */
import { createHash } from 'node:crypto';
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { diskError, type StreamSink } from '@tutti/link';
import { TuttiError } from '@tutti/protocol';

export class ArtifactSink implements StreamSink {
  /** An interrupted artifact is sent anew: it is the agent's disk that remembers, not ours. */
  readonly length = 0;
  readonly #path: string;
  readonly #expected: { digest: string; size: number; mode: number };
  readonly #hash = createHash('sha256');
  #file: FileHandle | undefined;
  #written = 0;

  private constructor(path: string, expected: { digest: string; size: number; mode: number }) {
    this.#path = path;
    this.#expected = expected;
  }

  static async create(
    path: string,
    expected: { digest: string; size: number; mode: number },
  ): Promise<ArtifactSink> {
    const sink = new ArtifactSink(path, expected);
    await mkdir(dirname(path), { recursive: true });
    sink.#file = await open(`${path}.part`, 'w', expected.mode | 0o600);
    return sink;
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#written += bytes.byteLength;
    if (this.#written > this.#expected.size) throw this.#mismatch();
    this.#hash.update(bytes);
    try {
      await this.#file?.appendFile(bytes);
    } catch (cause) {
      throw diskError(this.#path, cause);
    }
  }

  async finish(): Promise<void> {
    if (this.#written !== this.#expected.size || this.#hash.digest('hex') !== this.#expected.digest) {
      this.abort();
      throw this.#mismatch();
    }
    await this.#file?.sync();
    await this.#file?.close();
    this.#file = undefined;
    await rename(`${this.#path}.part`, this.#path);
  }

  abort(): void {
    const file = this.#file;
    this.#file = undefined;
    // Nobody waits for this: a leftover .part is only untidy.
    void file?.close().then(() => rm(`${this.#path}.part`, { force: true }));
  }

  #mismatch(): TuttiError {
    return new TuttiError('DIGEST_MISMATCH', `${this.#path} does not have the contents that were announced`);
  }
}
