/**
 * Waits for a line in files that grow, from their beginning: told by inotify when there is more. A file that is not there
 * yet is waited for; one that has been replaced, or has become shorter, is read from its beginning again.
 */
import { type FSWatcher, watch } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { TuttiError } from '@tutti/protocol';
import { ignore } from '../system/errno.ts';
import { onNearby } from './file.ts';
import { LineSearch } from './line-search.ts';

const CHUNK = 256 * 1024;

export interface LogToSearch {
  readonly paths: readonly string[];
  readonly pattern: string;
  /** Settles when nothing more is written; not given where nobody knows. */
  readonly complete?: Promise<unknown>;
}

/**
 * Resolves with the first line that matches, or undefined when all is complete and none does. Rejects with the reason of
 * `signal` when it aborts, or with what keeps a file that is there from being read.
 */
export async function untilLogged(
  { paths, pattern, complete }: LogToSearch,
  signal: AbortSignal,
): Promise<string | undefined> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<string | undefined>();
  const abort = () => reject(signal.reason);
  signal.addEventListener('abort', abort);
  const searched = paths.map((path) => new SearchedFile(path, pattern));
  const stops = searched.map((file) => file.follow(resolve, reject));
  void complete
    ?.then(
      async () => {
        // What was written last may not have been told yet.
        for (const file of searched) {
          const line = await file.finish();
          if (line !== undefined) return resolve(line);
        }
        resolve(undefined);
      },
      () => undefined,
    )
    .catch(reject);
  try {
    return await promise;
  } finally {
    for (const stop of stops) stop();
    signal.removeEventListener('abort', abort);
    await Promise.all(searched.map((file) => file.close()));
  }
}

class SearchedFile {
  readonly #path: string;
  readonly #search: LineSearch;
  #file: FileHandle | undefined;
  #identity = '';
  #offset = 0;
  #watcher: FSWatcher | undefined;
  #reading: Promise<string | undefined> = Promise.resolve(undefined);
  #queued = false;
  #closed = false;

  constructor(path: string, pattern: string) {
    this.#path = path;
    this.#search = new LineSearch(pattern);
  }

  /** Looks now, and whenever there may be more, until the returned function is called. */
  follow(onLine: (line: string) => void, onError: (error: unknown) => void): () => void {
    const look = () => {
      // One look after the other, and one that waits is enough.
      if (this.#queued || this.#closed) return;
      this.#queued = true;
      this.#read(() => {
        this.#queued = false;
      }).then((line) => {
        if (line !== undefined) onLine(line);
      }, onError);
    };
    const stop = onNearby(this.#path, look);
    this.#onReplaced = look;
    return stop;
  }

  #onReplaced: () => void = () => {};

  async finish(): Promise<string | undefined> {
    return (await this.#read(() => {})) ?? this.#search.finish();
  }

  async close(): Promise<void> {
    this.#closed = true;
    // What is being opened is closed too.
    await this.#reading.catch(() => undefined);
    this.#watcher?.close();
    await this.#file?.close();
  }

  #read(begun: () => void): Promise<string | undefined> {
    const read = async () => {
      begun();
      if (this.#closed || !(await this.#opened())) return undefined;
      return this.#readOn();
    };
    this.#reading = this.#reading.then(read, read);
    return this.#reading;
  }

  /** True when the file is there; the one that has the name now. */
  async #opened(): Promise<boolean> {
    const stats = await stat(this.#path).catch((thrown: unknown) => ignore(thrown, 'ENOENT', 'ENOTDIR'));
    if (stats === undefined) return false;
    // Opening a FIFO or a terminal waits for its other end.
    if (!stats.isFile()) throw new TuttiError('FILE_REFUSED', `${this.#path} is no regular file`);
    const identity = `${stats.dev}:${stats.ino}`;
    if (identity === this.#identity && stats.size >= this.#offset) return true;
    await this.#file?.close();
    this.#watcher?.close();
    this.#file = await open(this.#path, 'r');
    this.#identity = identity;
    this.#offset = 0;
    this.#search.reset();
    try {
      // Its directory tells nothing where the name is a link.
      this.#watcher = watch(this.#path, () => this.#onReplaced());
      this.#watcher.on('error', () => this.#watcher?.close());
    } catch {
      // The net remains.
    }
    return true;
  }

  async #readOn(): Promise<string | undefined> {
    const buffer = Buffer.allocUnsafe(CHUNK);
    while (!this.#closed && this.#file !== undefined) {
      const { bytesRead } = await this.#file.read(buffer, 0, CHUNK, this.#offset);
      if (bytesRead === 0) return undefined;
      this.#offset += bytesRead;
      const line = this.#search.push(buffer.subarray(0, bytesRead));
      if (line !== undefined) return line;
    }
    return undefined;
  }
}
