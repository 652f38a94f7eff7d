/** Waiting for something on a machine: told when it is there, ended by who waits. */
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { untilExists } from '../../src/waits/file.ts';
import { LineSearch } from '../../src/waits/line-search.ts';
import { untilLogged } from '../../src/waits/log.ts';
import { untilAccepted } from '../../src/waits/port.ts';
import { until } from '../members/lab.ts';

const never = new AbortController().signal;

function place(): string {
  const dir = mkdtempSync(join(tmpdir(), 'tutti-waits-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** Rejects with `gone` soon after the returned function is called. */
function withdrawn(begin: (signal: AbortSignal) => Promise<unknown>): Promise<unknown> {
  const stop = new AbortController();
  const waiting = begin(stop.signal);
  setImmediate(() => stop.abort(new Error('gone')));
  return waiting;
}

/** Of this process. */
const watches = () => process.getActiveResourcesInfo().filter((name) => name.includes('FSEvent')).length;

/** The net would tell after 5 s. */
async function soon<T>(waiting: Promise<T>): Promise<T> {
  const began = performance.now();
  const result = await waiting;
  if (performance.now() - began > 4000) throw new Error('only the net has told');
  return result;
}

describe('a file', () => {
  test('that is there is found at once', async () => {
    await expect(untilExists('/', never)).resolves.toBeUndefined();
  });

  test('is found when it comes, with directories that were not there either', async () => {
    const dir = place();
    const path = join(dir, 'a/b/c');
    const waiting = untilExists(path, never);
    mkdirSync(join(dir, 'a'));
    setImmediate(() => {
      mkdirSync(join(dir, 'a/b'));
      setImmediate(() => writeFileSync(path, ''));
    });
    await expect(soon(waiting)).resolves.toBeUndefined();
  });

  test('survives that its directory is removed and made again', async () => {
    const dir = place();
    mkdirSync(join(dir, 'run'));
    const waiting = untilExists(join(dir, 'run/pid'), never);
    setImmediate(() => {
      rmSync(join(dir, 'run'), { recursive: true });
      setImmediate(() => {
        mkdirSync(join(dir, 'run'));
        setImmediate(() => writeFileSync(join(dir, 'run/pid'), '1'));
      });
    });
    await expect(soon(waiting)).resolves.toBeUndefined();
  });

  test('is not waited for any more when nobody wants it', async () => {
    const before = watches();
    await expect(withdrawn((signal) => untilExists(join(place(), 'never'), signal))).rejects.toThrow('gone');
    await until('nothing is watched', () => watches() <= before);
  });
});

describe('a line', () => {
  test('that is there already is found, and one that comes later, in pieces', async () => {
    const log = join(place(), 'log');
    writeFileSync(log, 'one\ntwo\r\nthr');
    expect(await untilLogged({ paths: [log], pattern: '^t.o$' }, never)).toBe('two');
    const waiting = untilLogged({ paths: [log], pattern: 'three \\d+$' }, never);
    setImmediate(() => {
      appendFileSync(log, 'ee 1');
      setImmediate(() => appendFileSync(log, '2\nmore'));
    });
    expect(await soon(waiting)).toBe('three 12');
  });

  test('of a file that is not there yet, of one that is a link, of one that was replaced or cut', async () => {
    const dir = place();
    mkdirSync(join(dir, 'real'));
    const late = untilLogged({ paths: [join(dir, 'late')], pattern: 'up' }, never);
    const linked = untilLogged({ paths: [join(dir, 'link')], pattern: 'up' }, never);
    const rotated = untilLogged({ paths: [join(dir, 'rotated')], pattern: 'up' }, never);
    const cut = untilLogged({ paths: [join(dir, 'cut')], pattern: '^up' }, never);
    writeFileSync(join(dir, 'rotated'), 'before\n');
    writeFileSync(join(dir, 'cut'), 'before\n');
    writeFileSync(join(dir, 'real/log'), 'before\n');
    symlinkSync('real/log', join(dir, 'link'));
    await new Promise((resolve) => setTimeout(resolve, 100));
    writeFileSync(join(dir, 'late'), 'up\n');
    appendFileSync(join(dir, 'real/log'), 'up too\n');
    writeFileSync(join(dir, 'next'), 'up\n');
    renameSync(join(dir, 'next'), join(dir, 'rotated'));
    writeFileSync(join(dir, 'cut'), 'up\n');
    expect(await soon(Promise.all([late, linked, rotated, cut]))).toEqual(['up', 'up too', 'up', 'up']);
  });

  test('of several files counts in any; nothing more that comes means that there is none', async () => {
    const dir = place();
    const paths = [join(dir, 'out'), join(dir, 'err')];
    for (const path of paths) writeFileSync(path, '');
    const ended = Promise.withResolvers<void>();
    const waiting = untilLogged({ paths, pattern: 'up', complete: ended.promise }, never);
    const none = untilLogged({ paths, pattern: 'down', complete: ended.promise }, never);
    writeFileSync(paths[1]!, 'is up\n');
    expect(await waiting).toBe('is up');
    writeFileSync(paths[0]!, 'without an end: last');
    ended.resolve();
    expect(await none).toBeUndefined();
    expect(await untilLogged({ paths, pattern: 'last$', complete: ended.promise }, never)).toBe(
      'without an end: last',
    );
  });

  test('is not waited for any more when nobody wants it', async () => {
    const log = join(place(), 'log');
    writeFileSync(log, 'x\n');
    const before = watches();
    await expect(withdrawn((signal) => untilLogged({ paths: [log], pattern: 'y' }, signal))).rejects.toThrow(
      'gone',
    );
    await until('nothing is watched', () => watches() <= before);
  });

  test('in what cannot be read is told, and a FIFO is not even opened', async () => {
    const fifo = join(place(), 'fifo');
    execFileSync('mkfifo', [fifo]);
    await expect(untilLogged({ paths: [fifo], pattern: 'x' }, never)).rejects.toMatchObject({
      code: 'FILE_REFUSED',
    });
    await expect(untilLogged({ paths: [place()], pattern: 'x' }, never)).rejects.toMatchObject({
      code: 'FILE_REFUSED',
    });
  });
});

describe('the search of lines', () => {
  test('finds the same wherever the bytes are cut', () => {
    const bytes = Buffer.from('first\nzweïte line\r\n\nthird\n');
    for (let size = 1; size <= bytes.length; size += 1) {
      const search = new LineSearch('^zwe.te');
      const found: (string | undefined)[] = [];
      for (let at = 0; at < bytes.length; at += size) found.push(search.push(bytes.subarray(at, at + size)));
      expect(found.filter((line) => line !== undefined)).toEqual(['zweïte line']);
    }
  });

  test('looks at the beginning of a line without an end in sight, and keeps no more', () => {
    const search = new LineSearch('needle');
    for (let n = 0; n < 100; n += 1) expect(search.push(Buffer.alloc(65_536, 0x78))).toBeUndefined();
    expect(search.push(Buffer.from('needle\nneedle\n'))).toBe('needle');
  });

  test('harms nobody by bytes that are no text', () => {
    const search = new LineSearch('ok');
    expect(search.push(Buffer.from([0xff, 0x00, 0xfe, 0x0a, 0x6f, 0x6b, 0x0a]))).toBe('ok');
  });

  test('refuses what is no pattern, and gives up one that takes for ever', () => {
    expect(() => new LineSearch('(')).toThrow(expect.objectContaining({ code: 'BAD_PARAMS' }));
    const search = new LineSearch('^(a+)+$');
    const began = performance.now();
    expect(() => search.push(Buffer.from(`${'a'.repeat(64)}b\n`))).toThrow(
      expect.objectContaining({
        code: 'BAD_PARAMS',
        message: expect.stringContaining('takes too long') as string,
      }),
    );
    expect(performance.now() - began).toBeLessThan(10_000);
  });
});

describe('a port', () => {
  async function listening(port = 0, host = '127.0.0.1'): Promise<{ server: Server; port: number }> {
    const server = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => {
      server.listen(port, host, resolve);
    });
    onTestFinished(() => void server.close());
    return { server, port: (server.address() as { port: number }).port };
  }

  test('that accepts is found, by name and by address', async () => {
    const { port } = await listening();
    await expect(untilAccepted('127.0.0.1', port, never)).resolves.toBeUndefined();
    await expect(untilAccepted('localhost', port, never)).resolves.toBeUndefined();
  });

  test('is found when something begins to listen', async () => {
    const { server, port } = await listening();
    await new Promise((resolve) => {
      server.close(resolve);
    });
    const waiting = untilAccepted('127.0.0.1', port, never);
    await listening(port);
    await expect(waiting).resolves.toBeUndefined();
  });

  test('is not waited for any more when nobody wants it', async () => {
    const { server, port } = await listening();
    await new Promise((resolve) => {
      server.close(resolve);
    });
    await expect(withdrawn((signal) => untilAccepted('127.0.0.1', port, signal))).rejects.toThrow('gone');
    await expect(withdrawn((signal) => untilAccepted('no-such-host.invalid', 1, signal))).rejects.toThrow(
      'gone',
    );
  });
});
