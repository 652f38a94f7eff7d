/** Streams over sessions over a network: whatever happens on the way, the receiver ends up with exactly the bytes. */
import { decode, LIMITS, type StreamTarget, TuttiError } from '@tutti/protocol';
import {
  connectedSessions,
  FakeClock,
  MemoryFile,
  MemorySink,
  MemorySource,
  type MemoryWire,
  rejection,
  seededRandom,
  settled,
} from '@tutti/testkit';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Session } from '../../src/session.ts';
import { agentWithRawMaster, masterWithRawAgent } from '../raw-peer.ts';
import { ID, setKey } from '../samples.ts';

const IDLE = { pending: 0, serving: 0, outgoing: 0, incoming: 0 };
const CHUNK = LIMITS.chunk.value;
const WINDOW = LIMITS.window.value;

const target = (n: number): StreamTarget => ({ to: 'log', member: ID, source: 'stdout', incarnation: n });

function bytesOf(seed: number, length: number): Buffer {
  const random = seededRandom(seed);
  return Buffer.from(Array.from({ length }, () => Math.floor(random() * 256)));
}

interface Plan {
  /** Sizes of what each file grows by, in turn; `up`: from the dialled side to the master. */
  files: { up: boolean; pieces: number[] }[];
  /** After how many ms each session is cut; the last one is not. */
  cuts: number[];
  slowest: { network: number; source: number; sink: number };
  seed: number;
}

const plan: fc.Arbitrary<Plan> = fc.record({
  files: fc.array(
    fc.record({
      up: fc.boolean(),
      pieces: fc.array(
        fc.oneof(
          fc.integer({ min: 0, max: 100 }),
          fc.integer({ min: 0, max: 4 * CHUNK }),
          fc.constantFrom(CHUNK - 1, CHUNK, CHUNK + 1),
        ),
        { maxLength: 5 },
      ),
    }),
    { minLength: 1, maxLength: 6 },
  ),
  cuts: fc.array(fc.integer({ min: 0, max: 200 }), { maxLength: 5 }),
  slowest: fc.record({
    network: fc.integer({ min: 0, max: 20 }),
    source: fc.integer({ min: 0, max: 3 }),
    sink: fc.integer({ min: 0, max: 10 }),
  }),
  seed: fc.integer(),
});

/** Looks at every frame of one direction: chunks within bounds, never more than the window on its way. */
class Inspector {
  largest = 0;
  /** Bytes sent and not acknowledged when the last chunk was sent. */
  mostUnacknowledged = 0;
  readonly #opened = new Map<number, number>();
  readonly #sent = new Map<number, number>();
  readonly #acknowledged = new Map<number, number>();

