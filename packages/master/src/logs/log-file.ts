/**
 * A copy of a log and its index as the merge reads them, also while both grow.
 *
 * The index is written behind the log. What it does not tell of yet has the time that was heard of with its bytes, else that
 * of the file's last change.
 */
import type { IndexRecord, LogReader } from './log-cursor.ts';
import type { OpenFiles } from './open-files.ts';

const RECORD = 16;
const AT_ONCE = 64;

export class LogFile implements LogReader {
  readonly #path: string;
  readonly #files: OpenFiles;
  /** Where in the index the records begin that were not read. */
  #indexAt = 0;
  #heard: IndexRecord | undefined;

  constructor(path: string, files: OpenFiles) {
    this.#path = path;
    this.#files = files;
  }

  /** The log has reached this length just now. */
  grown(length: number, at: number): void {
    this.#heard = { length, at };
  }

  async records(beyond: number): Promise<readonly IndexRecord[]> {
    for (;;) {
      const some = await this.#indexed(this.#indexAt, AT_ONCE);
      this.#indexAt += some.length * RECORD;
      const fresh = some.filter(({ length }) => length > beyond);
      if (fresh.length > 0) return fresh;
      if (some.length < AT_ONCE) return this.#unindexed(beyond);
    }
  }

  async lengthBefore(at: number): Promise<number> {
    const stat = await this.#files.stat(this.#index);
    let [low, high] = [0, Math.floor((stat?.size ?? 0) / RECORD)];
    let length = 0;
    while (low < high) {
      const middle = (low + high) >> 1;
      const [record] = await this.#indexed(middle * RECORD, 1);
      if (record !== undefined && record.at < at) {
        low = middle + 1;
        length = record.length;
      } else high = middle;
    }
    this.#indexAt = low * RECORD;
    if (length > 0 || (stat?.size ?? 0) >= RECORD) return length;
    // Without an index all of it is as old as its last change.
    const log = await this.#files.stat(this.#path);
    return log !== undefined && log.mtimeMs < at ? log.size : 0;
  }

  read(offset: number, into: Uint8Array): Promise<number> {
    return this.#files.read(this.#path, offset, into);
  }

  async #indexed(from: number, count: number): Promise<IndexRecord[]> {
    const bytes = Buffer.allocUnsafe(count * RECORD);
    const got = await this.#files.read(this.#index, from, bytes);
    return Array.from({ length: Math.floor(got / RECORD) }, (_, n) => ({
      length: Number(bytes.readBigUInt64LE(n * RECORD)),
      at: bytes.readDoubleLE(n * RECORD + 8),
    }));
  }

  async #unindexed(beyond: number): Promise<IndexRecord[]> {
    if (this.#heard !== undefined && this.#heard.length > beyond) return [this.#heard];
    const log = await this.#files.stat(this.#path);
    return log !== undefined && log.size > beyond ? [{ length: log.size, at: log.mtimeMs }] : [];
  }

  get #index(): string {
    return `${this.#path}.idx`;
  }
}
