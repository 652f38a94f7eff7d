import { appendFile, mkdir, readFile, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually, rejection } from '@tutti/testkit';
import { describe, expect, test } from 'vitest';
import { LogCopy } from '../../src/logs/log-copy.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

const bytes = (text: string) => Buffer.from(text);

async function index(path: string): Promise<[number, number][]> {
  const data = await readFile(`${path}.idx`);
  expect(data.byteLength % 16).toBe(0);
  return Array.from({ length: data.byteLength / 16 }, (_, n) => [
    Number(data.readBigUInt64LE(n * 16)),
    data.readDoubleLE(n * 16 + 8),
  ]);
}

describe('the copy of a log', () => {
  test('holds the bytes as they came, and beside it when which length was reached', async () => {
    const path = join(await temporaryDirectory(), 'a/b/stdout.log');
    let now = 1000;
    const copy = await LogCopy.open(path, () => now);
    expect(copy.length).toBe(0);
    await copy.write(bytes('one\0'));
    now = 2000.5;
    await copy.write(bytes('two'));
    expect(copy.length).toBe(7);
    await copy.finish();
    expect(String(await readFile(path))).toBe('one\0two');
    expect(await index(path)).toEqual([
      [4, 1000],
      [7, 2000.5],
    ]);
  });

  test('exists when nothing was written', async () => {
    const path = join(await temporaryDirectory(), 'stderr.log');
    await (await LogCopy.open(path, () => 0)).finish();
    expect((await stat(path)).size).toBe(0);
  });

  test('goes on at its length on the next connection', async () => {
    const path = join(await temporaryDirectory(), 'stdout.log');
    const first = await LogCopy.open(path, () => 1);
    await first.write(bytes('one'));
    first.abort();
    await first.close();
    const second = await LogCopy.open(path, () => 2);
    expect(second.length).toBe(3);
    await second.write(bytes('two'));
    await second.close();
    expect(String(await readFile(path))).toBe('onetwo');
    expect(await index(path)).toEqual([
      [3, 1],
      [6, 2],
    ]);
  });

  test('takes nothing once it is closed', async () => {
    const path = join(await temporaryDirectory(), 'stdout.log');
    const copy = await LogCopy.open(path, () => 1);
    copy.abort();
    expect(await rejection(copy.write(bytes('late')))).toMatchObject({ code: 'CANCELLED' });
    await copy.close();
    expect((await stat(path)).size).toBe(0);
  });

  test('is closed only when the write under way is through', async () => {
    const path = join(await temporaryDirectory(), 'stdout.log');
    const copy = await LogCopy.open(path, () => 1);
    const chunk = Buffer.alloc(1024 * 1024, 'x');
    const writing = copy.write(chunk);
    await copy.close();
    expect((await stat(path)).size).toBe(chunk.byteLength);
    await writing;
    expect(await index(path)).toEqual([[chunk.byteLength, 1]]);
  });

  test('writes over a record of the index that was cut short', async () => {
    const path = join(await temporaryDirectory(), 'stdout.log');
    const first = await LogCopy.open(path, () => 1);
    await first.write(bytes('one'));
    await first.write(bytes('two'));
    await first.close();
    await truncate(`${path}.idx`, 21);
    const second = await LogCopy.open(path, () => 3);
    await second.write(bytes('three'));
    await second.close();
    expect(await index(path)).toEqual([
      [3, 1],
      [11, 3],
    ]);
  });

  test('counts what is in the file after a write that failed, and goes on behind it', async () => {
    const dir = await temporaryDirectory();
    const path = join(dir, 'stdout.log');
    // The log can be written, its index cannot: the chunk is there, and it failed.
    await symlink('/dev/full', `${path}.idx`);
    const copy = await LogCopy.open(path, () => 1);
    expect(await rejection(copy.write(bytes('one')))).toMatchObject({
      code: 'DISK_FULL',
      message: expect.stringContaining(path),
    });
    expect(copy.length).toBe(3);
    await copy.close();
    const next = await LogCopy.open(path, () => 1);
    expect(next.length).toBe(3);
    await next.close();
  });

  test('on a full disk says so, naming the file', async () => {
    const dir = await temporaryDirectory();
    const path = join(dir, 'stdout.log');
    await symlink('/dev/full', path);
    const copy = await LogCopy.open(path, () => 1);
    expect(await rejection(copy.write(bytes('one')))).toMatchObject({ code: 'DISK_FULL' });
    expect(copy.length).toBe(0);
    await copy.close();
  });

  test('that cannot be made says so and keeps nothing open', async () => {
    const dir = await temporaryDirectory();
    await writeFile(join(dir, 'file'), '');
    await expect(LogCopy.open(join(dir, 'file/stdout.log'), () => 1)).rejects.toThrow(/ENOTDIR|EEXIST/);
    await mkdir(join(dir, 'x.log.idx'));
    await expect(LogCopy.open(join(dir, 'x.log'), () => 1)).rejects.toThrow('EISDIR');
  });

  test('is aborted without waiting and without a word, also during a write', async () => {
    const path = join(await temporaryDirectory(), 'stdout.log');
    const copy = await LogCopy.open(path, () => 1);
    const writing = copy.write(Buffer.alloc(100_000, 'x'));
    copy.abort();
    copy.abort();
    await writing;
    await eventually(async () => expect((await stat(path)).size).toBe(100_000));
    await appendFile(path, 'free for others');
  });
});
