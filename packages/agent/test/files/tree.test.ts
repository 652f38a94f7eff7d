/** Files and directories, brought to a machine and taken from it. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statfsSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BlobCache } from '@tutti/link';
import type { Manifest } from '@tutti/protocol';
import { expect, onTestFinished, test } from 'vitest';
import { placeOf } from '../../src/files/place.ts';
import { readTree } from '../../src/files/read-tree.ts';
import { type TreeToWrite, type Written, writeTree } from '../../src/files/write-tree.ts';
import { stageIn } from './stage-in.ts';

const never = new AbortController().signal;

interface Here {
  dir: string;
  cache: BlobCache;
  write: (path: string, tree: TreeToWrite, signal?: AbortSignal) => Promise<Written>;
  stage: (path: string, contents: string | Uint8Array, mode?: number) => Promise<Manifest[number]>;
}

async function here(base = tmpdir()): Promise<Here> {
  const dir = mkdtempSync(join(base, 'tutti-files-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }), 60_000);
  const cache = await BlobCache.open(join(dir, 'blobs'));
  return {
    dir,
    cache,
    write: (path, tree, signal = never) => writeTree(path, tree, { contents: cache, node: 'n1', signal }),
    stage: (path, contents, mode = 0o644) => stageIn(cache, path, contents, mode),
  };
}

const modeOf = (path: string) => statSync(path).mode & 0o777;

test('a file is there with its bytes and its mode, and its directories are made', async () => {
  const { dir, write, stage } = await here();
  const bytes = Uint8Array.from([0, 255, 1, 10, 13]);
  const path = join(dir, 'a/b/c.bin');
  const manifest = [await stage('any', bytes, 0o640)];
  expect(await write(path, { kind: 'file', manifest })).toEqual({ files: 1, bytes: 5 });
  expect(new Uint8Array(readFileSync(path))).toEqual(bytes);
  expect(modeOf(path)).toBe(0o640);
  await write(path, { kind: 'file', manifest, mode: 0o4 });
  expect(modeOf(path)).toBe(0o4);
});

test('a file is replaced at once: who has the old one open still reads it', async () => {
  const { dir, write, stage } = await here();
  const path = join(dir, 'config');
  writeFileSync(path, 'old');
  const before = statSync(path).ino;
  await write(path, { kind: 'file', manifest: [await stage('x', 'new')] });
  expect(readFileSync(path, 'utf8')).toBe('new');
  expect(statSync(path).ino).not.toBe(before);
  expect(readdirSync(dir).toSorted()).toEqual(['blobs', 'config']);
});

test('what an agent left that was killed over it is taken away by the repetition', async () => {
  const { dir, write, stage } = await here();
  const path = join(dir, 'config');
  const manifest = [await stage('x', 'new')];
  // Where the temporary is is found out by having its rename fail.
  mkdirSync(join(path, 'in-the-way'), { recursive: true });
  await expect(write(path, { kind: 'file', manifest })).rejects.toMatchObject({ code: 'FILE_REFUSED' });
  rmSync(path, { recursive: true });
  await Promise.all([write(path, { kind: 'file', manifest }), write(path, { kind: 'file', manifest })]);
  expect(readdirSync(dir).toSorted()).toEqual(['blobs', 'config']);
});

test('a link in the place of a file is replaced, not followed', async () => {
  const { dir, write, stage } = await here();
  writeFileSync(join(dir, 'target'), 'mine');
  symlinkSync('target', join(dir, 'link'));
  await write(join(dir, 'link'), { kind: 'file', manifest: [await stage('x', 'new')] });
  expect(readFileSync(join(dir, 'target'), 'utf8')).toBe('mine');
  expect(lstatSync(join(dir, 'link')).isFile()).toBe(true);
});

test('a directory is made entry by entry into what is there', async () => {
  const { dir, write, stage } = await here();
  const to = join(dir, 'conf');
  mkdirSync(join(to, 'sub'), { recursive: true });
  writeFileSync(join(to, 'kept'), 'kept');
  writeFileSync(join(to, 'sub/old'), 'old');
  const manifest: Manifest = [
    { kind: 'dir', path: 'sub', mode: 0o555 },
    { kind: 'dir', path: 'empty', mode: 0o700 },
    await stage('sub/old', 'new'),
    await stage('run', '#!/bin/sh\n', 0o755),
    { kind: 'link', path: 'also', target: 'sub/old' },
  ];
  expect(await write(to, { kind: 'directory', manifest })).toEqual({ files: 2, bytes: 13 });
  // And once more, over all of it.
  chmodSync(join(to, 'sub'), 0o755);
  await write(to, { kind: 'directory', manifest });
  expect(readFileSync(join(to, 'kept'), 'utf8')).toBe('kept');
  expect(readFileSync(join(to, 'also'), 'utf8')).toBe('new');
  expect([modeOf(join(to, 'sub')), modeOf(join(to, 'empty')), modeOf(join(to, 'run'))]).toEqual([
    0o555, 0o700, 0o755,
  ]);
  expect(readdirSync(to).toSorted()).toEqual(['also', 'empty', 'kept', 'run', 'sub']);
});

test('what is in the way is said, with the path and the machine', async () => {
  const { dir, write, stage } = await here();
  mkdirSync(join(dir, 'conf'));
  writeFileSync(join(dir, 'file'), '');
  const manifest = [await stage('app.conf', 'x')];
  await expect(write(join(dir, 'conf'), { kind: 'file', manifest })).rejects.toMatchObject({
    code: 'FILE_REFUSED',
    message: `${dir}/conf on n1 is a directory; name the file in it: ${dir}/conf/app.conf`,
  });
  await expect(write(join(dir, 'file/below'), { kind: 'file', manifest })).rejects.toMatchObject({
    code: 'FILE_REFUSED',
    message: expect.stringMatching(/file\/below on n1 cannot be written: /) as string,
  });
});

test('an abort ends it between two entries', async () => {
  const { dir, write, stage } = await here();
  const stop = new AbortController();
  stop.abort(new Error('the caller has gone'));
  const manifest = [await stage('x', 'y')];
  await expect(write(join(dir, 'x'), { kind: 'file', manifest }, stop.signal)).rejects.toThrow(
    'the caller has gone',
  );
  expect(existsSync(join(dir, 'x'))).toBe(false);
});

test('a full disk leaves what was there, and nothing half', async ({ skip }) => {
  const { dir, write, stage } = await here();
  const small = join(dir, 'small');
  mkdirSync(small);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tutti-test', small], { stdio: 'ignore' });
  } catch {
    return skip();
  }
  onTestFinished(() => void execFileSync('umount', ['-l', small]));
  const path = join(small, 'file');
  writeFileSync(path, 'old');
  const { bavail } = statfsSync(small);
  const manifest = [await stage('file', Buffer.alloc(4 * 1024 * 1024, 7))];
  await expect(write(path, { kind: 'file', manifest })).rejects.toMatchObject({
    code: 'DISK_FULL',
    message: `${path} on n1 cannot be written: no space is left on the disk`,
  });
  expect(readFileSync(path, 'utf8')).toBe('old');
  expect(readdirSync(small)).toEqual(['file']);
  expect(statfsSync(small).bavail).toBe(bavail);
});

test('a file is read as it is, a directory with what is in it, and what cannot be taken is listed', async () => {
  const { dir } = await here();
  const from = join(dir, 'from');
  mkdirSync(join(from, 'sub/empty'), { recursive: true });
  writeFileSync(join(from, 'sub/a'), 'aa', { mode: 0o600 });
  writeFileSync(join(from, 'b'), 'bbb');
  symlinkSync('sub/a', join(from, 'in'));
  symlinkSync('/etc/passwd', join(from, 'leads-out'));
  execFileSync('mkfifo', [join(from, 'fifo')]);
  const tree = await readTree(from, 'n1', never);
  expect(tree.kind).toBe('directory');
  expect(tree.manifest.map(({ kind, path }) => `${kind} ${path}`).toSorted()).toEqual([
    'dir sub',
    'dir sub/empty',
    'file b',
    'file sub/a',
    'link in',
  ]);
  expect(tree.skipped.map(({ path }) => path).toSorted()).toEqual(['fifo', 'leads-out']);
  const one = await readTree(join(from, 'in'), 'n1', never);
  expect(one).toMatchObject({ kind: 'file', manifest: [{ kind: 'file', path: 'in', size: 2, mode: 0o600 }] });
  await expect(readTree(join(from, 'fifo'), 'n1', never)).rejects.toMatchObject({ code: 'FILE_REFUSED' });
  await expect(readTree(join(from, 'nothing'), 'n1', never)).rejects.toMatchObject({
    code: 'NO_SUCH_FILE',
    message: `there is no ${from}/nothing on n1`,
  });
});

test('what the kernel makes as it is read is refused, with a way to have it', async () => {
  for (const path of ['/proc/self/status', '/proc/self'])
    await expect(readTree(path, 'n1', never)).rejects.toMatchObject({
      code: 'FILE_REFUSED',
      message: expect.stringContaining('have a command read it') as string,
    });
});

test('10,000 files are written and read back the same', { timeout: 120_000 }, async () => {
  // In memory, where there is such a place: it is not the disk that is tested.
  const { dir, write, stage } = await here(existsSync('/dev/shm') ? '/dev/shm' : tmpdir());
  const contents = await Promise.all(Array.from({ length: 10 }, (_, n) => stage(`${n}`, `contents ${n}`)));
  const manifest: Manifest = [];
  for (let n = 0; n < 100; n += 1) manifest.push({ kind: 'dir', path: `d${n}`, mode: 0o755 });
  for (let n = 0; n < 10_000; n += 1) manifest.push({ ...contents[n % 10]!, path: `d${n % 100}/f${n}` });
  const to = join(dir, 'many');
  expect(await write(to, { kind: 'directory', manifest })).toMatchObject({ files: 10_000 });
  const back = await readTree(to, 'n1', never);
  const sorted = (entries: Manifest) => entries.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  expect(sorted(back.manifest)).toEqual(sorted(manifest));
  expect(back.contents.size).toBe(10);
});

test('relative paths stay below where they start; absolute ones may be anywhere', () => {
  expect(placeOf('a/../b', '/work')).toBe('/work/b');
  expect(placeOf('/etc/hosts', '/work')).toBe('/etc/hosts');
  expect(placeOf('..a', '/work')).toBe('/work/..a');
  for (const path of ['..', '../x', 'a/../../x'])
    expect(() => placeOf(path, '/work')).toThrow(expect.objectContaining({ code: 'PATH_ESCAPES' }));
});

test('a link that is read is the file it leads to; one in a tree stays a link', async () => {
  const { dir } = await here();
  mkdirSync(join(dir, 'real'));
  writeFileSync(join(dir, 'real/x'), 'x');
  symlinkSync('real', join(dir, 'way'));
  symlinkSync('x', join(dir, 'real/y'));
  expect((await readTree(join(dir, 'way'), 'n1', never)).manifest).toHaveLength(2);
  expect(readlinkSync(join(dir, 'real/y'))).toBe('x');
});
