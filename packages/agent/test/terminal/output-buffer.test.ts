import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { OutputBuffer } from '../../src/terminal/output-buffer.ts';

const text = (pieces: { of: string; bytes: Buffer }[]) =>
  pieces.map(({ of, bytes }) => `${of}: ${bytes.toString()}`);

test('what was not acknowledged is read again, what was is not', () => {
  const buffer = new OutputBuffer(100);
  buffer.push('stdout', Buffer.from('abc'));
  buffer.push('stderr', Buffer.from('def'));
  expect(text(buffer.read(4))).toEqual(['stdout: abc', 'stderr: d']);
  expect(text(buffer.read(4))).toEqual(['stdout: abc', 'stderr: d']);
  buffer.acknowledge(4);
  expect(text(buffer.read(100))).toEqual(['stderr: ef']);
  buffer.acknowledge(2);
  expect(text(buffer.read(100))).toEqual(['stderr: ef']);
  buffer.acknowledge(1000);
  expect([buffer.read(100), buffer.held, buffer.end]).toEqual([[], 0, 6]);
});

test('neighbours of one output are one piece; it is full at its limit', () => {
  const buffer = new OutputBuffer(5);
  buffer.push('stdout', Buffer.from('ab'));
  buffer.push('stdout', Buffer.alloc(0));
  buffer.push('stdout', Buffer.from('cd'));
  expect(buffer.full).toBe(false);
  buffer.push('stdout', Buffer.from('e'));
  expect(buffer.full).toBe(true);
  expect(text(buffer.read(100))).toEqual(['stdout: abcde']);
  buffer.acknowledge(1);
  expect(buffer.full).toBe(false);
});

test('however it is written, read and acknowledged, what is read is what was written', () => {
  const step = fc.oneof(
    fc.record({ push: fc.constantFrom('stdout' as const, 'stderr' as const), size: fc.nat(40) }),
    fc.record({ read: fc.integer({ min: 1, max: 50 }), again: fc.boolean() }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const buffer = new OutputBuffer(64);
      let next = 0;
      const wrote: string[] = [];
      const took: string[] = [];
      const take = (most: number) => {
        for (const { of, bytes } of buffer.read(most)) for (const byte of bytes) took.push(`${of} ${byte}`);
        buffer.acknowledge(took.length);
      };
      for (const each of steps) {
        if ('push' in each) {
          const bytes = Buffer.from(Array.from({ length: each.size }, () => next++ % 251));
          for (const byte of bytes) wrote.push(`${each.push} ${byte}`);
          buffer.push(each.push, bytes);
        } else {
          if (each.again) buffer.read(each.read);
          take(each.read);
        }
        expect(buffer.held).toBe(wrote.length - took.length);
      }
      take(Number.MAX_SAFE_INTEGER);
      expect(took).toEqual(wrote);
    }),
  );
});
