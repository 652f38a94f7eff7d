/**
 * How far one log has been given out, and what of it comes next.
 *
 * What lies between two records of its index has the time of the second (log-index.ts). A line has the time at which it was
 * complete: so what comes next of a log never gets earlier, also while it grows. Given out are whole lines; a line longer
 * than `LINE` in parts, between two characters; the end of a log without a line feed when the log is complete.
 *
 * Nothing is read twice but the beginning of a line that came in parts, and no more than `LINE` is held at a time.
 */
import { LINE } from '@tutti/protocol';

export interface IndexRecord {
  readonly length: number;
  /** Unix ms. */
  readonly at: number;
}

export interface LogReader {
  /** Records of lengths beyond this one, ascending, some at a time; empty when there are none at present. */
  records(beyond: number): Promise<readonly IndexRecord[]>;
  /** The length that the log had before this time. */
  lengthBefore(at: number): Promise<number>;
  /** Fills `into` with what is at `offset`; returns how many bytes, fewer only at the end of the log. */
  read(offset: number, into: Uint8Array): Promise<number>;
}

export interface LogPiece {
  readonly at: number;
  readonly offset: number;
  readonly bytes: Uint8Array;
}

const LINE_FEED = 10;

export class LogCursor {
  readonly #reader: LogReader;
  /** Of the first byte that was not given out. */
  #offset: number;
  /** Up to here there is no line feed behind `#offset`. */
  #scanned: number;
  /** The greatest length that a record has told of. */
  #told: number;
  #records: readonly IndexRecord[] = [];
  #next = 0;
  #last = Number.NEGATIVE_INFINITY;
  #complete = false;
  #head: number | undefined;

  constructor(reader: LogReader, offset = 0) {
    this.#reader = reader;
    this.#offset = offset;
    this.#scanned = offset;
    this.#told = offset;
  }

  /** Begins with the first line that was complete at this time or later. */
  static async since(reader: LogReader, at: number): Promise<LogCursor> {
    const length = await reader.lengthBefore(at);
    const before = Buffer.allocUnsafe(Math.min(length, LINE));
    const got = await reader.read(length - before.byteLength, before);
    const begun = got - 1 - before.subarray(0, got).lastIndexOf(LINE_FEED);
    // Where no line begins in it, it is the middle of one that comes in parts.
    const cursor = new LogCursor(reader, begun === got && length > got ? length : length - begun);
    cursor.#scanned = length;
    cursor.#told = length;
    return cursor;
  }

  /** The time of what comes next; undefined: there is nothing at present. Good after `look` and `take`. */
  get head(): number | undefined {
    return this.#head;
  }

  /** Nothing will be added: what it ends with counts as a line. */
  complete(): void {
    this.#complete = true;
  }

  /** There may be more than before. */
  async look(): Promise<void> {
    if (this.#next >= this.#records.length) {
      this.#records = await this.#reader.records(this.#told);
      this.#next = 0;
    }
    const record = this.#records[this.#next];
    if (record !== undefined) this.#head = Math.max(this.#last, record.at);
    else this.#head = this.#hasRest ? this.#last : undefined;
  }

  /** What of the log comes next; undefined when that has brought no line to its end. Only where there is a `head`. */
  async take(): Promise<LogPiece | undefined> {
    const at = this.#head;
    if (at === undefined) return undefined;
    const record = this.#records[this.#next];
    const piece =
      record === undefined ? await this.#give(at, this.#scanned) : await this.#advance(record, at);
    await this.look();
    return piece;
  }

  /** It ends without a line feed; what was all there before the time it began at is not meant. */
  get #hasRest(): boolean {
    return this.#complete && this.#scanned > this.#offset && this.#last !== Number.NEGATIVE_INFINITY;
  }

  async #advance(record: IndexRecord, at: number): Promise<LogPiece | undefined> {
    const from = this.#scanned;
    const fresh = Buffer.allocUnsafe(Math.max(0, Math.min(record.length, this.#offset + LINE) - from));
    const got = await this.#reader.read(from, fresh);
    this.#scanned = from + got;
    this.#last = at;
    // An index may tell of more than the disk has kept; it comes again, and is told of again.
    if (got < fresh.byteLength || this.#scanned >= record.length) {
      this.#next += 1;
      this.#told = Math.max(this.#told, record.length);
    }
    const feed = fresh.subarray(0, got).lastIndexOf(LINE_FEED);
    if (feed >= 0) return this.#give(at, from + feed + 1, fresh.subarray(0, feed + 1));
    if (this.#scanned - this.#offset < LINE) return undefined;
    return this.#give(at, this.#scanned - begunCharacter(fresh.subarray(0, got)));
  }

  /** Up to `end`; `fresh`: what is known of its end already. */
  async #give(at: number, end: number, fresh: Uint8Array = new Uint8Array()): Promise<LogPiece> {
    const offset = this.#offset;
    const bytes = Buffer.allocUnsafe(end - offset);
    const before = bytes.byteLength - fresh.byteLength;
    if (before > 0) await this.#reader.read(offset, bytes.subarray(0, before));
    bytes.set(fresh, before);
    this.#offset = end;
    return { at, offset, bytes };
  }
}

/** Bytes at the end that begin a UTF-8 character and do not end it. */
function begunCharacter(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.byteLength - 1); back += 1) {
    const byte = bytes[bytes.byteLength - back] ?? 0;
    if (byte < 0x80) return 0;
    if (byte < 0xc0) continue;
    const size = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    return size > back ? back : 0;
  }
  return 0;
}
