import { LIMITS, type StreamTarget, TuttiError } from '@tutti/protocol';
import { MemorySource, rejection, settled } from '@tutti/testkit';
import { describe, expect, test } from 'vitest';
import { OutgoingStreams } from '../../src/streams/outgoing.ts';
import { ID } from '../samples.ts';

const CHUNK = LIMITS.chunk.value;
const WINDOW = LIMITS.window.value;
const TARGET: StreamTarget = { to: 'log', member: ID, source: 'stdout', incarnation: 0 };
const GONE = new TuttiError('NOT_CONNECTED', 'gone');
const FULL = new TuttiError('DISK_FULL', 'no room');

const bytes = (length: number) => new Uint8Array(length).fill(7);

interface Sent {
  stream: number;
  offset: number;
  length: number;
}

/** A wire that writes down what it is given; the socket takes it at once, or with `flush` when it is `slow`. */
function setUp({ slow = false, length = 0 } = {}) {
  const sent: Sent[] = [];
  const closed: [number, number][] = [];
  const wire = {
    close: (_stream: number, _length: number): Promise<unknown> => Promise.resolve({}),
  };
  const pending: (() => void)[] = [];
  const streams = new OutgoingStreams({
    open: async () => ({ length }),
    close: (stream, at) => {
      closed.push([stream, at]);
      return wire.close(stream, at);
    },
    data: (stream, offset, chunk, flushed) => {
      sent.push({ stream, offset, length: chunk.byteLength });
      if (slow) pending.push(flushed);
      else flushed();
    },
  });
  const flush = async () => {
    for (const flushed of pending.splice(0)) flushed();
    await settled();
  };
  const total = (stream?: number) =>
    sent.reduce((sum, one) => (stream === undefined || one.stream === stream ? sum + one.length : sum), 0);
  const open = (source: MemorySource) => streams.open(TARGET, source);
  return { streams, wire, sent, closed, flush, total, open, pending: () => pending.length };
}

describe('chunks', () => {
  test('are at most 64 KiB, begin at the length the receiver has, and follow one another', async () => {
    const { sent, open } = setUp({ length: 1000 });
    await open(new MemorySource(bytes(1000 + 3 * CHUNK - 1)));
    await settled();
    expect(sent.map(({ offset, length }) => [offset, length])).toEqual([
      [1000, CHUNK],
      [1000 + CHUNK, CHUNK],
      [1000 + 2 * CHUNK, CHUNK - 1],
    ]);
  });

  test('are handed over one at a time, each when the socket has taken the one before', async () => {
    const { sent, open, flush, pending } = setUp({ slow: true });
    await open(new MemorySource(bytes(5 * CHUNK)));
    await open(new MemorySource(bytes(5 * CHUNK)));
    for (let count = 1; count <= 10; count += 1) {
      await settled();
      expect([sent.length, pending()]).toEqual([count, 1]);
      await flush();
    }
    expect(sent).toHaveLength(10);
  });

  test('of several streams take turns, also of one that is opened in between', async () => {
    const { sent, open, flush } = setUp({ slow: true });
    await Promise.all([1, 2].map(() => open(new MemorySource(bytes(WINDOW)))));
    for (let n = 0; n < 3; n += 1) await flush();
    await open(new MemorySource(bytes(WINDOW)));
    for (let n = 0; n < 6; n += 1) await flush();
    const order = sent.map(({ stream }) => stream);
    // The first chunk left while nobody else was there.
    expect(order.slice(1, 4)).toEqual([1, 2, 1]);
    for (let from = 4; from + 3 <= order.length; from += 1) {
      expect(new Set(order.slice(from, from + 3)).size).toBe(3);
    }
  });

  test('are read one ahead, while the one before leaves, and no further', async () => {
    const { open, flush } = setUp({ slow: true });
    const source = new MemorySource(bytes(10 * CHUNK));
    const reads: number[] = [];
    source.beforeRead = (offset) => {
      reads.push(offset);
    };
    await open(source);
    await settled();
    expect(reads).toEqual([0, CHUNK]);
    await flush();
    expect(reads).toEqual([0, CHUNK, 2 * CHUNK]);
  });
});

