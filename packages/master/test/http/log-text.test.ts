import { encodeLogFrame, type LogFrame, LogLine, type LogName } from '@tutti/protocol';
import { settled } from '@tutti/testkit';
import { expect, test } from 'vitest';
import { type LogFormat, logText } from '../../src/http/log-text.ts';

const LOG: LogName = {
  ...{
    n: 0,
    key: 'k',
    test: 'a',
    attempt: 1,
    member: 'client.0',
    node: 'n1',
    source: 'stdout',
    incarnation: 0,
  },
};
const AT = Date.parse('2026-05-04T12:00:00Z');
const begin = (severalTests = false): LogFrame => ({ kind: 'begin', begin: { severalTests } });
const log = (more: Partial<LogName> = {}): LogFrame => ({ kind: 'log', log: { ...LOG, ...more } });
const text = (bytes: string | Buffer, n = 0): LogFrame => ({
  kind: 'text',
  n,
  at: AT,
  offset: 0,
  bytes: Buffer.from(bytes),
});

/** A feed that gives what it is given, in pieces of `size` bytes. */
class Feed {
  readonly #end = Promise.withResolvers<number>();
  readonly ended = this.#end.promise;
  readonly #size: number;
  #bytes = Buffer.alloc(0);
  #given = 0;
  #last = false;
  onMore = () => {};

  constructor(size: number) {
    this.#size = size;
  }

  give(...frames: LogFrame[]): void {
    this.#bytes = Buffer.concat([this.#bytes, ...frames.map(encodeLogFrame)]);
    this.onMore();
  }

  end(): void {
    this.#last = true;
    this.onMore();
  }

  fail(error: Error): void {
    this.#end.reject(error);
  }

  async read(offset: number, into: Uint8Array): Promise<number> {
    if (offset !== this.#given) throw new Error(`read at ${offset}, not at ${this.#given}`);
    const piece = this.#bytes.subarray(offset, offset + Math.min(this.#size, into.byteLength));
    into.set(piece);
    this.#given += piece.byteLength;
    if (piece.byteLength === 0 && this.#last) this.#end.resolve(this.#given);
    return piece.byteLength;
  }
}

async function all(frames: LogFrame[], format: LogFormat, size = 64): Promise<string> {
  const feed = new Feed(size);
  feed.give(...frames);
  feed.end();
  const parts: Uint8Array[] = [];
  for await (const part of logText(feed, { run: 7, format, signal: new AbortController().signal }))
    parts.push(part);
  return Buffer.concat(parts).toString('latin1');
}

test.for([1, 7, 64, 100_000])('lines are the same however they come in: pieces of %i bytes', async (size) => {
  const frames = [begin(), log(), text('one\ntwo\n'), log({ n: 1, member: 'server.0' }), text('three', 1)];
  expect(await all(frames, 'text', size)).toBe('client.0 | one\nclient.0 | two\nserver.0 | three\n');
});

test('where there are several tests, or attempts, each line says of which it is', async () => {
  expect(await all([begin(true), log({ attempt: 2 }), text('x\n')], 'text')).toBe('a#2/client.0 | x\n');
  expect(await all([begin(), log({ attempt: 2 }), text('x\n')], 'text')).toBe('client.0#2 | x\n');
});

test('bytes that are no text come as they are, and in JSON beside the text', async () => {
  const bytes = Buffer.from([0x61, 0xff, 0x0a]);
  expect(await all([begin(), log(), text(bytes)], 'text')).toBe('client.0 | a\xff\n');
  const [line = ''] = (await all([begin(), log({ incarnation: 1 }), text(bytes)], 'ndjson')).split('\n');
  expect(LogLine.parse(JSON.parse(line))).toEqual({
    ...{ time: '2026-05-04T12:00:00.000Z', run: 7, test: 'a', attempt: 1, member: 'client.0', node: 'n1' },
    ...{
      source: 'stdout',
      incarnation: 1,
      line: expect.stringMatching(/^a/),
      base64: bytes.subarray(0, 2).toString('base64'),
    },
  });
});

test('what is followed goes on when there is more, and ends when its reader does', async () => {
  const feed = new Feed(64);
  const stop = new AbortController();
  const lines = logText(feed, { run: 7, format: 'text', signal: stop.signal });
  const first = lines.next();
  await settled();
  feed.give(begin(), log(), text('one\n'));
  expect(Buffer.from((await first).value as Uint8Array).toString()).toBe('client.0 | one\n');
  const second = lines.next();
  await settled();
  stop.abort();
  expect(await second).toEqual({ value: undefined, done: true });
});

test('a log that cannot be read ends with its error', async () => {
  const feed = new Feed(64);
  feed.read = () => {
    feed.fail(new Error('EIO'));
    return Promise.reject(new Error('EIO'));
  };
  const lines = logText(feed, { run: 7, format: 'text', signal: new AbortController().signal });
  await expect(lines.next()).rejects.toThrow('EIO');
});
