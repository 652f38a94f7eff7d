import { LIMITS, type StreamTarget, TuttiError } from '@tutti/protocol';
import { MemorySink, rejection, settled } from '@tutti/testkit';
import { describe, expect, test } from 'vitest';
import { IncomingStreams, type StreamAcceptor } from '../../src/streams/incoming.ts';
import { ID } from '../samples.ts';

const CHUNK = LIMITS.chunk.value;
const WINDOW = LIMITS.window.value;
const TARGET: StreamTarget = { to: 'log', member: ID, source: 'stdout', incarnation: 0 };

const bytes = (length: number) => new Uint8Array(length).fill(7);

/** A door that gives the given sinks in order, and a wire that writes down what is told to the sender. */
function setUp(...sinks: MemorySink[]) {
  const acks: [number, number][] = [];
  const refusals: [number, string][] = [];
  const waiting = [...sinks];
  const accept: StreamAcceptor = () => {
    const sink = waiting.shift();
    if (sink === undefined) throw new TuttiError('NO_SUCH_MEMBER', 'not known here');
    return sink;
  };
  const streams = new IncomingStreams(accept, {
    acknowledge: (stream, length) => acks.push([stream, length]),
    refuse: (stream, error) => refusals.push([stream, error.code]),
  });
  return { streams, acks, refusals };
}

/** A sink whose writes wait until they are let go. */
function slowSink() {
  const sink = new MemorySink();
  const writes: PromiseWithResolvers<void>[] = [];
  sink.beforeWrite = () => {
    const write = Promise.withResolvers<void>();
    writes.push(write);
    return write.promise;
  };
  return { sink, writes };
}

const badFrame = expect.objectContaining({ code: 'BAD_FRAME' }) as Error;

describe('what is acknowledged', () => {
  test('has been taken by the sink', async () => {
    const { sink, writes } = slowSink();
    const { streams, acks } = setUp(sink);
    expect(await streams.open(1, TARGET)).toEqual({ length: 0 });
    streams.data(1, 0, bytes(100));
    await settled();
    expect(acks).toEqual([]);
    writes[0]?.resolve();
    await settled();
    expect(acks).toEqual([[1, 100]]);
    expect(sink.file.length).toBe(100);
  });

  test('counts from the length the sink had before', async () => {
    const sink = new MemorySink();
    sink.file.append(bytes(500));
    const { streams, acks } = setUp(new MemorySink(sink.file));
    expect(await streams.open(1, TARGET)).toEqual({ length: 500 });
    streams.data(1, 500, bytes(1));
    await settled();
    expect(acks).toEqual([[1, 501]]);
  });

  test('is told once for a burst, but at least every quarter of the window', async () => {
    const { sink, writes } = slowSink();
    const { streams, acks } = setUp(sink);
    await streams.open(1, TARGET);
    for (let offset = 0; offset < WINDOW; offset += CHUNK) streams.data(1, offset, bytes(CHUNK));
    while (acks.at(-1)?.[1] !== WINDOW) {
      writes.at(-1)?.resolve();
      await settled();
    }
    expect(acks.map(([, length]) => length)).toEqual([WINDOW / 4, WINDOW / 2, (3 * WINDOW) / 4, WINDOW]);
  });
});

test('chunks reach a sink in order and one at a time', async () => {
  const { sink, writes } = slowSink();
  const { streams } = setUp(sink);
  await streams.open(1, TARGET);
  streams.data(1, 0, Uint8Array.of(1));
  streams.data(1, 1, Uint8Array.of(2));
  streams.data(1, 2, Uint8Array.of(3));
  for (let n = 1; n <= 3; n += 1) {
    await settled();
    expect(writes).toHaveLength(n);
    writes[n - 1]?.resolve();
  }
  await settled();
  expect([...sink.file.bytes]).toEqual([1, 2, 3]);
});

describe('a peer is cut off that sends', () => {
  const cases: [string, (streams: IncomingStreams) => void][] = [
    ['for a stream it did not open', (streams) => streams.data(2, 0, bytes(1))],
    ['out of order', (streams) => streams.data(1, 1, bytes(1))],
    [
      'that came already',
      (streams) => {
        streams.data(1, 0, bytes(1));
        streams.data(1, 0, bytes(1));
      },
    ],
    ['in a chunk that is too large', (streams) => streams.data(1, 0, bytes(CHUNK + 1))],
    ['in an empty chunk', (streams) => streams.data(1, 0, bytes(0))],
    [
      'after it closed the stream',
      (streams) => {
        streams.close(1, 0).catch(() => {});
        streams.data(1, 0, bytes(1));
      },
    ],
  ];
  for (const [what, violate] of cases) {
    test(`bytes ${what}`, async () => {
      const { streams } = setUp(new MemorySink());
      await streams.open(1, TARGET);
      expect(() => violate(streams)).toThrow(badFrame);
    });
  }

  test('one byte more than the window to slow sinks, all streams taken together', async () => {
    const [one, two] = [slowSink(), slowSink()];
    const { streams } = setUp(one.sink, two.sink);
    await streams.open(1, TARGET);
    await streams.open(2, TARGET);
    for (let offset = 0; offset < WINDOW / 2; offset += CHUNK) {
      streams.data(1, offset, bytes(CHUNK));
      streams.data(2, offset, bytes(CHUNK));
    }
    expect(() => streams.data(1, WINDOW / 2, bytes(1))).toThrow(badFrame);
  });
});

