import fc from 'fast-check';
import { Packr } from 'msgpackr';
import { describe, expect, test } from 'vitest';
import { dataHead, decode, type Envelope, encode, LIMITS, TuttiError } from '../src/index.ts';
import { anyEnvelope } from './arbitrary-value.ts';

const packr = new Packr({ useRecords: false, variableMapSize: true });

/** Byte strings come back as Buffers, which are Uint8Arrays with another name. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Uint8Array.from(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}

function hex(text: string): Uint8Array {
  return Uint8Array.fromHex(text.replaceAll(' ', ''));
}

function refusal(bytes: Uint8Array): string {
  try {
    decode(bytes);
  } catch (error) {
    if (error instanceof TuttiError) return error.code;
    throw error;
  }
  throw new Error('was accepted');
}

describe('round trip', () => {
  test('the head of a data envelope with its bytes behind it is that envelope', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 32 - 1), fc.maxSafeNat(), fc.uint8Array(), (stream, offset, bytes) => {
        const frame = Buffer.concat([dataHead(stream, offset, bytes.byteLength), bytes]);
        expect(plain(decode(frame))).toEqual({ kind: 'data', stream, offset, bytes });
      }),
    );
  });

  test('every envelope comes back as it went', () => {
    fc.assert(
      fc.property(anyEnvelope, (envelope) => {
        expect(plain(decode(encode(envelope)))).toEqual(plain(envelope));
      }),
      { numRuns: 1000 },
    );
  });

  test('a field that is undefined is not sent', () => {
    const sent: Envelope = { kind: 'event', name: 'x', params: { here: 1, gone: undefined } };
    expect(decode(encode(sent))).toEqual({ kind: 'event', name: 'x', params: { here: 1 } });
    expect(Object.keys((decode(encode(sent)) as { params: object }).params)).toEqual(['here']);
  });

  test('encoding one envelope does not disturb the bytes of another', () => {
    const first = encode({ kind: 'event', name: 'first', params: {} });
    const kept = Uint8Array.from(first);
    for (let id = 0; id < 1000; id += 1) encode({ kind: 'call', id, name: 'x'.repeat(50), params: { id } });
    expect(Uint8Array.from(first)).toEqual(kept);
  });

  test('the bytes are plain MessagePack, as any other language reads them', () => {
    const bytes = encode({ kind: 'call', id: 7, name: 'hi', params: { a: [true, null, 'é'] } });
    expect(bytes.toHex()).toBe('9400 07 a26869 81 a161 93 c3 c0 a2c3a9'.replaceAll(' ', ''));
  });

  test('a message larger than a frame is refused by its sender, who is told which', () => {
    const params = { data: 'x'.repeat(LIMITS.frame.value) };
    expect(() => encode({ kind: 'event', name: 'big.one', params })).toThrow(
      /^event "big\.one": \d+ bytes do not fit into a frame of 1048576$/,
    );
  });
});

describe('numbers beyond 32 bits', () => {
  const id = 2 ** 40;
  test.each([
    ['a 64-bit unsigned integer', '92 04 cf 0000 0100 0000 0000'],
    ['a 64-bit signed integer', '92 04 d3 0000 0100 0000 0000'],
    ['a float', '92 04 cb 4270 0000 0000 0000'],
  ])('an id may come as %s', (_what, bytes) => {
    expect(decode(hex(bytes))).toEqual({ kind: 'cancel', id });
  });

  test.each([
    ['beyond what a float holds exactly', '92 04 cf 0040 0000 0000 0000'],
    ['the largest unsigned integer', '92 04 cf ffff ffff ffff ffff'],
    ['negative', '92 04 ff'],
    ['a fraction', '92 04 cb 3ff8 0000 0000 0000'],
    ['not a number', '92 04 cb 7ff8 0000 0000 0000'],
    ['infinite', '92 04 cb 7ff0 0000 0000 0000'],
    ['text', '92 04 a1 31'],
  ])('an id is refused that is %s', (_what, bytes) => {
    expect(refusal(hex(bytes))).toBe('BAD_FRAME');
  });
});

describe('what is no envelope', () => {
  test.each([
    ['nothing', ''],
    ['a number', '05'],
    ['a map', '80'],
    ['an empty array', '90'],
    ['an unknown kind', '92 06 01'],
    ['a kind that is text', '93 a4 63616c6c 01 a1 78'],
    ['a call without a name', '92 00 01'],
    ['an event whose name is a number', '93 03 01 c0'],
    ['a failure without a code', '93 02 01 81 a7 6d657373616765 a1 78'],
    ['a failure that is null', '93 02 01 c0'],
    ['data that is text', '94 05 00 00 a1 78'],
    ['two values', '92 04 01 c0'],
    ['an extension type', '93 03 a1 78 d4 01 00'],
    ['a timestamp', '93 03 a1 78 d6 ff 00000000'],
    ['an extension of msgpackr itself', '93 03 a1 78 d4 72 40'],
    ['a large extension', '93 03 a1 78 c7 03 01 000000'],
    ['the type byte that is never used', '93 03 a1 78 c1'],
    ['a map with an array as key', '93 03 a1 78 81 90 01'],
  ])('%s is a BAD_FRAME', (_what, bytes) => {
    expect(refusal(hex(bytes))).toBe('BAD_FRAME');
  });

  test('a frame cut off at any byte is a BAD_FRAME', () => {
    fc.assert(
      fc.property(anyEnvelope, (envelope) => {
        const bytes = encode(envelope);
        // Every cut of a long frame would take long and teach nothing more.
        const step = Math.max(1, Math.floor(bytes.byteLength / 200));
        for (let end = 0; end < bytes.byteLength; end += step)
          expect(refusal(bytes.subarray(0, end))).toBe('BAD_FRAME');
      }),
      { numRuns: 200 },
    );
  });

  test('a frame split in two is a BAD_FRAME in its first part and no envelope of its own kind in its second', () => {
    const whole = encode({
      kind: 'call',
      id: 1,
      name: 'sync.set',
      params: { key: 'a', value: [1, { b: 'c' }] },
    });
    for (let cut = 1; cut < whole.byteLength; cut += 1) {
      expect(refusal(whole.subarray(0, cut))).toBe('BAD_FRAME');
      expect(refusal(whole.subarray(cut))).toBe('BAD_FRAME');
    }
  });

  test('bytes after an envelope are a BAD_FRAME', () => {
    fc.assert(
      fc.property(anyEnvelope, fc.uint8Array({ minLength: 1 }), (envelope, rest) => {
        expect(refusal(Buffer.concat([encode(envelope), rest]))).toBe('BAD_FRAME');
      }),
    );
  });

  test('a frame larger than the limit is refused unread', () => {
    expect(refusal(new Uint8Array(LIMITS.frame.value + 1))).toBe('FRAME_TOO_LARGE');
  });
});

describe('bombs', () => {
  const announced = [
    'dd ffffffff',
    'df ffffffff',
    'c6 ffffffff',
    'db ffffffff',
    'dd 7fffffff',
    'dc ffff',
    'de ffff',
    'c5 ffff',
  ];

  test.each(announced)('%s announces more than it brings, and nothing is reserved for it', (bytes) => {
    for (const bomb of [hex(bytes), hex(`93 03 a1 78 ${bytes}`)]) {
      expect(refusal(bomb)).toBe('BAD_FRAME');
      const before = memory();
      for (let times = 0; times < 1000; times += 1) refusal(bomb);
      expect(memory() - before).toBeLessThan(64 * 1024 * 1024);
    }
  });

  test('levels that each announce all the rest do not add up', () => {
    const size = LIMITS.frame.value;
    const bomb = new Uint8Array(size).fill(0xc0);
    for (let at = 0; at < 60 * 5; at += 5) {
      bomb[at] = 0xdd;
      new DataView(bomb.buffer).setUint32(at + 1, size - at - 5);
    }
    const before = memory();
    expect(refusal(bomb)).toBe('BAD_FRAME');
    expect(memory() - before).toBeLessThan(64 * 1024 * 1024);
  });

  test('nesting is refused beyond its limit and accepted up to it', () => {
    const nested = (depth: number): Uint8Array => hex(`93 03 a1 78 ${'91'.repeat(depth)} c0`);
    expect(decode(nested(LIMITS.depth.value - 2))).toMatchObject({ kind: 'event' });
    for (const depth of [LIMITS.depth.value, 1000, 500_000]) expect(refusal(nested(depth))).toBe('BAD_FRAME');
  });

  function memory(): number {
    const { heapTotal, external, arrayBuffers } = process.memoryUsage();
    return heapTotal + external + arrayBuffers;
  }
});

describe('hostile keys', () => {
  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
    'a field named %s changes no other object',
    (key) => {
      const inner = packr.pack({ polluted: true });
      const name = Buffer.from(key);
      const params = Buffer.concat([Buffer.from([0x81, 0xa0 + name.length]), name, inner]);
      const event = decode(Buffer.concat([hex('93 03 a1 78'), params])) as { params: object };
      expect(Object.getPrototypeOf(event.params)).toBe(Object.prototype);
      expect('polluted' in event.params).toBe(false);
      expect('polluted' in {}).toBe(false);
      expect(typeof {}.toString).toBe('function');
    },
  );
});

describe('100,000 frames', () => {
  /** Changes, cuts, doubles and inserts bytes of `bytes`, as `random` says. */
  function mutated(bytes: Uint8Array, random: () => number): Uint8Array {
    const at = Math.floor(random() * bytes.byteLength);
    const copy = Uint8Array.from(bytes);
    switch (Math.floor(random() * 5)) {
      case 0:
        return copy.subarray(0, at);
      case 1:
        return Buffer.concat([copy.subarray(0, at), copy]);
      case 2:
        return Uint8Array.from({ length: Math.floor(random() * 64) }, () => Math.floor(random() * 256));
      default:
        for (let times = 1 + Math.floor(random() * 4); times > 0; times -= 1) {
          copy[Math.floor(random() * copy.byteLength)] = Math.floor(random() * 256);
        }
        return copy;
    }
  }

  test('of any bytes become an envelope or a BAD_FRAME, and nothing else is thrown', () => {
    const seeds = fc.sample(anyEnvelope, { numRuns: 500, seed: 7 }).map(encode);
    const random = mulberry(7);
    const outcomes = { accepted: 0, refused: 0 };
    for (let times = 0; times < 100_000; times += 1) {
      const seed = seeds[times % seeds.length]!;
      try {
        decode(mutated(seed, random));
        outcomes.accepted += 1;
      } catch (error) {
        if (!(error instanceof TuttiError) || error.code !== 'BAD_FRAME') throw error;
        outcomes.refused += 1;
      }
    }
    // Both happen often, or the frames would prove nothing.
    expect(outcomes.accepted).toBeGreaterThan(1000);
    expect(outcomes.refused).toBeGreaterThan(1000);
  }, 60_000);

  /** A small seeded generator (mulberry32), so that a failure can be repeated. */
  function mulberry(seed: number): () => number {
    let state = seed;
    return () => {
      state = (state + 0x6d2b79f5) | 0;
      let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
    };
  }
});
