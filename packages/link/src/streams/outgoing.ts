/**
 * The sending half of streams: files to the peer, acknowledged by length.
 *
 * Guarantees: at most `LIMITS.window` bytes of all streams of the session are unacknowledged; a chunk is
 * handed over only when the one before it has left this process, so that a control message waits behind
 * one chunk at most; streams take turns, chunk by chunk. One chunk is read ahead, while the one before it leaves: two
 * buffers in turn carry everything, as garbage of this size is collected at many times its price. A stream ends with its session; whoever opened it opens it again on the
 * next one and continues at the length the receiver then names.
 */
import { LIMITS, type StreamTarget, TuttiError } from '@tutti/protocol';

export interface ByteSource {
  /** Fills `into` from its beginning with what is at `offset`. Returns how many bytes; 0: there is nothing more at present. */
  read(offset: number, into: Uint8Array): Promise<number>;
}

/** What outgoing streams need of their session. */
export interface OutgoingWire {
  open(stream: number, target: StreamTarget): Promise<{ length: number }>;
  close(stream: number, length: number): Promise<unknown>;
  /** The bytes are the wire's, which may change them, until `flushed`. */
  data(stream: number, offset: number, bytes: Uint8Array, flushed: () => void): void;
}

export class OutgoingStreams {
  readonly #wire: OutgoingWire;
  readonly #streams = new Map<number, OutgoingStream>();
  #next = 1;
  #pumping = false;
  /** The chunk that was handed over last leaves this process. */
  #leaving: Promise<void> = Promise.resolve();
  /** The one to read into, and the one that leaves. */
  #buffers: [Uint8Array, Uint8Array] | undefined;
  #ended: TuttiError | undefined;

  constructor(wire: OutgoingWire) {
    this.#wire = wire;
  }

  /** Opens a stream and begins to send. Rejects when the receiver refuses it. */
  async open(target: StreamTarget, source: ByteSource): Promise<OutgoingStream> {
    const id = this.#next;
    this.#next += 1;
    const { length } = await this.#wire.open(id, target);
    if (this.#ended) throw this.#ended;
    const stream = new OutgoingStream(id, length, source, {
      pump: () => this.#pump(),
      finish: (at) => this.#wire.close(id, at),
      drop: () => this.#streams.delete(id),
    });
    this.#streams.set(id, stream);
    this.#pump();
    return stream;
  }

  acknowledged(id: number, length: number): void {
    this.#streams.get(id)?.acknowledge(length);
    this.#pump();
  }

  refused(id: number, error: TuttiError): void {
    this.#streams.get(id)?.fail(error);
    // The receiver drops what is on its way, so that it counts no more.
    this.#streams.delete(id);
    this.#pump();
  }

  /** The session is gone. */
  end(why: TuttiError): void {
    this.#ended = why;
    for (const stream of this.#streams.values()) stream.fail(why);
    this.#streams.clear();
  }

  get size(): number {
    return this.#streams.size;
  }

  #pump(): void {
    if (!this.#pumping) void this.#run();
  }

  async #run(): Promise<void> {
    this.#pumping = true;
    while (this.#ended === undefined) {
      const room = LIMITS.window.value - this.#unacknowledged();
      const stream = room > 0 ? this.#nextReady() : undefined;
      // Nothing is awaited between this look and the flag: a wake cannot fall in between.
      if (stream === undefined) break;
      // Its turn is over: the others come first next time.
      this.#streams.delete(stream.id);
      this.#streams.set(stream.id, stream);
      this.#buffers ??= [makeBuffer(), makeBuffer()];
      const [free, leaving] = this.#buffers;
      const chunk = await stream.take(free.subarray(0, room));
      await this.#leaving;
      if (chunk === undefined || this.#ended !== undefined) continue;
      this.#buffers = [leaving, free];
      this.#leaving = new Promise((flushed) => {
        this.#wire.data(stream.id, chunk.offset, chunk.bytes, flushed);
      });
    }
    if (this.#streams.size === 0) this.#buffers = undefined;
    this.#pumping = false;
  }

  #nextReady(): OutgoingStream | undefined {
    for (const stream of this.#streams.values()) if (stream.ready) return stream;
    return undefined;
  }

  #unacknowledged(): number {
    let sum = 0;
    for (const stream of this.#streams.values()) sum += stream.sent - stream.length;
    return sum;
  }
}

function makeBuffer(): Uint8Array {
  return Buffer.allocUnsafeSlow(LIMITS.chunk.value);
}

interface StreamOwner {
  pump(): void;
  finish(length: number): Promise<unknown>;
  drop(): void;
}

export class OutgoingStream {
  readonly id: number;
  /** What has been handed to the wire. */
  sent: number;
  /** What the receiver has. */
  length: number;
  readonly #source: ByteSource;
  readonly #owner: StreamOwner;
  #hasMore = true;
  /** Where it ends, once that is known: nothing beyond is sent. */
  #end = Number.POSITIVE_INFINITY;
  #finishing: Promise<void> | undefined;
  #error: TuttiError | undefined;
  #waiting: { length: number; resolve: () => void; reject: (error: TuttiError) => void }[] = [];