describe('a sink that fails', () => {
  test('ends its own stream only, the sender is told why, and chunks on their way are dropped', async () => {
    const [bad, good] = [new MemorySink(), new MemorySink()];
    bad.beforeWrite = () => {
      throw new TuttiError('DISK_FULL', 'no room');
    };
    const { streams, acks, refusals } = setUp(bad, good);
    await streams.open(1, TARGET);
    await streams.open(2, TARGET);
    streams.data(1, 0, bytes(10));
    streams.data(1, 10, bytes(10));
    await settled();
    streams.data(1, 20, bytes(10));
    streams.data(2, 0, bytes(10));
    await settled();
    expect(refusals).toEqual([[1, 'DISK_FULL']]);
    expect(acks).toEqual([[2, 10]]);
    expect([bad.ended, good.ended, bad.chunks.length]).toEqual(['aborted', undefined, 1]);
    expect(streams.size).toBe(1);
  });

  test('may be replaced by opening the stream again', async () => {
    const [bad, good] = [new MemorySink(), new MemorySink()];
    bad.beforeWrite = () => Promise.reject(new Error('EIO'));
    const { streams, acks } = setUp(bad, good);
    await streams.open(1, TARGET);
    streams.data(1, 0, bytes(10));
    await settled();
    await streams.open(1, TARGET);
    streams.data(1, 0, bytes(10));
    await settled();
    expect(acks).toEqual([[1, 10]]);
  });

  test('is remembered for as many streams as may be open, and then forgotten', async () => {
    const count = LIMITS.openStreams.value + 1;
    const sinks = Array.from({ length: count }, () => {
      const sink = new MemorySink();
      sink.beforeWrite = () => Promise.reject(new Error('EIO'));
      return sink;
    });
    const { streams, refusals } = setUp(...sinks);
    for (let id = 0; id < count; id += 1) {
      await streams.open(id, TARGET);
      streams.data(id, 0, bytes(1));
      await settled();
    }
    expect(refusals).toHaveLength(count);
    expect(() => streams.data(1, 1, bytes(1))).not.toThrow();
    expect(() => streams.data(0, 1, bytes(1))).toThrow(badFrame);
  });
});

describe('opening', () => {
  test('is refused with the reason of who accepts', async () => {
    const { streams } = setUp();
    expect(await rejection(streams.open(1, TARGET))).toMatchObject({ code: 'NO_SUCH_MEMBER' });
    expect(streams.size).toBe(0);
    expect(() => streams.data(1, 0, bytes(1))).toThrow(badFrame);
  });

  test('under a number that is open, or being opened, is refused, and the first one lives', async () => {
    const [first, second] = [new MemorySink(), new MemorySink()];
    const { streams } = setUp(first, second);
    const opening = streams.open(1, TARGET);
    expect(await rejection(streams.open(1, TARGET))).toMatchObject({ code: 'BAD_FRAME' });
    await opening;
    expect(await rejection(streams.open(1, TARGET))).toMatchObject({ code: 'BAD_FRAME' });
    streams.data(1, 0, bytes(5));
    await settled();
    expect([first.file.length, second.file.length, streams.size]).toEqual([5, 0, 1]);
  });

  test('more streams than a session may have, those being opened included, is refused', async () => {
    const most = LIMITS.openStreams.value;
    const gates: PromiseWithResolvers<MemorySink>[] = [];
    const streams = new IncomingStreams(
      () => {
        const gate = Promise.withResolvers<MemorySink>();
        gates.push(gate);
        return gate.promise;
      },
      { acknowledge: () => {}, refuse: () => {} },
    );
    const opening = Array.from({ length: most }, (_, id) => streams.open(id, TARGET));
    expect(await rejection(streams.open(most, TARGET))).toMatchObject({ code: 'TOO_MANY_CALLS' });
    for (const gate of gates) gate.resolve(new MemorySink());
    await Promise.all(opening);
    expect(await rejection(streams.open(most, TARGET))).toMatchObject({ code: 'TOO_MANY_CALLS' });
    await streams.close(7, 0);
    const reopening = streams.open(most, TARGET);
    gates.at(-1)?.resolve(new MemorySink());
    expect(await reopening).toEqual({ length: 0 });
  });
});

