import { appendFile, mkdir, readFile, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually, rejection } from '@tutti/testkit';
import { describe, expect, test } from 'vitest';
import { LogCopy } from '../../src/logs/log-copy.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

const undamaged = (what: string) => expect.fail(what);
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
    const copy = await LogCopy.open(path, () => now, undamaged);
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
    await (await LogCopy.open(path, () => 0, undamaged)).finish();
    expect((await stat(path)).size).toBe(0);
  });

  test('goes on at its length on the next connection', async () => {
    const path = join(await temporaryDirectory(), 'stdout.log');
    const first = await LogCopy.open(path, () => 1, undamaged);
    await first.write(bytes('one'));
    first.abort();
    await first.close();
    const second = await LogCopy.open(path, () => 2, undamaged);
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
    const copy = await LogCopy.open(path, () => 1, undamaged);
    copy.abort();
    expect(await rejection(copy.write(bytes('late')))).toMatchObject({ code: 'CANCELLED' });
    await copy.close();
    expect((await stat(path)).size).toBe(0);
  });

  test('is closed only when the write under way is through', async () => {
    const path = join(await temporaryDirectory(), 'stdout.log');
    const copy = await LogCopy.open(path, () => 1, undamaged);
    const chunk = Buffer.alloc(1024 * 1024, 'x');
    const writing = copy.write(chunk);
    await copy.close();
    expect((await stat(path)).size).toBe(chunk.byteLength);
    await writing;
    expect(await index(path)).toEqual([[chunk.byteLength, 1]]);
  });

  test('says when its index tells of more than the log has, and cuts it to what there is', async () => {
    const path = join(await temporaryDirectory(), 'stdout.log');
    const first = await LogCopy.open(path, () => 1, undamaged);
    await first.write(bytes('one'));
    await first.write(bytes('two'));
    await first.close();
    await truncate(path, 4);
    const damage: string[] = [];
    const second = await LogCopy.open(
      path,
      () => 3,
      (what) => damage.push(what),
    );
    expect(damage).toEqual([`${path}.idx was cut from 32 to 16 bytes: it told of more than the log has`]);
    await second.write(bytes('x'));
    await second.close();
    expect(await index(path)).toEqual([
      [3, 1],
      [5, 3],
    ]);
  });

  test('cuts off a record of the index that was torn, and says so', async () => {
    const path = join(await temporaryDirectory(), 'stdout.log');
    const first = await LogCopy.open(path, () => 1, undamaged);
    await first.write(bytes('one'));
    await first.write(bytes('two'));
    await first.close();
    await truncate(`${path}.idx`, 21);
    const damage: string[] = [];
    const second = await LogCopy.open(
      path,
      () => 3,
      (what) => damage.push(what),
    );
    expect(damage).toEqual([`${path}.idx was cut from 21 to 16 bytes: its last record was torn`]);
    await second.write(bytes('three'));
    await second.close();
    expect(await index(path)).toEqual([
      [3, 1],
      [11, 3],
    ]);
  });

  test('fails at its end when its index could not be written; the bytes are there, and the next goes on behind them', async () => {
    const dir = await temporaryDirectory();
    const path = join(dir, 'stdout.log');
    await symlink('/dev/full', `${path}.idx`);
    const copy = await LogCopy.open(path, () => 1, undamaged);
    await copy.write(bytes('one'));
    const failure = { code: 'DISK_FULL', message: expect.stringContaining(`${path}.idx`) };
    expect(await rejection(copy.finish())).toMatchObject(failure);
    expect(await rejection(copy.write(bytes('two')))).toMatchObject(failure);
    await copy.close();
    const next = await LogCopy.open(path, () => 1, undamaged);
    expect(next.length).toBe(6);
    await next.close();
  });

  test('on a full disk says so, naming the file', async () => {
    const dir = await temporaryDirectory();
    const path = join(dir, 'stdout.log');
    await symlink('/dev/full', path);
    const copy = await LogCopy.open(path, () => 1, undamaged);
    expect(await rejection(copy.write(bytes('one')))).toMatchObject({ code: 'DISK_FULL' });
    expect(copy.length).toBe(0);
    await copy.close();
  });

  test('that cannot be made says so and keeps nothing open', async () => {
    const dir = await temporaryDirectory();
    await writeFile(join(dir, 'file'), '');
    await expect(LogCopy.open(join(dir, 'file/stdout.log'), () => 1, undamaged)).rejects.toThrow(
      /ENOTDIR|EEXIST/,
    );
    await mkdir(join(dir, 'x.log.idx'));
    await expect(LogCopy.open(join(dir, 'x.log'), () => 1, undamaged)).rejects.toThrow('EISDIR');
  });

  test('is aborted without waiting and without a word, also during a write', async () => {
    const path = join(await temporaryDirectory(), 'stdout.log');
    const copy = await LogCopy.open(path, () => 1, undamaged);
    const writing = copy.write(Buffer.alloc(100_000, 'x'));
    copy.abort();
    copy.abort();
    await writing;
    await eventually(async () => expect((await stat(path)).size).toBe(100_000));
    await appendFile(path, 'free for others');
  });
});