  constructor(id: number, length: number, source: ByteSource, owner: StreamOwner) {
    this.id = id;
    this.sent = length;
    this.length = length;
    this.#source = source;
    this.#owner = owner;
  }

  get ready(): boolean {
    return this.#hasMore && this.#error === undefined && this.sent < this.#end;
  }

  /** The source may have more than when it was last read. */
  wake(): void {
    this.#hasMore = true;
    this.#owner.pump();
  }

  /** Resolves when the receiver has `length` bytes; rejects when the stream fails first. */
  reached(length: number): Promise<void> {
    if (this.#error) return Promise.reject(this.#error);
    if (this.length >= length) return Promise.resolve();
    this.wake();
    return new Promise((resolve, reject) => this.#waiting.push({ length, resolve, reject }));
  }

  /**
   * Resolves when the receiver has all `length` bytes on disk and has verified them; ends the stream, also
   * when it rejects. What the source has beyond `length` is not sent any more.
   */
  finish(length: number): Promise<void> {
    this.#finishing ??= this.#finish(length);
    return this.#finishing;
  }

  async #finish(length: number): Promise<void> {
    this.#end = length;
    try {
      // Not before all that was sent has arrived: nothing may come after the close.
      await this.reached(Math.max(length, this.sent));
      await this.#owner.finish(length);
    } catch (error) {
      // What failed first is what counts; closing a stream that has failed only says that it is not open.
      const first = this.#error ?? TuttiError.from(error);
      this.fail(first);
      throw first;
    }
    this.#error = new TuttiError('CANCELLED', 'the stream is complete');
    this.#owner.drop();
  }

  /** For the pump: the next chunk, read into that buffer, which counts as sent from now on. */
  async take(into: Uint8Array): Promise<{ offset: number; bytes: Uint8Array } | undefined> {
    const offset = this.sent;
    // Cleared before reading: a wake during the read must not be forgotten.
    this.#hasMore = false;
    let length: number;
    try {
      length = await this.#source.read(offset, into);
    } catch (error) {
      this.fail(TuttiError.from(error));
      return undefined;
    }
    if (this.#error !== undefined) return undefined;
    const bytes = into.subarray(0, Math.min(length, Math.max(0, this.#end - offset)));
    if (bytes.byteLength === 0) return undefined;
    this.#hasMore = true;
    this.sent += bytes.byteLength;
    return { offset, bytes };
  }

  acknowledge(length: number): void {
    if (length <= this.length || length > this.sent) return;
    this.length = length;
    if (this.#error !== undefined) this.#dropWhenArrived();
    const reached = this.#waiting.filter((waiter) => waiter.length <= length);
    this.#waiting = this.#waiting.filter((waiter) => waiter.length > length);
    for (const waiter of reached) waiter.resolve();
  }

  fail(error: TuttiError): void {
    if (this.#error !== undefined) return;
    this.#error = error;
    for (const waiter of this.#waiting.splice(0)) waiter.reject(error);
    this.#dropWhenArrived();
  }

  /** What is on its way still counts at the receiver, so it has to count here. */
  #dropWhenArrived(): void {
    if (this.length === this.sent) this.#owner.drop();
  }

  get error(): TuttiError | undefined {
    return this.#error;
  }
}
