/** What of a folder machines get, and how it is described. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, mkdir, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Manifest } from '@tutti/protocol';
import { describe, expect, onTestFinished, test } from 'vitest';
import { loadSuite } from '../../src/suite/index.ts';
import { manifestOf } from '../../src/suite/staging/manifest.ts';
import { refuseTooMany } from '../../src/suite/staging/size-bound.ts';
import { cannotRead } from '../../src/suite/staging/unreadable.ts';
import { walk } from '../../src/suite/staging/walk.ts';
import { failure, options, SCRIPT, suiteFolder } from './suite-folder.ts';

const paths = (entries: readonly { path: string }[]) => entries.map(({ path }) => path).toSorted();

describe('a folder', () => {
  test('is described with modes, sizes, digests and links, parents first, always alike', async () => {
    const folder = await suiteFolder({ 'b/c.sh': SCRIPT, 'b-a': 'x', 'a.txt': '' });
    await symlink('../a.txt', join(folder, 'b/up'));
    await symlink('nowhere', join(folder, 'dangling'));
    await mkdir(join(folder, 'empty'));
    await chmod(join(folder, 'empty'), 0o750);
    await chmod(join(folder, 'b'), 0o755);
    await chmod(join(folder, 'b-a'), 0o4600);

    const { files, sources } = await manifestOf((await walk(folder, '')).found);
    const digest = (text: string) => createHash('sha256').update(text).digest('hex');
    expect(files).toEqual([
      { kind: 'file', path: 'a.txt', mode: 0o644, size: 0, digest: digest('') },
      { kind: 'dir', path: 'b', mode: 0o755 },
      { kind: 'file', path: 'b-a', mode: 0o600, size: 1, digest: digest('x') },
      { kind: 'file', path: 'b/c.sh', mode: 0o755, size: SCRIPT.length, digest: digest(SCRIPT) },
      { kind: 'link', path: 'b/up', target: '../a.txt' },
      { kind: 'link', path: 'dangling', target: 'nowhere' },
      { kind: 'dir', path: 'empty', mode: 0o750 },
    ]);
    expect(sources.get(digest('x'))).toBe(join(folder, 'b-a'));
    expect(Manifest.parse(files)).toEqual(files);
    expect((await manifestOf((await walk(folder, '')).found)).files).toEqual(files);
  });

  test('may hold files of any size', async () => {
    const text = 'tutti\n'.repeat(200_000);
    const folder = await suiteFolder({ large: text });
    const { files } = await manifestOf((await walk(folder, '')).found);
    const digest = createHash('sha256').update(text).digest('hex');
    expect(files).toEqual([{ kind: 'file', path: 'large', mode: 0o644, size: text.length, digest }]);
  });

  test('is taken without .git, node_modules, tutti-results and what .tuttiignore names', async () => {
    const folder = await suiteFolder({
      '.git/HEAD': '',
      'node_modules/x.js': '',
      'sub/node_modules/x.js': '',
      'tutti-results/1-a/report.yaml': '',
      '.tuttiignore': '# big\n*.iso\n/data\n!keep.iso\nDocs/\n',
      'a.iso': '',
      'keep.iso': '',
      'data/x': '',
      'sub/data': '',
      'docs/x': '',
      'sub/Docs': '',
    });
    expect(paths((await walk(folder, '')).found)).toEqual([
      '.tuttiignore',
      'docs',
      'docs/x',
      'keep.iso',
      'sub',
      'sub/Docs',
      'sub/data',
    ]);
  });

  test('can take a name back in', async () => {
    const folder = await suiteFolder({ 'node_modules/x.js': '', '.tuttiignore': '!node_modules\n' });
    expect(paths((await walk(folder, '')).found)).toContain('node_modules/x.js');
  });

  test('is refused when a link leads out of it, unless that is ignored', async () => {
    const folder = await suiteFolder({ 'sub/x': '' });
    const refused = async (target: string) => {
      await rm(join(folder, 'sub/link'), { force: true });
      await symlink(target, join(folder, 'sub/link'));
      return failure(walk(folder, ''));
    };
    const { code, message, details } = await refused('../../secret');
    expect(code).toBe('PATH_ESCAPES');
    expect(details).toEqual({ path: 'sub/link', target: '../../secret' });
    expect(message).toMatchInlineSnapshot(
      `"the link sub/link points to ../../secret, outside of what machines get: keep its target inside and the link relative, replace it by a copy, or list it in .tuttiignore"`,
    );
    expect((await refused('/etc/passwd')).code).toBe('PATH_ESCAPES');
    expect((await refused(join(folder, 'sub/x'))).code).toBe('PATH_ESCAPES');

    await writeFile(join(folder, '.tuttiignore'), 'link\n');
    expect(paths((await walk(folder, '')).found)).toEqual(['.tuttiignore', 'sub', 'sub/x']);
  });

  test('loses sockets, FIFOs and names that are not UTF-8, with a warning each', async () => {
    const folder = await suiteFolder({ 'a.txt': '' });
    execFileSync('sh', ['-c', 'mkfifo "$0"', join(folder, 'pipe')]);
    const server = createServer().listen(join(folder, 'sock'));
    onTestFinished(() => void server.close());
    await new Promise((listening) => server.once('listening', listening));
    await rename(join(folder, 'a.txt'), Buffer.concat([Buffer.from(`${folder}/a`), Buffer.from([0xff])]));
    const { found, warnings } = await walk(folder, '');
    expect(found).toEqual([]);
    expect(warnings.toSorted()).toEqual([
      'a\ufffd is left out: its name is not UTF-8',
      'pipe is left out: it is a FIFO',
      'sock is left out: it is a socket',
    ]);
  });
});

describe('a folder too big', () => {
  test('is refused with its size and what takes the room, before anything is read', async () => {
    const folder = await suiteFolder({
      'suite.yaml': 'tests: [{ name: x, roles: { a: ls } }]\n',
      'iso/a': '',
      'iso/b': '',
      c: '',
      d: '',
    });
    await truncate(join(folder, 'iso/a'), 100 * 1024 * 1024);
    await truncate(join(folder, 'iso/b'), 100 * 1024 * 1024);
    await truncate(join(folder, 'c'), 57 * 1024 * 1024);
    const { code, message } = await failure(loadSuite('suite.yaml', options(folder)));
    expect(code).toBe('SUITE_TOO_BIG');
    expect(message).toMatchInlineSnapshot(
      `"257 MiB to send to the machines, more than 256 MiB; the largest: iso/ (200 MiB), c (57 MiB), suite.yaml (1 KiB): list what the tests do not need in .tuttiignore, or say --big"`,
    );
    const { spec } = await loadSuite('suite.yaml', options(folder, { big: true }));
    expect(spec.files).toHaveLength(6);
  });

  test('of files is refused where most of them are named', () => {
    const more = Array.from({ length: 100_001 }, (_, at) => (at % 3 === 0 ? `a/${at}` : `b/${at}`));
    expect(() => refuseTooMany([], more)).toThrowErrorMatchingInlineSnapshot(
      `[TuttiError: more than 100000 files to send to the machines; most are in b/ (66667), a/ (33334): list what the tests do not need in .tuttiignore]`,
    );
    expect(() => refuseTooMany([], more.slice(1))).not.toThrow();
  });
});

describe('a file that cannot be read', () => {
  const failing = (code: string) => Object.assign(new Error(`${code}: as the system says it`), { code });

  test('for lack of permission is named, with what to do', () => {
    const error = cannotRead('data/key', failing('EACCES'));
    expect(`${error.code} ${error.message}`).toMatchInlineSnapshot(
      `"SUITE_INVALID cannot read data/key: permission denied; change its mode, or list it in .tuttiignore if the tests do not need it"`,
    );
  });

  test('because it vanished meanwhile says that running again helps', () => {
    const error = cannotRead('data/key', failing('ENOENT'));
    expect(`${error.code} ${error.message}`).toMatchInlineSnapshot(
      `"DIGEST_MISMATCH data/key vanished while the suite was being read; run again"`,
    );
    expect(error.retry).toBe(true);
  });

  test('while it is hashed ends the hashing of all others', async () => {
    const folder = await suiteFolder({ 'b.txt': '' });
    let opened = 0;
    const found = Array.from({ length: 100 }, (_, at) => ({
      kind: 'file' as const,
      path: `file-${at + 100}`,
      mode: 0o644,
      size: 0,
      get absolute() {
        opened += 1;
        // The first is a directory by now.
        return at === 0 ? folder : join(folder, 'b.txt');
      },
    }));
    const error = await failure(manifestOf(found));
    expect(error.message).toMatch(/^cannot read file-100: EISDIR/);
    expect(opened).toBeLessThan(50);
  });
});
