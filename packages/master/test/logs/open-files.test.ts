import { appendFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '@tutti/testkit';
import { expect, test } from 'vitest';
import { OpenFiles } from '../../src/logs/open-files.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

async function text(files: OpenFiles, path: string, offset: number, length: number): Promise<string> {
  const into = Buffer.alloc(length);
  return into.subarray(0, await files.read(path, offset, into)).toString();
}

const descriptors = async () => (await readdir('/proc/self/fd')).length;

test('many files are read with few descriptors, and each as it is', async () => {
  const dir = await temporaryDirectory();
  const paths = Array.from({ length: 300 }, (_, n) => join(dir, `${n}.log`));
  for (const path of paths) await writeFile(path, `${path}\n`.repeat(500));
  const before = await descriptors();
  const files = new OpenFiles();
  const read = await Promise.all(paths.map((path) => text(files, path, path.length + 1, path.length)));
  expect(read).toEqual(paths);
  for (const path of paths) expect(await text(files, path, 0, 1e6)).toBe(`${path}\n`.repeat(500));
  await eventually(async () => (await descriptors()) - before <= 70);
  await files.close();
  await eventually(async () => (await descriptors()) <= before);
});

test('a file that grows, or appears, is read as far as it is', async () => {
  const path = join(await temporaryDirectory(), 'a.log');
  const files = new OpenFiles();
  expect([await text(files, path, 0, 9), await files.stat(path)]).toEqual(['', undefined]);
  await writeFile(path, 'one');
  expect(await text(files, path, 0, 9)).toBe('one');
  await appendFile(path, ' two');
  expect(await text(files, path, 2, 9)).toBe('e two');
  expect(await text(files, path, 9, 9)).toBe('');
  expect(await files.stat(path)).toMatchObject({ size: 7 });
  await files.close();
});
