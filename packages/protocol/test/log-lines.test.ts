import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LogLine, type LogName, linesOf, logLine } from '../src/index.ts';

const LOG: LogName = {
  ...{ n: 0, key: 'k', test: 'a', attempt: 1, member: 'client.0', node: 'n1' },
  ...{ source: 'stdout', incarnation: 0 },
};

test('lines are what was written, less their line feeds', () => {
  const texts = (text: string) => linesOf(Buffer.from(text)).map((line) => Buffer.from(line).toString());
  expect(texts('')).toEqual([]);
  expect(texts('one')).toEqual(['one']);
  expect(texts('one\n\ntwo\n')).toEqual(['one', '', 'two']);
});

test('a line as JSON gives back the very bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.nat(3), (bytes, incarnation) => {
      const line = LogLine.parse(
        JSON.parse(JSON.stringify(logLine(7, { ...LOG, incarnation }, 1e12, bytes))),
      );
      const back = line.base64 === undefined ? Buffer.from(line.line) : Buffer.from(line.base64, 'base64');
      expect(back.equals(Buffer.from(bytes))).toBe(true);
      expect(line).toMatchObject({ run: 7, time: '2001-09-09T01:46:40.000Z' });
      expect(line.incarnation).toBe(incarnation === 0 ? undefined : incarnation);
    }),
  );
});