describe('closing', () => {
  test('waits for what is being written, then finishes the sink', async () => {
    const { sink, writes } = slowSink();
    const { streams } = setUp(sink);
    await streams.open(1, TARGET);
    streams.data(1, 0, bytes(10));
    const closing = streams.close(1, 10);
    await settled();
    expect(sink.ended).toBeUndefined();
    writes[0]?.resolve();
    await closing;
    expect([sink.ended, streams.size]).toEqual(['finished', 0]);
  });

  test('an empty stream finishes its sink', async () => {
    const sink = new MemorySink();
    const { streams } = setUp(sink);
    await streams.open(1, TARGET);
    await streams.close(1, 0);
    expect(sink.ended).toBe('finished');
  });

  test('at another length than it has is BAD_FRAME and ends the stream', async () => {
    const sink = new MemorySink();
    const { streams } = setUp(sink);
    await streams.open(1, TARGET);
    streams.data(1, 0, bytes(10));
    expect(await rejection(streams.close(1, 9))).toMatchObject({
      code: 'BAD_FRAME',
      message: 'stream 1 closed at 9, but has 10 bytes',
    });
    expect([sink.ended, streams.size]).toEqual(['aborted', 0]);
  });

  test('fails with what the sink finds wrong', async () => {
    const sink = new MemorySink();
    sink.finish = () => Promise.reject(new TuttiError('DIGEST_MISMATCH', 'not what was announced'));
    const { streams } = setUp(sink);
    await streams.open(1, TARGET);
    expect(await rejection(streams.close(1, 0))).toMatchObject({ code: 'DIGEST_MISMATCH' });
    expect(streams.size).toBe(0);
  });

  test('twice, or what is not open, is BAD_FRAME and finishes nothing again', async () => {
    const { sink, writes } = slowSink();
    const { streams } = setUp(sink);
    await streams.open(1, TARGET);
    streams.data(1, 0, bytes(10));
    const closing = streams.close(1, 10);
    expect(await rejection(streams.close(1, 10))).toMatchObject({ code: 'BAD_FRAME' });
    expect(await rejection(streams.close(2, 0))).toMatchObject({ code: 'BAD_FRAME' });
    writes[0]?.resolve();
    await closing;
    expect(await rejection(streams.close(1, 10))).toMatchObject({ code: 'BAD_FRAME' });
    expect(sink.ended).toBe('finished');
  });
});

describe('the end of the session', () => {
  test('aborts every sink once, also one that is writing and fails at it afterwards', async () => {
    const { sink, writes } = slowSink();
    const idle = new MemorySink();
    const { streams, acks, refusals } = setUp(sink, idle);
    await streams.open(1, TARGET);
    await streams.open(2, TARGET);
    streams.data(1, 0, bytes(10));
    streams.data(1, 10, bytes(10));
    streams.end();
    expect([sink.ended, idle.ended]).toEqual(['aborted', 'aborted']);
    writes[0]?.reject(new Error('EIO'));
    await settled();
    expect([acks, refusals, writes.length, streams.size]).toEqual([[], [], 1, 0]);
  });

  test('writes nothing more of what was queued', async () => {
    const { sink, writes } = slowSink();
    const { streams, acks } = setUp(sink);
    await streams.open(1, TARGET);
    streams.data(1, 0, bytes(10));
    streams.data(1, 10, bytes(10));
    streams.end();
    writes[0]?.resolve();
    await settled();
    expect([writes.length, acks]).toEqual([1, []]);
  });

  test('aborts the sink of a stream that was just being opened', async () => {
    const gate = Promise.withResolvers<MemorySink>();
    const streams = new IncomingStreams(() => gate.promise, { acknowledge: () => {}, refuse: () => {} });
    const opening = rejection(streams.open(1, TARGET));
    streams.end();
    const sink = new MemorySink();
    gate.resolve(sink);
    expect(await opening).toMatchObject({ code: 'NOT_CONNECTED' });
    expect([sink.ended, streams.size]).toEqual(['aborted', 0]);
  });

  test('does not finish a sink whose stream was being closed', async () => {
    const { sink, writes } = slowSink();
    const { streams } = setUp(sink);
    await streams.open(1, TARGET);
    streams.data(1, 0, bytes(10));
    const closing = rejection(streams.close(1, 10));
    streams.end();
    writes[0]?.resolve();
    expect(await closing).toMatchObject({ code: 'BAD_FRAME' });
    expect(sink.ended).toBe('aborted');
  });
});
