/**
 * Reads from many append-only files with few descriptors and little memory: the files read last stay open, and of more of them
 * the piece that was read last is kept. What was read stays true: such files only grow.
 */
import { type FileHandle, open } from 'node:fs/promises';

const OPEN = 64;
/** Of all pieces together. */
const KEPT_BYTES = 8 * 1024 * 1024;
const LARGE_PIECE = 64 * 1024;
/** Of many files, so that each can keep one. */
const SMALL_PIECE = 8 * 1024;
const MANY = 128;

interface OpenFile {
  readonly handle: Promise<FileHandle>;
  users: number;
  evicted: boolean;
}

interface Piece {
  readonly from: number;
  readonly bytes: Uint8Array;
}

export class OpenFiles {
  /** The one used last is the last; so are the pieces. */
  readonly #files = new Map<string, OpenFile>();
  readonly #pieces = new Map<string, Piece>();
  #kept = 0;

  /** Fills `into` with what is at `offset`; returns how many bytes, fewer only at the end. Nothing of a file that is not there. */
  async read(path: string, offset: number, into: Uint8Array): Promise<number> {
    let filled = 0;
    while (filled < into.byteLength) {
      const at = offset + filled;
      const { from, bytes } = this.#piece(path, at) ?? (await this.#readPiece(path, at));
      const part = bytes.subarray(at - from, at - from + into.byteLength - filled);
      if (part.byteLength === 0) break;
      into.set(part, filled);
      filled += part.byteLength;
    }
    return filled;
  }

  /** Undefined of a file that is not there. */
  async stat(path: string): Promise<{ size: number; mtimeMs: number } | undefined> {
    return this.#using(path, (file) => file.stat());
  }

  async close(): Promise<void> {
    const files = [...this.#files.values()];
    this.#files.clear();
    this.#pieces.clear();
    for (const file of files) file.evicted = true;
    await Promise.all(files.filter(({ users }) => users === 0).map(closed));
  }

  /** The piece that is kept, if that byte is in it. */
  #piece(path: string, at: number): Piece | undefined {
    const piece = this.#pieces.get(path);
    return piece && at >= piece.from && at < piece.from + piece.bytes.byteLength ? piece : undefined;
  }

  async #readPiece(path: string, from: number): Promise<Piece> {
    const buffer = Buffer.allocUnsafe(this.#pieces.size > MANY ? SMALL_PIECE : LARGE_PIECE);
    const read = (file: FileHandle) => file.read(buffer, 0, buffer.byteLength, from);
    const { bytesRead } = (await this.#using(path, read)) ?? { bytesRead: 0 };
    const all = buffer.subarray(0, bytesRead);
    // Of little no large buffer is kept.
    const piece = { from, bytes: bytesRead < buffer.byteLength / 2 ? Uint8Array.from(all) : all };
    this.#keep(path, piece);
    return piece;
  }

  #keep(path: string, piece: Piece): void {
    this.#forget(path);
    this.#pieces.set(path, piece);
    this.#kept += piece.bytes.byteLength;
    for (const oldest of this.#pieces.keys()) {
      if (this.#kept <= KEPT_BYTES) return;
      this.#forget(oldest);
    }
  }

  #forget(path: string): void {
    this.#kept -= this.#pieces.get(path)?.bytes.byteLength ?? 0;
    this.#pieces.delete(path);
  }

  async #using<T>(path: string, use: (file: FileHandle) => Promise<T>): Promise<T | undefined> {
    const file = this.#open(path);
    file.users += 1;
    try {
      return await use(await file.handle);
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
    const file = this.#files.get(path) ?? { handle: open(path, 'r'), users: 0, evicted: false };
    this.#files.delete(path);
    this.#files.set(path, file);
    for (const [oldest, old] of this.#files) {
      if (this.#files.size <= OPEN) break;
      if (old.users > 0 || oldest === path) continue;
      this.#files.delete(oldest);
      void closed(old);
    }
    return file;
  }
}

/** Never rejects: what could not be opened has nothing to close. */
async function closed({ handle }: OpenFile): Promise<void> {
  await handle.then((file) => file.close()).catch(() => {});
}
