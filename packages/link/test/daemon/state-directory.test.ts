/** What a daemon knows itself by outlasts a machine that crashes right after its first start. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { StateDirectory } from '../../src/index.ts';

async function directory(): Promise<StateDirectory> {
  const dir = await mkdtemp('/tmp/tutti-state-');
  onTestFinished(() => rm(dir, { recursive: true }));
  return StateDirectory.open(dir, 'agent');
}

test('an id is on the disk when it is told, and is the same ever after', async () => {
  const state = await directory();
  const safe = new Map<string, number>();
  const note = (message: unknown) => {
    const { path, size } = message as { path: string; size: number };
    safe.set(path, size);
  };
  subscribe('tutti.synced', note);
  onTestFinished(() => void unsubscribe('tutti.synced', note));
  const path = join(state.path, 'agent.id');
  const id = await state.id('agent.id');
  expect(safe.get(path)).toBe(id.length + 1);
  expect(await readFile(path, 'utf8')).toBe(`${id}\n`);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await state.id('agent.id')).toBe(id);
});

test('a file that holds no id is left alone, and named', async () => {
  const state = await directory();
  await state.secret('agent.id', () => 'something else');
  await expect(state.id('agent.id')).rejects.toMatchObject({
    code: 'STATE_NOT_WRITABLE',
    message: `${join(state.path, 'agent.id')} holds no id; delete it to get a new one`,
  });
});
