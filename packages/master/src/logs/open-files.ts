/**
 * Reads from many append-only files with few descriptors and little memory: the files read last stay open, each with the
 * piece that was read of it last.
 */
import { type FileHandle, open } from 'node:fs/promises';

const OPEN = 64;
const PIECE = 64 * 1024;

interface OpenFile {
  readonly handle: Promise<FileHandle>;
  readonly piece: Buffer;
  /** What `piece` holds. */
  from: number;
  to: number;
  users: number;
  evicted: boolean;
}

export class OpenFiles {
  readonly #files = new Map<string, OpenFile>();

  /** Fills `into` with what is at `offset`; returns how many bytes, fewer only at the end. Nothing of a file that is not there. */
  async read(path: string, offset: number, into: Uint8Array): Promise<number> {
    return (await this.#using(path, (file) => readFrom(file, offset, into))) ?? 0;
  }

  /** Undefined of a file that is not there. */
  async stat(path: string): Promise<{ size: number; mtimeMs: number } | undefined> {
    return this.#using(path, async ({ handle }) => (await handle).stat());
  }

  async close(): Promise<void> {
    const files = [...this.#files.values()];
    this.#files.clear();
    for (const file of files) file.evicted = true;
    await Promise.all(files.filter(({ users }) => users === 0).map(closed));
  }

  async #using<T>(path: string, use: (file: OpenFile) => Promise<T>): Promise<T | undefined> {
    const file = this.#open(path);
    file.users += 1;
    try {
      await file.handle;
      return await use(file);
    } catch (error) {
      if (this.#files.get(path) === file) this.#files.delete(path);
      file.evicted = true;
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    } finally {
      file.users -= 1;
      if (file.evicted && file.users === 0) void closed(file);
    }
  }

  #open(path: string): OpenFile {
    const known = this.#files.get(path);
    const file = known ?? {
      handle: open(path, 'r'),
      piece: Buffer.allocUnsafe(PIECE),
      ...{ from: 0, to: 0, users: 0, evicted: false },
    };
    // The one used last is the last.
    this.#files.delete(path);
    this.#files.set(path, file);
    for (const [oldest, { users }] of this.#files) {
      if (this.#files.size <= OPEN) break;
      if (users > 0 || oldest === path) continue;
      const evicted = this.#files.get(oldest);
      this.#files.delete(oldest);
      if (evicted !== undefined) void closed(evicted);
    }
    return file;
  }
}

async function readFrom(file: OpenFile, offset: number, into: Uint8Array): Promise<number> {
  const handle = await file.handle;
  let filled = 0;
  while (filled < into.byteLength) {
    const at = offset + filled;
    if (at < file.from || at >= file.to) {
      const { bytesRead } = await handle.read(file.piece, 0, PIECE, at);
      file.from = at;
      file.to = at + bytesRead;
      if (bytesRead === 0) break;
    }
    const part = file.piece
      .subarray(at - file.from, file.to - file.from)
      .subarray(0, into.byteLength - filled);
    into.set(part, filled);
    filled += part.byteLength;
  }
  return filled;
}

/** Never rejects: what could not be opened has nothing to close. */
async function closed({ handle }: OpenFile): Promise<void> {
  await handle.then((file) => file.close()).catch(() => {});
}
