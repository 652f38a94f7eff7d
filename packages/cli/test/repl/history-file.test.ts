import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { historyPath, openHistory } from '../../src/repl/history-file.ts';

async function folder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'tutti-history-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  return dir;
}

test('it is where state is kept', () => {
  expect(historyPath({ XDG_STATE_HOME: '/s', HOME: '/h' })).toBe('/s/tutti/repl_history');
  expect(historyPath({ XDG_STATE_HOME: '', HOME: '/h' })).toBe('/h/.local/state/tutti/repl_history');
});

test('it is for its owner alone, also one that was open to others', async () => {
  const path = join(await folder(), 'tutti/repl_history');
  expect(await openHistory(path)).toBe(path);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  const other = join(await folder(), 'history');
  await writeFile(other, 'typed\n', { mode: 0o644 });
  await openHistory(other);
  expect(await stat(other)).toMatchObject({ size: 6 });
  expect((await stat(other)).mode & 0o777).toBe(0o600);
});

test('where it cannot be made there is none', async () => {
  const path = join(await folder(), 'file');
  await writeFile(path, '');
  expect(await openHistory(join(path, 'repl_history'))).toBeUndefined();
});
