import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { encode, LIMITS } from '@tutti/protocol';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { SizedFile } from '../../src/files/sized-file.ts';
import { type Artifacts, findArtifacts, listed } from '../../src/ship/artifacts.ts';
import { MEMBER, temporaryDirectory } from './member-on-disk.ts';

/** The order in which a directory lists its entries is its own. */
async function found(out: string): Promise<Artifacts> {
  const { files, links, skipped } = await findArtifacts(out);
  const byPath = (a: { path: string }, b: { path: string }) => (a.path < b.path ? -1 : 1);
  return { files: files.toSorted(byPath), links: links.toSorted(byPath), skipped: skipped.toSorted(byPath) };
}

describe('what is found', () => {
  test('regular files at any depth, with sizes and permission bits; directories only by what is in them', async () => {
    const out = temporaryDirectory();
    mkdirSync(join(out, 'a/b/empty'), { recursive: true });
    writeFileSync(join(out, 'a/b/deep.bin'), 'four');
    writeFileSync(join(out, 'none'), '');
    chmodSync(join(out, 'none'), 0o4751);
    chmodSync(join(out, 'a/b/deep.bin'), 0o600);
    expect(await found(out)).toEqual({
      files: [
        { path: 'a/b/deep.bin', size: 4, mode: 0o600 },
        { path: 'none', size: 0, mode: 0o751 },
      ],
      links: [],
      skipped: [],
    });
  });

  test('links that stay inside, also dangling ones and in circles; those that lead out are skipped', async () => {
    const out = temporaryDirectory();
    mkdirSync(join(out, 'd'));
    symlinkSync('../file', join(out, 'd/in'));
    symlinkSync('nowhere', join(out, 'dangling'));
    symlinkSync('.', join(out, 'd/circle'));
    symlinkSync('../../etc/passwd', join(out, 'd/up'));
    symlinkSync('/etc/passwd', join(out, 'absolute'));
    expect(await found(out)).toEqual({
      files: [],
      links: [
        { path: 'd/circle', target: '.' },
        { path: 'd/in', target: '../file' },
        { path: 'dangling', target: 'nowhere' },
      ],
      skipped: [
        { path: 'absolute', why: 'a link that leads out of $TUTTI_OUT, to /etc/passwd' },
        { path: 'd/up', why: 'a link that leads out of $TUTTI_OUT, to ../../etc/passwd' },
      ],
    });
  });

  test('a FIFO and a socket are skipped without being opened', async () => {
    const out = temporaryDirectory();
    execFileSync('mkfifo', [join(out, 'fifo')]);
    const server = createServer().listen(join(out, 'socket'));
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const why = 'neither a file nor a directory nor a link';
    expect((await found(out)).skipped).toEqual([
      { path: 'fifo', why },
      { path: 'socket', why },
    ]);
  });

  test('names and link targets that are not UTF-8 are skipped, and do not stand for others', async () => {
    const out = temporaryDirectory();
    const latin = (name: string) => Buffer.concat([Buffer.from(`${out}/`), Buffer.from(name, 'latin1')]);
    writeFileSync(latin('caf\xe9'), 'x');
    mkdirSync(latin('d\xff'));
    symlinkSync(Buffer.from('\xe9', 'latin1'), join(out, 'link'));
    writeFileSync(join(out, 'café'), 'y');
    expect(await found(out)).toEqual({
      files: [{ path: 'café', size: 1, mode: expect.any(Number) as number }],
      links: [],
      skipped: [
        { path: 'caf�', why: 'its name is not UTF-8' },
        { path: 'd�', why: 'its name is not UTF-8' },
        { path: 'link', why: 'a link whose target is not UTF-8' },
      ],
    });
  });

  test('what lies too deep for the system to name is skipped', async () => {
    const out = temporaryDirectory();
    writeFileSync(join(out, 'shallow'), 'x');
    // Step by step: as one path it would be too long to be made.
    const deep = `for (let n = 0; n < 20; n += 1) {
      require('fs').mkdirSync('d'.repeat(250));
      process.chdir('d'.repeat(250));
    }`;
    execFileSync(process.execPath, ['-e', deep], { cwd: out });
    const { files, skipped } = await found(out);
    expect(files.map(({ path }) => path)).toEqual(['shallow']);
    expect(skipped).toEqual([
      {
        path: expect.stringMatching(/^d+(\/d+)+$/) as string,
        why: expect.stringContaining('ENAMETOOLONG') as string,
      },
    ]);
  });

  test('a directory that the script removed, or put something else in place of, has nothing in it', async () => {
    const out = join(temporaryDirectory(), 'out');
    expect(await found(out)).toMatchObject({ files: [], links: [], skipped: [{ path: '.' }] });
    symlinkSync('/etc', out);
    expect(await found(out)).toEqual({
      files: [],
      links: [],
      skipped: [{ path: '.', why: '$TUTTI_OUT is not a directory any more' }],
    });
  });

  test('a directory that cannot be read is skipped, with the reason', async () => {
    const out = temporaryDirectory();
    chmodSync(out, 0o755);
    mkdirSync(join(out, 'shut'), { mode: 0 });
    writeFileSync(join(out, 'file'), 'x');
    const { files, skipped } = await asNobody(() => found(out));
    expect(files.map(({ path }) => path)).toEqual(['file']);
    expect(skipped).toEqual([{ path: 'shut', why: expect.stringContaining('EACCES') as string }]);
  });
});

