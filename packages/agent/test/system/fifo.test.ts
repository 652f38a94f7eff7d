import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { LifeLine, makeFifos } from '../../src/system/fifo.ts';

async function fifo(): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), 'tutti-fifo-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const paths = [join(dir, 'a b'), join(dir, 'other')];
  await makeFifos(paths);
  return paths[0] ?? '';
}

const gone = (line: LifeLine): Promise<void> => new Promise((resolve) => line.onGone(resolve));

test('a line that a child holds is gone when the child is', async () => {
  const line = new LifeLine(await fifo());
  expect(line.isHeld()).toBe(false);
  const end = line.openWriteEnd();
  const child = spawn('sleep', ['1000'], { stdio: ['ignore', 'ignore', 'ignore', end] });
  await once(child, 'spawn');
  closeSync(end);
  expect(line.isHeld()).toBe(true);
  const going = gone(line);
  child.kill('SIGKILL');
  await going;
  expect(line.isHeld()).toBe(false);
  line.close();
  line.close();
});

test('a line that nobody holds is gone at once, for whoever opens it', async () => {
  const path = await fifo();
  const line = new LifeLine(path);
  await expect(gone(line)).resolves.toBeUndefined();
  line.close();
});

test('a second watcher sees the same end', async () => {
  const path = await fifo();
  const [one, two] = [new LifeLine(path), new LifeLine(path)];
  const end = one.openWriteEnd();
  expect(two.isHeld()).toBe(true);
  const both = Promise.all([gone(one), gone(two)]);
  closeSync(end);
  await expect(both).resolves.toHaveLength(2);
  one.close();
  two.close();
});

test('a closed line calls nobody back', async () => {
  const path = await fifo();
  const line = new LifeLine(path);
  const other = new LifeLine(path);
  const end = line.openWriteEnd();
  let called = false;
  line.onGone(() => {
    called = true;
  });
  const seen = gone(other);
  line.close();
  closeSync(end);
  await seen;
  expect(called).toBe(false);
  other.close();
});
