/**
 * The receiving half of streams: bytes into sinks, acknowledged by length.
 *
 * Guarantees: what is acknowledged has been taken by the sink; chunks of one stream reach it in order, one
 * at a time; a peer that sends beyond its window, out of order or to a stream it did not open is cut off.
 * A sink that fails (a full disk) ends its own stream only: the sender is told why and may try again later.
 */
import { LIMITS, type StreamTarget, TuttiError } from '@tutti/protocol';

export interface StreamSink {
  /** Bytes already there: the sender continues at this offset. */
  readonly length: number;
  write(bytes: Uint8Array): Promise<void>;
  /**
   * All `length` bytes were written: make them last, verify them. When the answer is lost with its session, the
   * sender opens the stream again at its full length and closes it again.
   */
  finish(length: number): Promise<void>;
  /**
   * The stream ended early; comes at most once, never together with `finish`, and may come during a write.
   * What was written stays, so that it can go on later.
   */
  abort(): void;
}

/** Decides where a stream goes. Throws a `TuttiError` to refuse it. */
export type StreamAcceptor = (target: StreamTarget) => Promise<StreamSink> | StreamSink;

export interface IncomingWire {
  acknowledge(stream: number, length: number): void;
  refuse(stream: number, error: TuttiError): void;
}

/** Acknowledging at every chunk would double the number of messages; at a quarter window the sender never waits. */
const ACK_EVERY = LIMITS.window.value / 4;

interface Incoming {
  sink: StreamSink;
  /** Received, in order. */
  received: number;
  /** Taken by the sink. */
  written: number;
  acknowledged: number;
  queue: Uint8Array[];
  writing: Promise<void> | undefined;
  closing: boolean;
}

export class IncomingStreams {
  readonly #accept: StreamAcceptor;
  readonly #wire: IncomingWire;
  readonly #streams = new Map<number, Incoming>();
  /** Streams refused lately: chunks still on their way are dropped. */
  readonly #refused = new Set<number>();
  readonly #opening = new Set<number>();
  #ended = false;

  constructor(accept: StreamAcceptor, wire: IncomingWire) {
    this.#accept = accept;
    this.#wire = wire;
  }

  async open(id: number, target: StreamTarget): Promise<{ length: number }> {
    if (this.#streams.size + this.#opening.size >= LIMITS.openStreams.value) {
      throw new TuttiError(
        'TOO_MANY_CALLS',
        `more than ${LIMITS.openStreams.value} open streams in one session`,
      );
    }
    if (this.#streams.has(id) || this.#opening.has(id))
      throw new TuttiError('BAD_FRAME', `stream ${id} is open already`);
    this.#opening.add(id);
    try {
      const sink = await this.#accept(target);
      if (this.#ended) {
        sink.abort();
        throw new TuttiError('NOT_CONNECTED', 'the session is closed');
      }
      const { length } = sink;
      this.#refused.delete(id);
      this.#streams.set(id, {
        sink,
        received: length,
        written: length,
        acknowledged: length,
        queue: [],
        writing: undefined,
        closing: false,
      });
      return { length };
    } finally {
      this.#opening.delete(id);
    }
  }

  /** Throws `BAD_FRAME` for what only a broken peer sends. */
  data(id: number, offset: number, bytes: Uint8Array): void {
    const stream = this.#streams.get(id);
    if (stream === undefined) {
      if (this.#refused.has(id)) return;
      throw new TuttiError('BAD_FRAME', `data for stream ${id}, which is not open`);
    }
    if (stream.closing) throw new TuttiError('BAD_FRAME', `data for stream ${id} after its close`);
    if (offset !== stream.received) {
      throw new TuttiError(
        'BAD_FRAME',
        `data for stream ${id} at ${offset}, where ${stream.received} was due`,
      );
    }
    // Empty ones would fill the queue without ever filling the window.
    if (bytes.byteLength === 0 || bytes.byteLength > LIMITS.chunk.value) {
      throw new TuttiError('BAD_FRAME', `a chunk of ${bytes.byteLength} bytes`);
    }
    stream.received += bytes.byteLength;
    stream.queue.push(bytes);
    if (this.#unacknowledged() > LIMITS.window.value) {
      throw new TuttiError('BAD_FRAME', `more than ${LIMITS.window.value} unacknowledged bytes`);
    }
    stream.writing ??= this.#write(id, stream);
  }

  async close(id: number, length: number): Promise<void> {
    const stream = this.#streams.get(id);
    if (stream === undefined || stream.closing) throw new TuttiError('BAD_FRAME', `stream ${id} is not open`);
    stream.closing = true;
    await stream.writing;
    // Its sink may have failed, or the session ended, meanwhile.
    if (!this.#streams.delete(id)) throw new TuttiError('BAD_FRAME', `stream ${id} is not open any more`);
    if (stream.written !== length) {
      stream.sink.abort();
      throw new TuttiError('BAD_FRAME', `stream ${id} closed at ${length}, but has ${stream.written} bytes`);
    }
    await stream.sink.finish(length);
  }

  /** The session is gone. */
  end(): void {
    this.#ended = true;
    for (const stream of this.#streams.values()) {
      stream.queue.length = 0;
      stream.sink.abort();
    }
    this.#streams.clear();
  }

  get size(): number {
    return this.#streams.size;
  }

  async #write(id: number, stream: Incoming): Promise<void> {
    try {
      for (let bytes = stream.queue.shift(); bytes !== undefined; bytes = stream.queue.shift()) {
        await stream.sink.write(bytes);
        stream.written += bytes.byteLength;
        if (stream.queue.length === 0 || stream.written - stream.acknowledged >= ACK_EVERY) {
          stream.acknowledged = stream.written;
          if (!this.#ended) this.#wire.acknowledge(id, stream.written);
        }
      }
      stream.writing = undefined;
    } catch (error) {
      if (this.#ended) return;
      this.#streams.delete(id);
      this.#forgetLater(id);
      stream.sink.abort();
      this.#wire.refuse(id, TuttiError.from(error));
    }
  }

  #forgetLater(id: number): void {
    this.#refused.add(id);
    const [oldest] = this.#refused;
    if (this.#refused.size > LIMITS.openStreams.value && oldest !== undefined) this.#refused.delete(oldest);
  }

  #unacknowledged(): number {
    let sum = 0;
    for (const stream of this.#streams.values()) sum += stream.received - stream.acknowledged;
    return sum;
  }
}
