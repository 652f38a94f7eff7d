/**
 * Contents of files by their SHA-256: what a file is staged from without being sent again.
 *
 * Guarantees that what is found under a digest has that digest and is whole: contents are built in a file beside it,
 * verified, synced, and renamed. A transfer that broke off goes on where it stopped. Two writers of one digest do not
 * disturb each other. Kept below a size by removing what was used longest ago, but nothing that was used recently, so that
 * what is being staged stays.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Blob, Digest, TuttiError } from '@tutti/protocol';
import { BlobWriter } from './blob-writer.ts';
import { prune } from './prune.ts';

export interface BlobCacheOptions {
  /** Bytes; may be passed while everything in it is in use. */
  readonly limit?: number;
  /** Seconds after its last use for which nothing is removed. */
  readonly keep?: number;
}

const DEFAULT_LIMIT = 2 * 1024 ** 3;
const DEFAULT_KEEP = 3600;
const ASKED_AT_ONCE = 64;

export class BlobCache {
  readonly #dir: string;
  readonly #limit: number;
  readonly #keepMs: number;
  /** Partial files that a writer of this process holds. */
  readonly #writing = new Set<string>();
  #pruning: Promise<void> | undefined;

  private constructor(dir: string, options: BlobCacheOptions) {
    this.#dir = dir;
    this.#limit = options.limit ?? DEFAULT_LIMIT;
    this.#keepMs = (options.keep ?? DEFAULT_KEEP) * 1000;
  }

  static async open(dir: string, options: BlobCacheOptions = {}): Promise<BlobCache> {
    await mkdir(dir, { recursive: true, mode: 0o755 });
    return new BlobCache(dir, options);
  }

  /** Where the contents are, if they are. */
  path(digest: string): string {
    // It becomes a path: nothing but a digest may.
    if (!Digest.safeParse(digest).success)
      throw new TuttiError('BAD_PARAMS', `not a digest: ${digest.slice(0, 100)}`);
    return join(this.#dir, digest.slice(0, 2), digest.slice(2));
  }

  /** Also counts as a use. */
  async has(digest: string): Promise<boolean> {
    try {
      await utimes(this.path(digest), new Date(), new Date());
      return true;
    } catch {
      return false;
    }
  }

  /** The positions of those that are not here; the others count as used. */
  async missing(blobs: readonly Blob[]): Promise<number[]> {
    const missing: number[] = [];
    for (let at = 0; at < blobs.length; at += ASKED_AT_ONCE) {
      const here = await Promise.all(
        blobs.slice(at, at + ASKED_AT_ONCE).map(({ digest }) => this.has(digest)),
      );
      for (const [position, found] of here.entries()) if (!found) missing.push(at + position);
    }
    return missing;
  }

  /** Throws `DISK_FULL`. A second writer of a digest that is being written begins at 0, in a file of its own. */
  async writer(digest: string, size: number): Promise<BlobWriter> {
    const path = this.path(digest);
    await mkdir(dirname(path), { recursive: true });
    const shared = `${path}.part`;
    const resumable = !this.#writing.has(shared);
    const partial = resumable ? shared : `${path}.${randomBytes(4).toString('hex')}.part`;
    this.#writing.add(partial);
    try {
      return await BlobWriter.open({
        digest,
        size,
        path,
        partial,
        resumable,
        onClosed: () => this.#writing.delete(partial),
        onFinished: () => this.#prune(),
      });
    } catch (thrown) {
      this.#writing.delete(partial);
      throw thrown;
    }
  }

  /** Lets background work finish. */
  async close(): Promise<void> {
    await this.#pruning;
  }

  #prune(): void {
    this.#pruning ??= prune(this.#dir, {
      limit: this.#limit,
      keepMs: this.#keepMs,
      busy: this.#writing,
    }).finally(() => {
      this.#pruning = undefined;
    });
  }
}
