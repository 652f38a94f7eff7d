/**
 * When a log had reached which length: beside the copy `NAME.log` the file `NAME.log.idx`, records of 16 bytes, little-endian,
 * of length (uint64) and master time in Unix ms (float64).
 *
 * A hint for merging timelines, never needed to read the log: records are written behind the log, several at a time when it
 * grows fast, and the last may be missing after a crash of this machine. What is damaged is named, and cut off.
 */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { diskError } from '@tutti/link';

const RECORD = 16;

export class LogIndex {
  readonly #path: string;
  readonly #file: FileHandle;
  #size: number;
  #records: { length: number; at: number }[] = [];
  #writing: Promise<void> | undefined;
  #error: Error | undefined;

  private constructor(path: string, file: FileHandle, size: number) {
    this.#path = path;
    this.#file = file;
    this.#size = size;
  }

  /** `logLength`: of the log that is there. */
  static async open(path: string, logLength: number, onDamage: (what: string) => void): Promise<LogIndex> {
    const file = await open(path, constants.O_RDWR | constants.O_CREAT);
    try {
      const { size } = await file.stat();
      const sound = await soundSize(file, size, logLength);
      if (sound !== size) {
        onDamage(
          `${path} was cut from ${size} to ${sound} bytes: ${size % RECORD === 0 ? 'it told of more than the log has' : 'its last record was torn'}`,
        );
        await file.truncate(sound);
      }
      return new LogIndex(path, file, sound);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** The log has reached `length` at `at`. Throws what went wrong with an earlier record. */
  note(length: number, at: number): void {
    if (this.#error) throw this.#error;
    this.#records.push({ length, at });
    this.#writing ??= this.#write();
  }

  /** Resolves when all records are in the file; rejects when one could not be written. */
  async written(): Promise<void> {
    await this.#writing;
    if (this.#error) throw this.#error;
  }

  async close(): Promise<void> {
    await this.#writing;
    await this.#file.close();
  }

  /** Never rejects. */
  async #write(): Promise<void> {
    try {
      while (this.#records.length > 0) {
        const records = this.#records.splice(0);
        const bytes = Buffer.alloc(records.length * RECORD);
        for (const [n, { length, at }] of records.entries()) {
          bytes.writeBigUInt64LE(BigInt(length), n * RECORD);
          bytes.writeDoubleLE(at, n * RECORD + 8);
        }
        await this.#file.write(bytes, 0, bytes.byteLength, this.#size);
        this.#size += bytes.byteLength;
      }
    } catch (cause) {
      this.#error = diskError(this.#path, cause);
    }
    this.#writing = undefined;
  }
}

/** Without a torn record at its end, and without those of bytes that the log has lost. */
async function soundSize(file: FileHandle, size: number, logLength: number): Promise<number> {
  const record = Buffer.alloc(RECORD);
  let sound = size - (size % RECORD);
  for (; sound > 0; sound -= RECORD) {
    await file.read(record, 0, RECORD, sound - RECORD);
    if (record.readBigUInt64LE(0) <= BigInt(logLength)) break;
  }
  return sound;
}
