/**
 * A file that a member left in `$TUTTI_OUT`, on its way into the run directory: whole and verified, or absent.
 *
 * Until it is verified it stands elsewhere, under a name of its own: a file of any name can be received, and a
 * transfer that broke off does not disturb the one that begins it anew.
 */
import { createHash } from 'node:crypto';
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { diskError, type StreamSink } from '@tutti/link';
import { TuttiError } from '@tutti/protocol';

export interface ArtifactOptions {
  /** Where it belongs. */
  readonly path: string;
  /** Where it stands until then; in the same file system. */
  readonly partial: string;
  readonly digest: string;
  readonly size: number;
  readonly mode: number;
  /** It is complete or given up. */
  readonly onClosed: () => void;
}

/** Whoever keeps the results can read them. */
const READABLE = 0o400;

export class ArtifactSink implements StreamSink {
  /** An interrupted artifact is sent anew: it is the agent's disk that remembers, not ours. */
  readonly length = 0;
  readonly #options: ArtifactOptions;
  readonly #file: FileHandle;
  readonly #hash = createHash('sha256');
  #written = 0;
  #closing: Promise<void> | undefined;

  private constructor(options: ArtifactOptions, file: FileHandle) {
    this.#options = options;
    this.#file = file;
  }

  static async create(options: ArtifactOptions): Promise<ArtifactSink> {
    const { path, partial } = options;
    try {
      await mkdir(dirname(path), { recursive: true });
      return new ArtifactSink(options, await open(partial, 'wx', 0o600));
    } catch (cause) {
      throw diskError(path, cause);
    }
  }

  async write(bytes: Uint8Array): Promise<void> {
    const { path, size } = this.#options;
    if (this.#closing) throw new TuttiError('CANCELLED', `${path} is not received any more`);
    this.#written += bytes.byteLength;
    if (this.#written > size) throw this.#mismatch();
    this.#hash.update(bytes);
    try {
      await this.#file.appendFile(bytes);
    } catch (cause) {
      throw diskError(path, cause);
    }
  }

  async finish(): Promise<void> {
    const { path, partial, size, digest, mode } = this.#options;
    try {
      if (this.#written !== size || this.#hash.digest('hex') !== digest) throw this.#mismatch();
      await this.#file.chmod(mode | READABLE);
      await this.#file.sync();
      await rename(partial, path);
    } catch (cause) {
      throw diskError(path, cause);
    } finally {
      await this.close();
    }
  }

  abort(): void {
    this.close().catch(() => {});
  }

  /** Removes what was received so far, unless it was all. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { partial, onClosed } = this.#options;
    try {
      await this.#file.close();
      await rm(partial, { force: true });
    } finally {
      onClosed();
    }
  }

  #mismatch(): TuttiError {
    return new TuttiError(
      'DIGEST_MISMATCH',
      `${this.#options.path} does not have the contents that were announced`,
    );
  }
}
