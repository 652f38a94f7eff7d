/** A file that is read while somebody else decides when it is closed. */
import { mkdtemp, readdir, readlink, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { FileSource } from '../../src/index.ts';

async function place(): Promise<string> {
  const dir = await mkdtemp('/tmp/tutti-source-');
  onTestFinished(() => rm(dir, { recursive: true }));
  return join(dir, 'file');
}

async function descriptorsOf(path: string): Promise<number> {
  const names = await readdir('/proc/self/fd');
  const targets = await Promise.all(names.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => '')));
  return targets.filter((target) => target === path).length;
}

test('a file that was closed is not opened again by who still reads it', async () => {
  const path = await place();
  await writeFile(path, 'contents');
  const source = new FileSource(path);
  expect(await source.read(0, Buffer.alloc(4))).toBe(4);
  expect(await descriptorsOf(path)).toBe(1);
  await source.close();
  await expect(source.read(4, Buffer.alloc(4))).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(await descriptorsOf(path)).toBe(0);
});

test('a file that is closed before it was first read is never opened', async () => {
  const path = await place();
  await writeFile(path, 'contents');
  const source = new FileSource(path);
  await source.close();
  await expect(source.read(0, Buffer.alloc(4))).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(await descriptorsOf(path)).toBe(0);
});

test('a file that is not there yet is read when it is', async () => {
  const path = await place();
  const source = new FileSource(path);
  await expect(source.read(0, Buffer.alloc(4))).rejects.toMatchObject({ code: 'ENOENT' });
  await writeFile(path, 'contents');
  expect(await source.read(0, Buffer.alloc(4))).toBe(4);
  await source.close();
});
