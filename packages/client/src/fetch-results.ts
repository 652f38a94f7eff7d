/**
 * Brings a finished run's directory from a remote master: each file whole or absent. Modes are not carried, so that
 * what was executable there is not here; links are not carried either.
 */
import { randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { diskError, type StreamSink } from '@tutti/link';
import { TuttiError } from '@tutti/protocol';
import type { MasterClient } from './master-client.ts';

/**
 * Fetches into `dir`, which is made. Without `logs` the reports only. Returns how many files came. What cannot be
 * written here rejects as `DISK_FULL` or `STATE_NOT_WRITABLE`.
 */
export async function fetchResults(
  client: MasterClient,
  run: number,
  dir: string,
  logs: boolean,
): Promise<number> {
  // The master would tell it back to us, as a failure of its own call.
  let failure: TuttiError | undefined;
  const failed = (path: string, thrown: unknown): TuttiError => {
    failure ??= notWritable(path, thrown);
    return failure;
  };
  await mkdir(dir, { recursive: true }).catch((thrown: unknown) => {
    throw notWritable(dir, thrown);
  });
  // What is no `TreePath` was refused when it came: this one stays below.
  const stop = client.receive(run, ({ path }) => ResultSink.create(join(dir, path), failed));
  try {
    return (await client.call('run.fetch', { run, logs })).files;
  } catch (error) {
    throw failure ?? error;
  } finally {
    stop();
  }
}

type Failed = (path: string, thrown: unknown) => TuttiError;

class ResultSink implements StreamSink {
  readonly length = 0;
  readonly #path: string;
  readonly #partial: string;
  readonly #file: FileHandle;
  readonly #failed: Failed;

  private constructor(path: string, partial: string, file: FileHandle, failed: Failed) {
    this.#path = path;
    this.#partial = partial;
    this.#file = file;
    this.#failed = failed;
  }

  static async create(path: string, failed: Failed): Promise<ResultSink> {
    // A name of its own: a sink of the connection before may still be about to remove its file.
    const partial = `${path}.part-${randomBytes(4).toString('hex')}`;
    try {
      await mkdir(dirname(path), { recursive: true });
      return new ResultSink(path, partial, await open(partial, 'wx'), failed);
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
      await this.#file.close();
      await rename(this.#partial, this.#path);
    } catch (thrown) {
      await rm(this.#partial, { force: true }).catch(() => {});
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

function notWritable(path: string, thrown: unknown): TuttiError {
  const error = diskError(path, thrown);
  if (error.code !== 'INTERNAL') return error;
  return new TuttiError('STATE_NOT_WRITABLE', `the results cannot be written: ${error.message}`, {
    cause: thrown,
  });
}