describe('the window', () => {
  test('stops all streams together at 1 MiB unacknowledged, and opens by what is acknowledged', async () => {
    const { streams, total, open } = setUp();
    await open(new MemorySource(bytes(2 * WINDOW)));
    await open(new MemorySource(bytes(2 * WINDOW)));
    await settled();
    expect(total()).toBe(WINDOW);
    streams.acknowledged(1, 1000);
    await settled();
    expect(total()).toBe(WINDOW + 1000);
    const second = total(2);
    streams.acknowledged(2, second);
    await settled();
    expect(total()).toBe(WINDOW + 1000 + second);
  });

  test('does not count the length that the receiver had before', async () => {
    const { total, open } = setUp({ length: 5 * WINDOW });
    await open(new MemorySource(bytes(7 * WINDOW)));
    await settled();
    expect(total()).toBe(WINDOW);
  });

  test('is not opened by an acknowledgement of what was not sent, or of less than before', async () => {
    const { streams, total, open } = setUp();
    const stream = await open(new MemorySource(bytes(3 * WINDOW)));
    await settled();
    streams.acknowledged(1, WINDOW + 1);
    streams.acknowledged(1, 3 * WINDOW);
    streams.acknowledged(99, 5);
    await settled();
    expect(total()).toBe(WINDOW);
    streams.acknowledged(1, 500);
    streams.acknowledged(1, 400);
    await settled();
    expect([total(), stream.length]).toEqual([WINDOW + 500, 500]);
  });

  test('still counts what is on its way from a stream whose source failed', async () => {
    const { streams, total, open } = setUp();
    const broken = new MemorySource(bytes(WINDOW));
    const half = WINDOW / 2;
    broken.beforeRead = (offset) => {
      if (offset >= half) throw new Error('EIO');
    };
    const stream = await open(broken);
    await settled();
    expect(stream.error).toMatchObject({ code: 'INTERNAL', message: 'EIO' });
    await open(new MemorySource(bytes(WINDOW)));
    await settled();
    expect([total(1), total(2)]).toEqual([half, half]);
    streams.acknowledged(1, half);
    await settled();
    expect([total(1), total(2)]).toEqual([half, WINDOW]);
    expect(streams.size).toBe(1);
  });

  test('does not count what the receiver has refused', async () => {
    const { streams, total, open } = setUp();
    const stream = await open(new MemorySource(bytes(2 * WINDOW)));
    await settled();
    await open(new MemorySource(bytes(WINDOW)));
    await settled();
    expect([total(1), total(2)]).toEqual([WINDOW, 0]);
    streams.refused(1, FULL);
    await settled();
    expect([total(1), total(2)]).toEqual([WINDOW, WINDOW]);
    expect(stream.error).toBe(FULL);
    expect(streams.size).toBe(1);
  });
});

describe('a source', () => {
  test('that has no more is read again when it is woken, and not before', async () => {
    const { sent, open } = setUp();
    const source = new MemorySource(bytes(10));
    let reads = 0;
    source.beforeRead = () => {
      reads += 1;
    };
    const stream = await open(source);
    await settled();
    expect([sent.length, reads]).toEqual([1, 2]);
    source.append(bytes(5));
    await settled();
    expect(sent).toHaveLength(1);
    stream.wake();
    await settled();
    expect(sent.map(({ offset, length }) => [offset, length])).toEqual([
      [0, 10],
      [10, 5],
    ]);
  });

  test('that grows while it is being read at its end is read again', async () => {
    const { sent, open } = setUp();
    const source = new MemorySource();
    const reading = Promise.withResolvers<void>();
    source.beforeRead = () => reading.promise;
    const stream = await open(source);
    await settled();
    source.append(bytes(5));
    stream.wake();
    source.beforeRead = () => {};
    reading.resolve();
    await settled();
    expect(sent).toEqual([{ stream: 1, offset: 0, length: 5 }]);
  });

  test('that fails ends its own stream only', async () => {
    const { total, open } = setUp();
    const [broken, good] = [new MemorySource(bytes(CHUNK)), new MemorySource(bytes(CHUNK))];
    broken.beforeRead = () => Promise.reject(new TuttiError('DISK_FULL', 'EIO'));
    const stream = await open(broken);
    const reached = rejection(stream.reached(1));
    await open(good);
    await settled();
    expect(await reached).toMatchObject({ code: 'DISK_FULL', message: 'EIO' });
    expect(await rejection(stream.finish(CHUNK))).toMatchObject({ code: 'DISK_FULL' });
    expect([total(1), total(2)]).toEqual([0, CHUNK]);
  });
});

