import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openRuntimeDir, socketPath } from '../../src/socket/runtime-dir.ts';

function place(): string {
  const dir = mkdtempSync(join(tmpdir(), 'tutti-runtime-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

test('where it is told to be', async () => {
  const dir = join(place(), 'a', 'b');
  expect(await openRuntimeDir(place(), dir)).toBe(dir);
  expect(statSync(dir).isDirectory()).toBe(true);
});

test('every socket has a path of its own', () => {
  const dir = place();
  expect(socketPath(dir)).toMatch(/\/[0-9a-f]{8}\.sock$/);
  expect(socketPath(dir)).not.toBe(socketPath(dir));
});

test('a directory whose sockets nobody could reach is refused', () => {
  expect(() => socketPath(`/${'x'.repeat(100)}`)).toThrow(/too long/);
});
