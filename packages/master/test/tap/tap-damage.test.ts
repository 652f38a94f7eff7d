/** Output that is not as it should be: cut anywhere, of any bytes, of any length. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TapParser } from '../../src/tap/tap-parser.ts';
import { lines, parsed } from './parsed.ts';

/** What TAP is made of, and what it is not, so that chance hits something. */
const snippet = fc.constantFrom(
  ...['TAP version 14', 'KTAP version 1', '1..2', '1..0 # SKIP no', 'ok', 'ok 1 - a', 'not ok 2 - b'],
  ...[
    'not ok 3 c # TODO later',
    'ok # SKIP',
    '# Subtest: inner',
    '# comment',
    '  ---',
    '  message: x',
    '  ...',
  ],
  ...['Bail out!', 'ok 1 - ä€𝄞', '---', '...', 'pragma +x', 'kernel noise'],
);
const line = fc
  .tuple(
    fc.constantFrom('', '  ', '    ', '        '),
    snippet,
    fc.constantFrom('\n', '\n', '\n', '\r\n', '\r', ''),
  )
  .map(([indent, text, end]) => Buffer.from(`${indent}${text}${end}`));
const output = fc
  .array(
    fc.oneof(
      { weight: 12, arbitrary: line },
      fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
    ),
    {
      maxLength: 40,
    },
  )
  .map((pieces) => Buffer.concat(pieces));

test('however an output is cut into pieces, it means the same', () => {
  fc.assert(
    fc.property(output, fc.array(fc.nat({ max: 30 })), (bytes, sizes) => {
      const whole = new TapParser();
      whole.push(bytes);
      const pieces = new TapParser();
      let from = 0;
      for (const size of sizes) {
        pieces.push(bytes.subarray(from, from + size));
        from += size;
      }
      pieces.push(bytes.subarray(from));
      expect(pieces.finish(true)).toEqual(whole.finish(true));
      expect(lines(pieces)).toEqual(lines(whole));
    }),
    { numRuns: 3000 },
  );
});

test('one byte at a time is the same too', () => {
  fc.assert(
    fc.property(output, (bytes) => {
      const single = new TapParser();
      for (const byte of bytes) single.push(Uint8Array.of(byte));
      single.finish(true);
      const whole = new TapParser();
      whole.push(bytes);
      whole.finish(true);
      expect(lines(single)).toEqual(lines(whole));
    }),
    { numRuns: 500 },
  );
});

test('no bytes make it throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2000, size: 'max' }), fc.boolean(), (bytes, complete) => {
      const parser = new TapParser();
      parser.push(bytes);
      parser.finish(complete);
      for (const { name, message = '' } of parser.subtests) {
        expect(name.length).toBeLessThan(600);
        expect(message.length).toBeLessThan(1100);
      }
    }),
    { numRuns: 2000 },
  );
});

test('any TAP cut off anywhere gives a part of the subtests, or says what is missing', () => {
  const text = '1..3\nok 1 - a\nok 2 - b\nok 3 - c\n';
  // Of the last line only the name can be cut without anybody seeing it.
  const ends = Array.from({ length: text.indexOf('ok 3') + 1 }, (_, end) => end);
  expect(ends.filter((end) => parsed(text.slice(0, end)).failure === undefined)).toEqual([]);
});

describe('bounds', () => {
  test('a name of 10 MB is one test with a short name', () => {
    const parser = new TapParser();
    parser.push(Buffer.from('1..2\nok 1 - '));
    for (let n = 0; n < 160; n += 1) parser.push(Buffer.alloc(65_536, 'x'));
    parser.push(Buffer.from('\nok 2 - b\n'));
    expect(parser.finish(true)).toEqual({});
    expect(parser.subtests.map(({ name }) => name.length < 200)).toEqual([true, true]);
  });

  test('of a hundred thousand good tests some are kept, and every failure behind them', () => {
    const parser = new TapParser();
    for (let n = 0; n < 100; n += 1) parser.push(Buffer.from('ok\n'.repeat(1000)));
    parser.push(Buffer.from('not ok - the one\n1..100001\n'));
    expect(parser.finish(true).failure).toBe('reported "not ok" of "the one"');
    expect(parser.subtests).toHaveLength(9001);
    expect(parser.omitted).toBe(91_000);
  });

  test('of too many failures the number is told', () => {
    const parser = new TapParser();
    for (let n = 0; n < 20; n += 1) parser.push(Buffer.from('not ok a # TODO\nnot ok b\n'.repeat(1000)));
    expect(parser.finish(true).failure).toBe('reported "not ok" of "b"');
    expect(parser.subtests.length + parser.omitted).toBe(40_001);
  });

  test('documents nested without end are nested so far', () => {
    const parser = new TapParser();
    for (let depth = 0; depth < 500; depth += 1)
      parser.push(Buffer.from(`${' '.repeat(depth * 4)}ok 1 - d${depth}\n`));
    parser.finish(true);
    expect(parser.subtests).toHaveLength(34);
  });

  test('a YAML block without end is kept so far', () => {
    const parser = new TapParser();
    parser.push(Buffer.from('1..1\nnot ok 1 - a\n  ---\n'));
    for (let n = 0; n < 1000; n += 1) parser.push(Buffer.from(`  line ${n}: ${'x'.repeat(1000)}\n`));
    parser.push(Buffer.from('  ...\n'));
    expect(parser.finish(true).failure).toContain('reported "not ok" of "a": line 0: ');
    expect(parser.subtests[0]?.message?.length).toBeLessThan(1100);
  });

  test('numbers without order are counted, not kept', () => {
    const parser = new TapParser();
    for (let n = 0; n < 30_000; n += 1) parser.push(Buffer.from(`ok ${n * 2 + 2}\n`));
    parser.push(Buffer.from('1..60000\n'));
    expect(parser.finish(true).failure).toContain('60000 tests were planned, 30000 are missing');
  });
});

test('NULs, control characters and what is no UTF-8 are shown, not acted on', () => {
  const parser = new TapParser();
  parser.push(Buffer.from('1..1\nok 1 - a\0b\u001b[31mc', 'latin1'));
  parser.push(Uint8Array.of(0xff, 0xc3, 0x0a));
  parser.finish(true);
  expect(lines(parser)).toEqual(['pass a\ufffdb\ufffd[31mc\ufffd\ufffd']);
});

test('what follows a break begins a line', () => {
  const parser = new TapParser();
  parser.push(Buffer.from('1..2\nok 1 - a'));
  parser.lineBreak();
  parser.push(Buffer.from('ok 2 - b\n'));
  expect(parser.finish(true)).toEqual({});
  expect(lines(parser)).toEqual(['pass a', 'pass b']);
});