describe('finish', () => {
  test('of an empty stream closes it at once, without a chunk', async () => {
    const { streams, sent, closed, open } = setUp();
    const stream = await open(new MemorySource());
    await stream.finish(0);
    expect(sent).toEqual([]);
    expect(closed).toEqual([[1, 0]]);
    expect(streams.size).toBe(0);
  });

  test('closes when the receiver has everything, once, and resolves when the close is answered', async () => {
    const { streams, wire, closed, open } = setUp();
    const answer = Promise.withResolvers<unknown>();
    wire.close = () => answer.promise;
    const stream = await open(new MemorySource(bytes(100)));
    let finished = false;
    const finishing = stream.finish(100).then(() => (finished = true));
    const again = stream.finish(100);
    await settled();
    expect(closed).toEqual([]);
    streams.acknowledged(1, 99);
    await settled();
    expect(closed).toEqual([]);
    streams.acknowledged(1, 100);
    await settled();
    expect(closed).toEqual([[1, 100]]);
    expect(finished).toBe(false);
    answer.resolve({});
    await Promise.all([finishing, again]);
    expect(closed).toHaveLength(1);
    expect(streams.size).toBe(0);
  });

  test('sends nothing of what the source has beyond', async () => {
    const { streams, total, closed, open } = setUp();
    const source = new MemorySource(bytes(100));
    let reads = 0;
    source.beforeRead = () => {
      reads += 1;
    };
    const stream = await open(source);
    await settled();
    source.append(bytes(50));
    const finishing = stream.finish(120);
    await settled();
    expect(total()).toBe(120);
    const before = reads;
    stream.wake();
    await settled();
    expect(reads).toBe(before);
    streams.acknowledged(1, 120);
    await finishing;
    stream.wake();
    await settled();
    expect(total()).toBe(120);
    expect(closed).toEqual([[1, 120]]);
  });

  test('holds back what a read that is under way brings from beyond', async () => {
    const { streams, sent, open } = setUp();
    const source = new MemorySource(bytes(150));
    const reading = Promise.withResolvers<void>();
    source.beforeRead = () => reading.promise;
    const stream = await open(source);
    const finishing = stream.finish(100);
    reading.resolve();
    await settled();
    expect(sent).toEqual([{ stream: 1, offset: 0, length: 100 }]);
    streams.acknowledged(1, 100);
    await finishing;
  });

  test('below what was sent closes only after all of it has arrived', async () => {
    const { streams, wire, closed, open } = setUp();
    wire.close = () => Promise.reject(new TuttiError('BAD_FRAME', 'closed at 100, but has 150 bytes'));
    const stream = await open(new MemorySource(bytes(150)));
    await settled();
    streams.acknowledged(1, 100);
    const finishing = rejection(stream.finish(100));
    await settled();
    expect(closed).toEqual([]);
    streams.acknowledged(1, 150);
    expect(await finishing).toMatchObject({ code: 'BAD_FRAME' });
  });

  test('that the receiver refuses fails the stream and leaves nothing behind', async () => {
    const { streams, wire, open } = setUp();
    const mismatch = new TuttiError('DIGEST_MISMATCH', 'not what was announced');
    wire.close = () => Promise.reject(mismatch);
    const stream = await open(new MemorySource());
    expect(await rejection(stream.finish(0))).toBe(mismatch);
    expect(stream.error).toBe(mismatch);
    expect(streams.size).toBe(0);
  });

  test('that is refused while its close is under way rejects with the refusal, not with what it led to', async () => {
    const { streams, wire, open } = setUp();
    const close = Promise.withResolvers<never>();
    wire.close = () => close.promise;
    const finishing = rejection((await open(new MemorySource())).finish(0));
    await settled();
    streams.refused(1, FULL);
    close.reject(new TuttiError('BAD_FRAME', 'stream 1 is not open any more'));
    expect(await finishing).toBe(FULL);
  });

  test('of a stream that was refused rejects with what refused it', async () => {
    const { streams, closed, open } = setUp();
    const stream = await open(new MemorySource(bytes(10)));
    await settled();
    const finishing = rejection(stream.finish(10));
    streams.refused(1, FULL);
    expect(await finishing).toBe(FULL);
    expect(closed).toEqual([]);
  });
});

describe('reached', () => {
  test('resolves for each waiter when its length is acknowledged', async () => {
    const { streams, open } = setUp();
    const stream = await open(new MemorySource(bytes(100)));
    await settled();
    const order: number[] = [];
    const waits = [80, 20, 0].map((length) => stream.reached(length).then(() => order.push(length)));
    await settled();
    expect(order).toEqual([0]);
    streams.acknowledged(1, 79);
    await settled();
    expect(order).toEqual([0, 20]);
    streams.acknowledged(1, 80);
    await Promise.all(waits);
    expect(order).toEqual([0, 20, 80]);
  });
});

describe('the end of the session', () => {
  test('rejects everybody who waits and reads no more', async () => {
    const { streams, sent, open } = setUp({ slow: true });
    const source = new MemorySource(bytes(10 * CHUNK));
    const stream = await open(source);
    await settled();
    const waits = [rejection(stream.reached(1)), rejection(stream.finish(10 * CHUNK))];
    streams.end(GONE);
    for (const wait of waits) expect(await wait).toBe(GONE);
    stream.wake();
    await settled();
    expect(sent).toHaveLength(1);
    expect(streams.size).toBe(0);
    expect(await rejection(stream.reached(1))).toBe(GONE);
  });

  test('also ends a stream that was just being opened', async () => {
    const { streams, sent, open } = setUp();
    const opening = rejection(open(new MemorySource(bytes(1))));
    streams.end(GONE);
    expect(await opening).toBe(GONE);
    await settled();
    expect([sent.length, streams.size]).toEqual([0, 0]);
  });
});
