/** Both ends of a stream in memory: a file that can grow, and a sink that can be slow, full, or looked at. */
import type { ByteSource, StreamSink } from '@tutti/link';

export class MemorySource implements ByteSource {
  #bytes: Uint8Array;
  /** Called before each read; what it returns is awaited, what it throws is the read's failure. */
  beforeRead: (offset: number, max: number) => Promise<void> | void = () => {};

  constructor(bytes: Uint8Array = new Uint8Array()) {
    this.#bytes = bytes;
  }

  get length(): number {
    return this.#bytes.byteLength;
  }

  append(bytes: Uint8Array): void {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
  }

  async read(offset: number, into: Uint8Array): Promise<number> {
    // What there is when it is asked, as pread(2) has it: what is appended later comes with a later read.
    const bytes = this.#bytes.subarray(offset, offset + into.byteLength);
    await this.beforeRead(offset, into.byteLength);
    into.set(bytes);
    return bytes.byteLength;
  }
}

/** What outlives the sinks of several sessions. */
export class MemoryFile {
  #chunks: Uint8Array[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  append(bytes: Uint8Array): void {
    this.#chunks.push(bytes.slice());
    this.#length += bytes.byteLength;
  }
}

export class MemorySink implements StreamSink {
  /** The sizes of the chunks as they came. */
  readonly chunks: number[] = [];
  ended: 'finished' | 'aborted' | undefined;
  readonly length: number;
  readonly file: MemoryFile;
  /** Called before each write; what it returns is awaited, what it throws is the write's failure. */
  beforeWrite: (bytes: Uint8Array) => Promise<void> | void = () => {};

  constructor(file: MemoryFile = new MemoryFile()) {
    this.file = file;
    this.length = file.length;
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.chunks.push(bytes.byteLength);
    await this.beforeWrite(bytes);
    // The next session's sink goes on from the length it found: a late write would count twice.
    if (this.ended === undefined) this.file.append(bytes);
  }

  async finish(length: number): Promise<void> {
    this.#end('finished');
    if (length !== this.file.length) throw new Error(`finished at ${length} with ${this.file.length} bytes`);
  }

  abort(): void {
    this.#end('aborted');
  }

  #end(how: 'finished' | 'aborted'): void {
    if (this.ended !== undefined) throw new Error(`a sink that was ${this.ended} is ${how}`);
    this.ended = how;
  }
}
