import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeLogFrame, type LogFrame, LogFrameDecoder } from '../src/index.ts';

const frame: fc.Arbitrary<LogFrame> = fc.oneof(
  fc.record({
    kind: fc.constant('begin' as const),
    begin: fc.record({ since: fc.nat(), severalTests: fc.boolean() }),
  }),
  fc.record({
    kind: fc.constant('log' as const),
    log: fc.record({
      n: fc.nat(),
      key: fc.string(),
      test: fc.string(),
      attempt: fc.integer({ min: 1, max: 9 }),
      member: fc.constantFrom('client.0', 'server.12'),
      node: fc.constant('n1'),
      source: fc.constantFrom('stdout' as const, 'stderr' as const),
      incarnation: fc.nat(9),
    }),
  }),
  fc.record({
    kind: fc.constant('text' as const),
    n: fc.nat(),
    at: fc.double({ noNaN: true }),
    offset: fc.nat(),
    bytes: fc.uint8Array().map((bytes) => Uint8Array.from(bytes)),
  }),
);

/** With bytes of their own, and of one type. */
const copied = (frames: readonly LogFrame[]) =>
  frames.map((each) => (each.kind === 'text' ? { ...each, bytes: Uint8Array.from(each.bytes) } : each));

test('log frames come out as they went in, however their bytes are split', () => {
  fc.assert(
    fc.property(fc.array(frame), fc.array(fc.nat(40), { minLength: 1 }), (frames, sizes) => {
      const bytes = Buffer.concat(frames.map(encodeLogFrame));
      const decoder = new LogFrameDecoder();
      const got: LogFrame[] = [];
      for (let at = 0, n = 0; at < bytes.byteLength; n += 1) {
        const size = 1 + (sizes[n % sizes.length] ?? 0);
        got.push(...copied(decoder.push(bytes.subarray(at, at + size))));
        at += size;
      }
      expect(got).toEqual(copied(frames));
    }),
  );
});

test('a frame of an unknown kind is skipped', () => {
  const begin = encodeLogFrame({ kind: 'begin', begin: { severalTests: false } });
  const unknown = Buffer.concat([Buffer.from([9, 2, 0, 0, 0]), Buffer.from('??')]);
  expect(new LogFrameDecoder().push(Buffer.concat([unknown, begin]))).toHaveLength(1);
});

test.each([
  ['longer than a frame may be', [3, 0xff, 0xff, 0xff, 0xff]],
  ['text without its head', [3, 1, 0, 0, 0, 0]],
  ['no JSON', [1, 1, 0, 0, 0, 0x7b]],
  ['not what it says', [1, 2, 0, 0, 0, 0x7b, 0x7d]],
])('what is %s is refused', (_what, bytes) => {
  expect(() => new LogFrameDecoder().push(Uint8Array.from(bytes))).toThrow(
    expect.objectContaining({ code: 'BAD_FRAME' }) as Error,
  );
});