/** Root may read everything. */
async function asNobody<T>(work: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return work();
  process.seteuid?.(65_534);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
  }
}

describe('a file', () => {
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
  const fileOf = (text: string) => {
    const path = join(temporaryDirectory(), 'f');
    writeFileSync(path, text);
    const file = new SizedFile(path, text.length);
    onTestFinished(() => file.close());
    return { path, file };
  };

  test('has the digest of its bytes, whatever their number', async () => {
    for (const text of ['', 'x', 'y'.repeat(1024 * 1024), 'z'.repeat(2_500_000)])
      expect(await fileOf(text).file.digest()).toBe(sha256(text));
  });

  test('that grows afterwards is read as far as it went when it was looked at', async () => {
    const { path, file } = fileOf('before');
    appendFileSync(path, ', after');
    expect(await file.digest()).toBe(sha256('before'));
    const into = Buffer.alloc(100);
    expect(await file.read(3, into)).toBe(3);
    expect(into.subarray(0, 3).toString()).toBe('ore');
    expect(await file.read(6, into)).toBe(0);
  });

  test('that is cut short afterwards fails, rather than be waited for', async () => {
    const { path, file } = fileOf('before');
    truncateSync(path, 2);
    await expect(file.digest()).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    await expect(file.read(2, Buffer.alloc(100))).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
  });

  test('that vanishes fails as the system says', async () => {
    const { path, file } = fileOf('before');
    rmSync(path);
    await expect(file.digest()).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('what one message tells', () => {
  test('is all of it, when it is little', () => {
    const links = [{ path: 'a', target: 'b' }];
    const skipped = [{ path: 'c', why: 'd' }];
    expect(listed({ files: [], links, skipped })).toEqual({ links, skipped });
  });

  test('fits into a frame however much there is, and what is left out is counted', () => {
    const text = fc
      .tuple(fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }), fc.integer({ min: 1, max: 200 }))
      .map(([part, times]) => part.repeat(times));
    fc.assert(
      fc.property(text, text, fc.nat(5_000), fc.nat(5_000), (path, why, links, skipped) => {
        const told = listed({
          files: [],
          links: Array.from({ length: links }, () => ({ path, target: why })),
          skipped: Array.from({ length: skipped }, () => ({ path, why })),
        });
        const params = { member: MEMBER, ...told };
        expect(encode({ kind: 'call', id: 1, name: 'member.collected', params }).byteLength).toBeLessThan(
          LIMITS.frame.value,
        );
        const more = /^and (\d+) more$/.exec(told.skipped.at(-1)?.why ?? '')?.[1];
        const count = told.links.length + told.skipped.length + (more === undefined ? 0 : Number(more) - 1);
        expect(count).toBe(links + skipped);
      }),
      { numRuns: 20 },
    );
  }, 60_000);
});
