/** What a crash leaves of files. */
import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { seededRandom } from '@tutti/testkit';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../e2e/support/tutti.ts';
import { cutFiles, readSynced, type SyncRecord, safeLength } from './lab/cut.ts';

const cut = (dir: string, synced: SyncRecord[], random = seededRandom(1)) =>
  cutFiles({ dir, ownName: '/own', synced, random });

test('a file keeps at least what was safe, and may lose everything else', () => {
  fc.assert(
    fc.property(fc.nat(1000), fc.nat(1000), (size, safe) => {
      const least = safeLength({ path: '', size, ino: 1 }, [{ path: '', size: safe, ino: 1 }]);
      expect(least).toBe(Math.min(size, safe));
    }),
  );
  expect(safeLength({ path: '', size: 10, ino: 1 }, [])).toBe(0);
});

test('a file that was replaced since it was recorded is left whole', () => {
  expect(safeLength({ path: 'a', size: 10, ino: 2 }, [{ path: 'a', size: 3, ino: 1 }])).toBe(10);
});

test('a file keeps what was safe under its former name', () => {
  expect(safeLength({ path: 'b', size: 10, ino: 1 }, [{ path: 'a', size: 3, ino: 1 }])).toBe(3);
});

test('files are cut wherever they are, to lengths that the seed decides; nothing else is touched', async () => {
  const dir = await temporaryDirectory();
  mkdirSync(join(dir, 'a/b'), { recursive: true });
  writeFileSync(join(dir, 'a/b/safe'), 'x'.repeat(100));
  writeFileSync(join(dir, 'a/half'), 'y'.repeat(100));
  writeFileSync(join(dir, 'lost'), 'z'.repeat(100));
  symlinkSync('/etc/passwd', join(dir, 'link'));
  const of = (name: string) => statSync(join(dir, name));
  const synced = [
    { path: '/own/a/b/safe', size: 100, ino: of('a/b/safe').ino },
    { path: '/own/a/half', size: 50, ino: of('a/half').ino },
  ];
  const cuts = cut(dir, synced);
  expect(cuts.map(({ path }) => path.slice(dir.length + 1))).toEqual(['a/b/safe', 'a/half', 'lost']);
  expect(of('a/b/safe').size).toBe(100);
  expect(of('a/half').size).toBeGreaterThanOrEqual(50);
  expect(of('lost').size).toBeLessThan(100);
  expect(readFileSync(join(dir, 'a/half'), 'utf8')).toMatch(/^y+$/);
  expect(existsSync(join(dir, 'link'))).toBe(true);
  const never = cut(dir, [], () => 0.999999);
  expect(never.every(({ from, to }) => from === to)).toBe(true);
});

test('of several records of a file the last one counts', async () => {
  const file = join(await temporaryDirectory(), 'synced');
  const records = [1, 2, 3].map((size) => JSON.stringify({ path: '/own/x', size, ino: 7 }));
  writeFileSync(file, `${records.join('\n')}\n`);
  expect(safeLength({ path: '/own/x', size: 10, ino: 7 }, readSynced(file))).toBe(3);
  expect(readSynced(`${file}.none`)).toEqual([]);
});
