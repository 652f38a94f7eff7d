import { LINE } from '@tutti/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type IndexRecord, LogCursor, type LogReader } from '../../src/logs/log-cursor.ts';
import { LogMerge } from '../../src/logs/merge.ts';

/** A log in memory: appended to, with a record for each append. */
class MemoryLog implements LogReader {
  bytes = Buffer.alloc(0);
  readonly index: IndexRecord[] = [];
  /** Bytes that were read, in all. */
  read_ = 0;

  append(text: string | Uint8Array, at: number): void {
    this.bytes = Buffer.concat([this.bytes, Buffer.from(text)]);
    this.index.push({ length: this.bytes.byteLength, at });
  }

  async records(beyond: number) {
    return this.index.filter(({ length }) => length > beyond).slice(0, 3);
  }

  async lengthBefore(at: number) {
    return this.index.findLast((record) => record.at < at)?.length ?? 0;
  }

  async read(offset: number, into: Uint8Array) {
    const part = this.bytes.subarray(offset, offset + into.byteLength);
    into.set(part);
    this.read_ += part.byteLength;
    return part.byteLength;
  }
}

interface Line {
  log: number;
  at: number;
  text: string;
}

/** What comes out at present, line by line. */
async function drain(merge: LogMerge<number>): Promise<Line[]> {
  const lines: Line[] = [];
  for (let piece = await merge.next(); piece !== undefined; piece = await merge.next()) {
    const { log, at, bytes } = piece;
    const texts = Buffer.from(bytes)
      .toString('latin1')
      .split(/(?<=\n)/);
    lines.push(...texts.map((text) => ({ log, at, text })));
  }
  return lines;
}

/** All lines of all logs by the time of the record that they end in; stable. */
function naive(logs: readonly MemoryLog[], complete: boolean): Line[] {
  const lines = logs.flatMap(({ bytes, index }, log) => {
    let end = 0;
    const found: Line[] = [];
    for (const text of bytes.toString('latin1').split(/(?<=\n)/)) {
      end += text.length;
      if (text === '' || (!text.endsWith('\n') && !complete)) continue;
      const at = index.find(({ length }) => length >= end)?.at ?? 0;
      found.push({ log, at, text });
    }
    return found;
  });
  return lines.toSorted((a, b) => a.at - b.at || a.log - b.log);
}

function merged(logs: readonly MemoryLog[]): LogMerge<number> {
  const merge = new LogMerge<number>();
  for (const [n, log] of logs.entries()) merge.add(n, new LogCursor(log));
  return merge;
}

const text = fc.string({ unit: fc.constantFrom('a', 'b', '\n'), maxLength: 12 }).filter((s) => s !== '');
const appends = fc.array(fc.record({ log: fc.nat(3), text, pause: fc.nat(2) }), { maxLength: 40 });

function written(steps: readonly { log: number; text: string; pause: number }[]): MemoryLog[] {
  const logs = Array.from({ length: 4 }, () => new MemoryLog());
  let now = 1000;
  for (const { log, text: what, pause } of steps) {
    now += pause;
    logs[log]!.append(what, now);
  }
  return logs;
}

describe('several logs', () => {
  test('come as one, as the naive merge of all their lines has it', async () => {
    await fc.assert(
      fc.asyncProperty(appends, fc.boolean(), async (steps, complete) => {
        const logs = written(steps);
        const merge = merged(logs);
        if (complete) for (const n of logs.keys()) merge.complete(n);
        expect(await drain(merge)).toEqual(naive(logs, complete));
      }),
    );
  });

  test('that grow come as they would have when they are complete, however often somebody looks', async () => {
    await fc.assert(
      fc.asyncProperty(appends, fc.array(fc.boolean(), { maxLength: 40 }), async (steps, looks) => {
        const logs = written([]);
        const merge = merged(logs);
        const seen: Line[] = [];
        let now = 1000;
        for (const [n, step] of steps.entries()) {
          // Of one instant the order of logs is not the order of appends.
          now += step.pause + 1;
          logs[step.log]!.append(step.text, now);
          merge.wake(step.log);
          if (looks[n]) seen.push(...(await drain(merge)));
        }
        seen.push(...(await drain(merge)));
        expect(seen).toEqual(naive(logs, false));
        // What a log ends with is known to be a line when no more can come.
        for (const n of logs.keys()) merge.complete(n);
        seen.push(...(await drain(merge)));
        expect(new Set(seen)).toEqual(new Set(naive(logs, true)));
      }),
    );
  });

  test('go on where somebody stopped, wherever that was', async () => {
    await fc.assert(
      fc.asyncProperty(appends, fc.nat(30), async (steps, stop) => {
        const logs = written(steps);
        const first = merged(logs);
        const seen: string[][] = logs.map(() => []);
        const positions = logs.map(() => 0);
        for (let n = 0; n < stop; n += 1) {
          const piece = await first.next();
          if (piece === undefined) break;
          seen[piece.log]!.push(Buffer.from(piece.bytes).toString());
          expect(piece.offset).toBe(positions[piece.log]);
          positions[piece.log]! += piece.bytes.byteLength;
        }
        const second = new LogMerge<number>();
        for (const [n, log] of logs.entries()) {
          second.add(n, new LogCursor(log, positions[n]));
          second.complete(n);
        }
        for (const { log, text: line } of await drain(second)) seen[log]!.push(line);
        expect(seen.map((lines) => lines.join(''))).toEqual(logs.map(({ bytes }) => bytes.toString()));
      }),
    );
  });

  test('since a time come from the first line that was complete then', async () => {
    await fc.assert(
      fc.asyncProperty(appends, fc.nat(60), async (steps, after) => {
        const logs = written(steps);
        const since = 1000 + after;
        const merge = new LogMerge<number>();
        for (const [n, log] of logs.entries()) {
          merge.add(n, await LogCursor.since(log, since));
          merge.complete(n);
        }
        expect(await drain(merge)).toEqual(naive(logs, true).filter(({ at }) => at >= since));
      }),
    );
  });
});

describe('a long line', () => {
  test('comes in parts, between two characters, and is read no more than twice', async () => {
    const log = new MemoryLog();
    const line = '€'.repeat(LINE);
    // As a progress bar writes it: a little at a time.
    for (let at = 0; at < line.length; at += 100) log.append(line.slice(at, at + 100), at);
    log.append('\nnext\n', line.length);
    const merge = merged([log]);
    const parts: string[] = [];
    for (let piece = await merge.next(); piece !== undefined; piece = await merge.next()) {
      expect(piece.bytes.byteLength).toBeLessThanOrEqual(LINE);
      parts.push(Buffer.from(piece.bytes).toString());
    }
    expect(parts.join('')).toBe(`${line}\nnext\n`);
    expect(parts.some((part) => part.includes('\ufffd'))).toBe(false);
    expect(parts.length).toBeLessThan(6);
    expect(log.read_).toBeLessThan(2.5 * log.bytes.byteLength);
  });
});

test('an index that tells of more than the disk has kept does not end the log', async () => {
  const log = new MemoryLog();
  log.append('one\n', 1);
  log.index.push({ length: 100, at: 2 });
  const merge = merged([log]);
  expect(await drain(merge)).toEqual([{ log: 0, at: 1, text: 'one\n' }]);
  log.bytes = Buffer.from('one\ntwo\n');
  log.index.push({ length: 200, at: 3 });
  merge.wake(0);
  expect(await drain(merge)).toEqual([{ log: 0, at: 3, text: 'two\n' }]);
});
