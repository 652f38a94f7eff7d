import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { makeDirectory } from '../src/daemon/make-directory.ts';

async function temporaryDirectory(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'tutti-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  return dir;
}

test('makes what is missing, with the mode, and does nothing the second time', async () => {
  const path = join(await temporaryDirectory(), 'a/b/c');
  await Promise.all([makeDirectory(path, 0o700), makeDirectory(path, 0o700)]);
  await makeDirectory(path, 0o700);
  expect((await stat(path)).mode & 0o777).toBe(0o700);
});

test('says at once where a directory cannot be made', async () => {
  await expect(makeDirectory('/proc/tutti/runs')).rejects.toMatchObject({ code: 'ENOENT' });
  const file = join(await temporaryDirectory(), 'file');
  await writeFile(file, '');
  await expect(makeDirectory(file)).rejects.toMatchObject({ code: 'EEXIST' });
  await expect(makeDirectory(join(file, 'below'))).rejects.toMatchObject({ code: 'ENOTDIR' });
});
