import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunView } from '@tutti/protocol';
import { STATUSES } from '@tutti/protocol';
import { describe, expect, onTestFinished, test } from 'vitest';
import { freeDirectory, pointLatest, prepareResults } from '../../src/run/results-directory.ts';

const ID = '0123456789abcdef0123456789abcdef';
const OTHER = 'fedcba9876543210fedcba9876543210';

function temporary(): string {
  const dir = mkdtempSync(join(tmpdir(), 'tutti-results-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

function view(dir: string, id = ID): RunView {
  return { run: 7, id, suite: 'net', phase: 'finished', dir, size: 1, tests: [] };
}

function reportOf(id: string): string {
  const summary = { total: 0, ...Object.fromEntries(STATUSES.map((status) => [status.toLowerCase(), 0])) };
  const started = '2026-11-21T10:00:00.123Z';
  return JSON.stringify({
    tutti: 1,
    run: 7,
    id,
    suite: 'net',
    status: 'PASS',
    started,
    summary,
    nodes: [],
    tests: [],
  });
}

describe('the directory of a run', () => {
  test('has the name it has at the master', async () => {
    const root = temporary();
    expect(await freeDirectory(root, view('/var/lib/tutti/master/runs/7-net'))).toBe(join(root, '7-net'));
    mkdirSync(join(root, '7-net'));
    expect(await freeDirectory(root, view('/runs/7-net'))).toBe(join(root, '7-net'));
  });

  test('is used again for the same run', async () => {
    const root = temporary();
    mkdirSync(join(root, '7-net'));
    writeFileSync(join(root, '7-net/report.yaml'), reportOf(ID));
    expect(await freeDirectory(root, view('/runs/7-net'))).toBe(join(root, '7-net'));
  });

  test.each([
    ['holds the results of another run', 'report.yaml', reportOf(OTHER)],
    ['holds a report that cannot be read', 'report.yaml', 'tutti: 2\n'],
    ['holds something else', 'notes.txt', 'mine'],
  ])('is another one where that of its name %s', async (_, file, text) => {
    const root = temporary();
    mkdirSync(join(root, '7-net'));
    writeFileSync(join(root, '7-net', file), text);
    expect(await freeDirectory(root, view('/runs/7-net'))).toBe(join(root, '7-net-01234567'));
  });

  test('is another one where a file has its name', async () => {
    const root = temporary();
    writeFileSync(join(root, '7-net'), 'x');
    expect(await freeDirectory(root, view('/runs/7-net'))).toBe(join(root, '7-net-01234567'));
  });

  test.each(['/runs/..', '/', '', '/runs/.'])('cannot be %j, whatever the master says', async (dir) => {
    await expect(freeDirectory(temporary(), view(dir))).rejects.toMatchObject({ code: 'PATH_ESCAPES' });
  });
});

describe('latest', () => {
  test('points to the newest, by a relative link that moves with the directory', async () => {
    const root = temporary();
    await pointLatest(root, join(root, '7-net'));
    expect(readlinkSync(join(root, 'latest'))).toBe('7-net');
    await pointLatest(root, join(root, '8-net'));
    expect(readlinkSync(join(root, 'latest'))).toBe('8-net');
    expect(readdirSync(root)).toEqual(['latest']);
  });

  test('is there at every moment while it is replaced', async () => {
    const root = temporary();
    symlinkSync('0-net', join(root, 'latest'));
    let done = false;
    const seen = new Set<string>();
    const reader = (async () => {
      while (!done) {
        seen.add(readlinkSync(join(root, 'latest')));
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    for (let n = 1; n <= 200; n += 1) await pointLatest(root, join(root, `${n}-net`));
    done = true;
    await reader;
    expect(seen.size).toBeGreaterThan(1);
  });

  test('what an earlier process left half done does not matter', async () => {
    const root = temporary();
    symlinkSync('gone', join(root, `.latest-${process.pid}`));
    await pointLatest(root, join(root, '7-net'));
    expect(readdirSync(root)).toEqual(['latest']);
  });

  test('that is a directory of somebody’s own stays one', async () => {
    const root = temporary();
    mkdirSync(join(root, 'latest'));
    await pointLatest(root, join(root, '7-net'));
    expect(statSync(join(root, 'latest')).isDirectory()).toBe(true);
    expect(readdirSync(root)).toEqual(['latest']);
  });
});

describe('before a run', () => {
  test('the results directory is made, with what leads to it', async () => {
    const root = join(temporary(), 'a/b/c');
    await prepareResults(root);
    await prepareResults(root);
    expect(statSync(root).isDirectory()).toBe(true);
  });

  test.each([
    ['a file', 'file', /file: it is not a directory; name another place with --report$/],
    ['a place below a file', 'file/below', /ENOTDIR/],
    ['a link to nowhere', 'dangling', /ENOENT/],
  ])('%s cannot be it, and the reason is told', async (_, name, why) => {
    const root = temporary();
    writeFileSync(join(root, 'file'), '');
    symlinkSync('nowhere', join(root, 'dangling'));
    await expect(prepareResults(join(root, name))).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringMatching(why) as string,
    });
  });

  test('nor can a place in which nothing can be made, however often one tries', async () => {
    await expect(prepareResults('/proc/tutti/results')).rejects.toMatchObject({ code: 'USAGE' });
  });
});