  constructor(data: MemoryWire, acknowledgements: MemoryWire) {
    tap(data, (bytes) => {
      const envelope = decode(bytes);
      if (envelope.kind !== 'data') return;
      const { stream, offset, bytes: chunk } = envelope;
      this.largest = Math.max(this.largest, chunk.byteLength);
      if (!this.#opened.has(stream)) this.#opened.set(stream, offset);
      this.#sent.set(stream, offset + chunk.byteLength);
      this.mostUnacknowledged = Math.max(this.mostUnacknowledged, this.#unacknowledged());
    });
    tap(acknowledgements, (bytes) => {
      const envelope = decode(bytes);
      if (envelope.kind !== 'event' || envelope.name !== 'stream.ack') return;
      const { stream, length } = envelope.params as { stream: number; length: number };
      this.#acknowledged.set(stream, length);
    });
  }

  #unacknowledged(): number {
    let sum = 0;
    for (const [stream, sent] of this.#sent) {
      sum += sent - (this.#acknowledged.get(stream) ?? this.#opened.get(stream) ?? 0);
    }
    return sum;
  }
}

/** Lets a test see each message of a wire as it leaves. */
function tap(wire: MemoryWire, see: (bytes: Uint8Array) => void): void {
  const { drop } = wire.faults;
  wire.faults.drop = (bytes) => {
    see(bytes);
    return drop?.(bytes) ?? false;
  };
}

class Replication {
  readonly clock = new FakeClock();
  readonly inspectors: Inspector[] = [];
  readonly sinks: MemorySink[] = [];
  /** Why a session ended or a stream failed that nobody cut. */
  readonly surprises: unknown[] = [];
  /** What `debugState` of both ends says after each session. */
  readonly leftovers: ReturnType<Session['debugState']>[] = [];
  readonly files: { up: boolean; source: MemorySource; whole: Buffer; copy: MemoryFile; done: boolean }[];
  readonly #plan: Plan;
  readonly #random: () => number;

  constructor(one: Plan) {
    this.#plan = one;
    this.#random = seededRandom(one.seed);
    this.files = one.files.map(({ up, pieces }, n) => {
      const whole = bytesOf(
        one.seed + n,
        pieces.reduce((sum, size) => sum + size, 0),
      );
      const source = new MemorySource();
      source.beforeRead = () => this.#wait(one.slowest.source);
      let [at, when] = [0, 0];
      for (const size of pieces) {
        const piece = whole.subarray(at, at + size);
        at += size;
        this.clock.after(when, () => source.append(piece));
        when += 20 * this.#random();
      }
      return { up, source, whole, copy: new MemoryFile(), done: false };
    });
  }

  async run(): Promise<void> {
    for (const cut of this.#plan.cuts) {
      const { pair, dialled, master } = this.#connect();
      await this.clock.pass(cut);
      this.#notice(dialled.closed, master.closed);
      pair.cut();
      await settled();
      this.leftovers.push(dialled.debugState(), master.debugState());
    }
    const { dialled, master } = this.#connect();
    for (let n = 0; n < 1000 && this.files.some(({ done }) => !done); n += 1) await this.clock.pass(50);
    this.#notice(dialled.closed, master.closed);
    this.leftovers.push(dialled.debugState(), master.debugState());
  }

  #notice(...closed: (TuttiError | undefined)[]): void {
    this.surprises.push(...closed.filter((why) => why !== undefined));
  }

  #connect() {
    const accept = (to: StreamTarget) => {
      const file = this.files[to.to === 'log' ? to.incarnation : -1];
      if (file === undefined) throw new TuttiError('NO_SUCH_MEMBER', 'no such file');
      const sink = new MemorySink(file.copy);
      sink.beforeWrite = () => this.#wait(this.#plan.slowest.sink);
      this.sinks.push(sink);
      return sink;
    };
    const { network } = this.#plan.slowest;
    const ends = connectedSessions('agent', {
      clock: this.clock,
      faults: { delayMs: () => Math.floor(this.#random() * network) },
      dialled: { accept },
      master: { accept },
    });
    const { leftToRight, rightToLeft } = ends.pair;
    this.inspectors.push(new Inspector(leftToRight, rightToLeft), new Inspector(rightToLeft, leftToRight));
    this.files.forEach((file, n) => {
      if (!file.done) void this.#ship(file.up ? ends.dialled : ends.master, n);
    });
    return ends;
  }

  async #ship(session: Pick<Session, 'openStream'>, n: number): Promise<void> {
    const file = this.files[n]!;
    try {
      const stream = await session.openStream(target(n), file.source);
      // It is told of growth, late and at odd times.
      const wake = () => {
        if (stream.error !== undefined) return;
        stream.wake();
        this.clock.after(1 + this.#random() * 30, wake);
      };
      wake();
      await stream.finish(file.whole.byteLength);
      file.done = true;
    } catch (error) {
      if (TuttiError.from(error).code !== 'NOT_CONNECTED') this.surprises.push(error);
    }
  }

  #wait(most: number): Promise<void> {
    const ms = Math.floor(this.#random() * (most + 1));
    return new Promise((resolve) => {
      if (ms === 0) resolve();
      else this.clock.after(ms, resolve);
    });
  }
}

test('cut at any point and continued, in both directions at once, the copies are exactly the files', async () => {
  await fc.assert(
    fc.asyncProperty(plan, async (one) => {
      const replication = new Replication(one);
      await replication.run();
      expect(replication.surprises).toEqual([]);
      for (const left of replication.leftovers) expect(left).toEqual(IDLE);
      for (const { done, whole, copy } of replication.files) {
        expect(done).toBe(true);
        expect(copy.bytes.equals(whole)).toBe(true);
      }
      for (const { largest, mostUnacknowledged } of replication.inspectors) {
        expect(largest).toBeLessThanOrEqual(CHUNK);
        expect(mostUnacknowledged).toBeLessThanOrEqual(WINDOW);
      }
      expect(replication.sinks.every(({ ended }) => ended !== undefined)).toBe(true);
      for (const { copy } of replication.files) {
        // An earlier one may be finished too: the answer to its close was lost, so the stream came again.
        expect(replication.sinks.findLast(({ file }) => file === copy)?.ended).toBe('finished');
      }
    }),
    { numRuns: 40 },
  );
}, 60_000);

test('the window is filled, and never overfilled, when the sinks are slower than the network', async () => {
  const replication = new Replication({
    files: Array.from({ length: 4 }, () => ({ up: true, pieces: [10 * CHUNK] })),
    cuts: [],
    slowest: { network: 1, source: 0, sink: 40 },
    seed: 1,
  });
  await replication.run();
  expect(replication.inspectors[0]?.mostUnacknowledged).toBe(WINDOW);
});

describe('bulk and control', () => {
  test('a call made while bulk flows over a slow socket waits behind one chunk at most', async () => {
    const { session, peer, pair } = agentWithRawMaster();
    const opening = session.openStream(target(0), new MemorySource(Buffer.alloc(WINDOW)));
    await settled();
    pair.leftToRight.hold();
    await peer.say({ kind: 'result', id: peer.only('call').id, result: { length: 0 } });
    await opening;
    expect(pair.leftToRight.held).toBeGreaterThanOrEqual(CHUNK);
    const calling = rejection(session.call('sync.set', setKey(1)));
    session.ping();
    pair.leftToRight.release();
    await settled();
    const kinds = peer.heard.slice(1).map(({ kind }) => kind);
    expect(kinds.slice(0, 4)).toEqual(['data', 'call', 'event', 'data']);
    expect(kinds.filter((kind) => kind === 'data')).toHaveLength(WINDOW / CHUNK);
    pair.cut();
    expect(await calling).toMatchObject({ code: 'NOT_CONNECTED' });
  });

  test('streams opened by many members share the line chunk by chunk', async () => {
    const { session, peer, pair } = agentWithRawMaster();
    const count = 5;
    const opening = Array.from({ length: count }, (_, n) =>
      session.openStream(target(n), new MemorySource(Buffer.alloc(3 * CHUNK))),
    );
    await settled();
    pair.leftToRight.hold();
    await peer.say(
      ...peer.of('call').map(({ id }) => ({ kind: 'result' as const, id, result: { length: 0 } })),
    );
    await Promise.all(opening);
    pair.leftToRight.release();
    await settled();
    const order = peer.of('data').map(({ stream }) => stream);
    expect(order).toHaveLength(3 * count);
    // The first chunk left while nobody else was there; that stream is the first to be through.
    for (let from = 1; from + count <= 2 * count + 1; from += 1) {
      expect(new Set(order.slice(from, from + count)).size).toBe(count);
    }
  });
});

describe('over a session', () => {
  const slow = () => {
    const sink = new MemorySink();
    sink.beforeWrite = () => new Promise(() => {});
    return sink;
  };

  test('a sink that fails is told to the sender, and other streams and calls go on', async () => {
    const [bad, good] = [new MemorySink(), new MemorySink()];
    bad.beforeWrite = () => Promise.reject(new TuttiError('DISK_FULL', 'no room on /var'));
    const sinks = [bad, good];
    const { dialled, master } = connectedSessions('agent', { master: { accept: () => sinks.shift()! } });
    const failing = await dialled.openStream(target(0), new MemorySource(Buffer.alloc(3 * WINDOW)));
    const going = await dialled.openStream(target(1), new MemorySource(Buffer.alloc(3 * WINDOW)));
    expect(await rejection(failing.finish(3 * WINDOW))).toMatchObject({
      code: 'DISK_FULL',
      message: 'no room on /var',
    });
    await going.finish(3 * WINDOW);
    expect(good.file.length).toBe(3 * WINDOW);
    expect([dialled.closed, master.closed]).toEqual([undefined, undefined]);
  });

  test('a stream that is refused at the door rejects its opening', async () => {
    const { dialled } = connectedSessions('agent', {
      master: { accept: () => Promise.reject(new TuttiError('NO_SUCH_MEMBER', 'given up')) },
    });
    expect(await rejection(dialled.openStream(target(0), new MemorySource()))).toMatchObject({
      code: 'NO_SUCH_MEMBER',
    });
    expect(dialled.debugState()).toEqual(IDLE);
  });

  const open = {
    kind: 'call',
    id: 1,
    name: 'stream.open',
    params: { stream: 1, target: target(0) },
  } as const;
  const data = (stream: number, offset: number, length: number) =>
    ({ kind: 'data', stream, offset, bytes: new Uint8Array(length) }) as const;
  const violations: [string, ReturnType<typeof data>[]][] = [
    ['sends to a stream it did not open', [data(2, 0, 1)]],
    ['leaves out a byte', [data(1, 1, 1)]],
    ['sends an empty chunk', [data(1, 0, 0)]],
    ['sends a chunk that is too large', [data(1, 0, CHUNK + 1)]],
    ['sends beyond its window', Array.from({ length: 17 }, (_, n) => data(1, n * CHUNK, CHUNK))],
  ];
  for (const [what, frames] of violations) {
    test(`a peer that ${what} is cut off and told so`, async () => {
      const sink = slow();
      const { session, peer } = masterWithRawAgent({ accept: () => sink });
      await peer.say(open);
      await peer.say(...frames);
      expect(session.closed).toMatchObject({ code: 'BAD_FRAME' });
      expect(peer.closed).toMatchObject({ code: 'BAD_FRAME' });
      expect(sink.ended).toBe('aborted');
    });
  }

  test('an acknowledgement or refusal of a stream that nobody sends is ignored', async () => {
    const { session, peer } = agentWithRawMaster();
    await peer.say(
      { kind: 'event', name: 'stream.ack', params: { stream: 9, length: 5 } },
      { kind: 'event', name: 'stream.refused', params: { stream: 9, code: 'DISK_FULL', message: '' } },
    );
    expect(session.closed).toBeUndefined();
  });

  test('a refusal with a code from the future is INTERNAL, with its message', async () => {
    const { session, peer } = agentWithRawMaster();
    const opening = session.openStream(target(0), new MemorySource(Buffer.alloc(5)));
    await settled();
    await peer.say({ kind: 'result', id: peer.only('call').id, result: { length: 0 } });
    const stream = await opening;
    await peer.say({
      kind: 'event',
      name: 'stream.refused',
      params: { stream: stream.id, code: 'FLOOD', message: 'wet' },
    });
    expect(stream.error).toMatchObject({ code: 'INTERNAL', message: 'wet' });
  });

  test('the end of the session rejects who waits for a stream, and aborts its sink', async () => {
    const sink = slow();
    const { dialled, master, pair } = connectedSessions('agent', { master: { accept: () => sink } });
    const stream = await dialled.openStream(target(0), new MemorySource(Buffer.alloc(5)));
    const finishing = rejection(stream.finish(5));
    await settled();
    pair.cut();
    expect(await finishing).toMatchObject({ code: 'NOT_CONNECTED' });
    expect(sink.ended).toBe('aborted');
    expect([dialled.debugState(), master.debugState()]).toEqual([IDLE, IDLE]);
  });
});
