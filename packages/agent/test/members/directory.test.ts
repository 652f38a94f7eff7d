/** The member directory: the suite's files exactly, whole or not at all. */
import {
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { removeTree } from '../../src/system/remove-tree.ts';
import { inline, makeLab, stage } from './lab.ts';

test('contents, permissions, empty directories and links are as they were staged', async () => {
  const lab = await makeLab();
  const bytes = Buffer.from([0, 255, 10, 0]);
  const spec = inline('true', {
    files: [
      { kind: 'dir', path: 'ro', mode: 0o555 },
      stage(lab, 'ro/data', bytes, 0o400),
      stage(lab, 'ro/tool', '#!/bin/sh\n', 0o711),
      { kind: 'dir', path: 'empty', mode: 0o700 },
      { kind: 'link', path: 'ro-link', target: 'ro/data' },
      { kind: 'link', path: 'dangling', target: 'not/there' },
      stage(lab, 'deep/er/file', '', 0o666),
      stage(lab, 'naïve name ✓', 'x'),
    ],
  });
  await lab.members.prepare(spec);
  const work = join(lab.dir(spec.member), 'work');
  const mode = (path: string): number => statSync(join(work, path)).mode & 0o7777;
  expect([mode('ro'), mode('ro/data'), mode('ro/tool'), mode('empty'), mode('deep/er/file')]).toEqual([
    0o555, 0o400, 0o711, 0o700, 0o666,
  ]);
  expect(readFileSync(join(work, 'ro/data')).equals(bytes)).toBe(true);
  expect(readlinkSync(join(work, 'ro-link'))).toBe('ro/data');
  expect(lstatSync(join(work, 'dangling')).isSymbolicLink()).toBe(true);
  expect(readFileSync(join(work, 'naïve name ✓'), 'utf8')).toBe('x');
  await lab.members.forget(spec.member);
  expect(existsSync(work)).toBe(false);
});

test('what a script does to its files does not reach the cache', async () => {
  const lab = await makeLab();
  const file = stage(lab, 'data', 'original', 0o644);
  const digest = file.kind === 'file' ? file.digest : '';
  const spec = inline('echo changed >> data; chmod 000 data', { files: [file] });
  await lab.run(spec);
  expect(readFileSync(join(lab.blobs, digest), 'utf8')).toBe('original');
  expect(statSync(join(lab.blobs, digest)).nlink).toBe(1);
});

test('what was not staged makes prepare fail, and leaves nothing', async () => {
  const lab = await makeLab();
  const file = { kind: 'file', path: 'data', mode: 0o644, size: 1, digest: 'a'.repeat(64) } as const;
  await expect(lab.members.prepare(inline('true', { files: [file] }))).rejects.toThrow(/data was not staged/);
  expect(readdirSync(join(lab.stateDir, 'members'))).toEqual([]);
  expect(lab.members.presence()).toEqual([]);
});

test('the logs exist before the script does', async () => {
  const lab = await makeLab();
  const spec = inline('true');
  await lab.members.prepare(spec);
  const logs = lab.members.logs(spec.member);
  expect(logs.map(({ source }) => source)).toEqual(['stdout', 'stderr', 'events']);
  expect(logs.map(({ path }) => readFileSync(path, 'utf8'))).toEqual(['', '', '']);
});

test('a tree is removed though directories in it forbid that', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'tutti-remove-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const lab = await makeLab();
  const spec = inline('mkdir -p a/b/c; echo x > a/b/c/d; ln -s / root; chmod 000 a/b/c a/b a');
  await lab.run(spec);
  writeFileSync(join(dir, 'outside'), '');
  await removeTree(lab.dir(spec.member));
  expect(existsSync(lab.dir(spec.member))).toBe(false);
  await removeTree(join(dir, 'never-was'));
});
