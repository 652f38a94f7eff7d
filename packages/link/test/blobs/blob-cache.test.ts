import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { BlobCache, type BlobCacheOptions } from '../../src/blobs/blob-cache.ts';

function place(): string {
  const dir = mkdtempSync(join(tmpdir(), 'tutti-blobs-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

const open = (options?: BlobCacheOptions): Promise<BlobCache> =>
  BlobCache.open(join(place(), 'blobs'), options);
const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

async function put(cache: BlobCache, bytes: Uint8Array): Promise<string> {
  const digest = digestOf(bytes);
  const writer = await cache.writer(digest, bytes.length);
  await writer.write(bytes.subarray(writer.length));
  await writer.finish(bytes.length);
  return digest;
}

const filesOf = (cache: BlobCache, digest: string): string[] => readdirSync(dirname(cache.path(digest)));

test('what is written is found under its digest, whole', async () => {
  const cache = await open();
  const bytes = randomBytes(100_000);
  const digest = digestOf(bytes);
  expect(await cache.has(digest)).toBe(false);
  await put(cache, bytes);
  expect(await cache.has(digest)).toBe(true);
  expect(readFileSync(cache.path(digest)).equals(bytes)).toBe(true);
  expect(cache.path(digest).endsWith(`/${digest.slice(0, 2)}/${digest.slice(2)}`)).toBe(true);
  await put(cache, bytes);
  expect(filesOf(cache, digest)).toEqual([digest.slice(2)]);
});

test('nothing is an allowed content', async () => {
  const cache = await open();
  const digest = digestOf(Buffer.alloc(0));
  await (await cache.writer(digest, 0)).finish(0);
  expect(await cache.has(digest)).toBe(true);
});

test('what is missing is said by position', async () => {
  const cache = await open();
  const blobs = Array.from({ length: 150 }, (_, n) => ({
    digest: digestOf(Buffer.from(String(n))),
    size: 1,
  }));
  await put(cache, Buffer.from('70'));
  await put(cache, Buffer.from('149'));
  expect(await cache.missing(blobs)).toEqual(blobs.map((_, n) => n).filter((n) => n !== 70 && n !== 149));
});

test('a transfer that broke off goes on where it stopped, also in another process', async () => {
  const dir = join(place(), 'blobs');
  const bytes = randomBytes(3_000_000);
  const digest = digestOf(bytes);
  const first = await (await BlobCache.open(dir)).writer(digest, bytes.length);
  await first.write(bytes.subarray(0, 2_000_000));
  await first.abort();
  await first.abort();
  const cache = await BlobCache.open(dir);
  expect(await cache.has(digest)).toBe(false);
  const second = await cache.writer(digest, bytes.length);
  expect(second.length).toBe(2_000_000);
  await second.write(bytes.subarray(2_000_000));
  await second.finish(bytes.length);
  expect(readFileSync(cache.path(digest)).equals(bytes)).toBe(true);
});

test('writes go in order though nobody waits for them', async () => {
  const cache = await open();
  const bytes = randomBytes(500_000);
  const writer = await cache.writer(digestOf(bytes), bytes.length);
  const writes = [];
  for (let at = 0; at < bytes.length; at += 7919) writes.push(writer.write(bytes.subarray(at, at + 7919)));
  await Promise.all(writes);
  await writer.finish(bytes.length);
  expect(readFileSync(cache.path(digestOf(bytes))).equals(bytes)).toBe(true);
});

test.each([
  ['other bytes', Buffer.from('wrong'), 5],
  ['too few bytes', Buffer.from('righ'), 4],
])('%s are refused, and the next transfer begins anew', async (_what, sent, length) => {
  const cache = await open();
  const digest = digestOf(Buffer.from('right'));
  const writer = await cache.writer(digest, 5);
  await writer.write(sent);
  await expect(writer.finish(length)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
  expect(await cache.has(digest)).toBe(false);
  expect(filesOf(cache, digest)).toEqual([]);
  await put(cache, Buffer.from('right'));
  expect(await cache.has(digest)).toBe(true);
});

test('more bytes than announced are refused when they come', async () => {
  const cache = await open();
  const digest = digestOf(Buffer.from('right'));
  const writer = await cache.writer(digest, 5);
  await expect(writer.write(Buffer.from('right and more'))).rejects.toMatchObject({
    code: 'DIGEST_MISMATCH',
  });
  expect(filesOf(cache, digest)).toEqual([]);
});

test('a partial file of something else does no lasting harm', async () => {
  const cache = await open();
  const bytes = Buffer.from('right');
  const digest = digestOf(bytes);
  const first = await cache.writer(digest, 5);
  await first.write(Buffer.from('wro'));
  await first.abort();
  const second = await cache.writer(digest, 5);
  await second.write(Buffer.from('ht'));
  await expect(second.finish(5)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
  await put(cache, bytes);
});

test('two writers of one digest do not disturb each other', async () => {
  const cache = await open();
  const bytes = randomBytes(10_000);
  const digest = digestOf(bytes);
  const [one, two] = [await cache.writer(digest, bytes.length), await cache.writer(digest, bytes.length)];
  expect(two.length).toBe(0);
  for (let at = 0; at < bytes.length; at += 1000) {
    await one.write(bytes.subarray(at, at + 1000));
    await two.write(bytes.subarray(at, at + 1000));
  }
  await two.finish(bytes.length);
  expect(await cache.has(digest)).toBe(true);
  await one.finish(bytes.length);
  expect(readFileSync(cache.path(digest)).equals(bytes)).toBe(true);
  expect(filesOf(cache, digest)).toEqual([digest.slice(2)]);
});

test('the second of two writers leaves nothing when it breaks off', async () => {
  const cache = await open();
  const digest = digestOf(Buffer.from('right'));
  const [one, two] = [await cache.writer(digest, 5), await cache.writer(digest, 5)];
  await two.write(Buffer.from('ri'));
  await two.abort();
  await one.write(Buffer.from('right'));
  await one.finish(5);
  expect(filesOf(cache, digest)).toEqual([digest.slice(2)]);
});

test('breaking off in the middle of a write keeps what the file has', async () => {
  const cache = await open();
  const bytes = randomBytes(1_000_000);
  const digest = digestOf(bytes);
  const writer = await cache.writer(digest, bytes.length);
  const writing = writer.write(bytes.subarray(0, 600_000));
  await writer.abort();
  await writing;
  const next = await cache.writer(digest, bytes.length);
  expect(next.length).toBe(600_000);
  await next.abort();
  await expect(next.write(bytes)).rejects.toMatchObject({ code: 'INTERNAL' });
});

test('above its size the cache gives up what was used longest ago', async () => {
  const cache = await open({ limit: 2500, keep: 60 });
  const [old, older, oldest] = [randomBytes(1000), randomBytes(1000), randomBytes(1000)];
  const digests = [await put(cache, old), await put(cache, older), await put(cache, oldest)];
  for (const [n, digest] of digests.entries()) {
    const used = new Date(Date.now() - (n + 2) * 100_000);
    utimesSync(cache.path(digest), used, used);
  }
  const recent = await put(cache, randomBytes(1000));
  await cache.close();
  expect([...digests, recent].map((digest) => existsSync(cache.path(digest)))).toEqual([
    true,
    false,
    false,
    true,
  ]);
});

test('asking for it is a use, and nothing that was used lately is given up', async () => {
  const cache = await open({ limit: 100, keep: 60 });
  const [one, two] = [await put(cache, randomBytes(1000)), await put(cache, randomBytes(1000))];
  await cache.close();
  const long = new Date(Date.now() - 1_000_000);
  utimesSync(cache.path(one), long, long);
  utimesSync(cache.path(two), long, long);
  expect(await cache.missing([{ digest: one, size: 1000 }])).toEqual([]);
  await put(cache, randomBytes(10));
  await cache.close();
  expect(await cache.has(one)).toBe(true);
  expect(await cache.has(two)).toBe(false);
});

test('what is no digest is no path', async () => {
  const cache = await open();
  expect(() => cache.path('../../etc/passwd')).toThrow(/not a digest/);
});

test.skipIf(!canMount())(
  'a full disk is told with the path, and what came makes room again (needs to mount a small disk)',
  async () => {
    const dir = place();
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tutti-test', dir]);
    onTestFinished(() => void execFileSync('umount', [dir]));
    const cache = await BlobCache.open(join(dir, 'blobs'));
    const bytes = randomBytes(400_000);
    const digest = digestOf(bytes);
    const writer = await cache.writer(digest, bytes.length);
    await expect(writer.write(bytes)).rejects.toMatchObject({
      code: 'DISK_FULL',
      message: expect.stringContaining(cache.path(digest)) as string,
    });
    await writer.abort();
    const small = randomBytes(200_000);
    expect(await put(cache, small)).toBe(digestOf(small));
    execFileSync('mount', ['-o', 'remount,size=1m', dir]);
    expect(await put(cache, bytes)).toBe(digest);
    expect(readFileSync(cache.path(digest)).equals(bytes)).toBe(true);
  },
);

function canMount(): boolean {
  try {
    execFileSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'tutti-test', tmpdir()], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
