/** What is said to be on the disk was brought there, and is published with its size. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '@tutti/link';
import { expect, onTestFinished, test } from 'vitest';
import { syncData, syncTree } from '../../src/system/durable.ts';
import { makeFifos } from '../../src/system/fifo.ts';
import { temporaryDirectory } from '../ship/member-on-disk.ts';

function listen(): Map<string, number> {
  const seen = new Map<string, number>();
  const note = (message: unknown): void => {
    const { path, size } = message as { path: string; size: number };
    seen.set(path, size);
  };
  subscribe('tutti.synced', note);
  onTestFinished(() => void unsubscribe('tutti.synced', note));
  return seen;
}

test('of a tree every file, and nothing that is no file', async () => {
  const dir = temporaryDirectory();
  mkdirSync(join(dir, 'a/b'), { recursive: true });
  writeFileSync(join(dir, 'a/b/c'), 'four');
  writeFileSync(join(dir, 'd'), '');
  symlinkSync('/etc/passwd', join(dir, 'link'));
  await makeFifos([join(dir, 'fifo')]);
  const seen = listen();
  await syncTree(dir);
  expect(seen).toEqual(
    new Map([
      [join(dir, 'a/b/c'), 4],
      [join(dir, 'd'), 0],
    ]),
  );
  await syncTree(join(dir, 'never-was'));
});

test('of a file what it held then', async () => {
  const path = join(temporaryDirectory(), 'log');
  const seen = listen();
  const file = await open(path, 'a+');
  onTestFinished(() => file.close());
  await file.appendFile('one\n');
  await syncData(file, path);
  await file.appendFile('two\n');
  expect([...seen]).toEqual([[path, 4]]);
  await replaceFile(`${path}.json`, '{"ü":1}', 0o600);
  expect(seen.get(`${path}.json`)).toBe(8);
});
