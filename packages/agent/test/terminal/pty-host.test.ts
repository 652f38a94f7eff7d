import { fork } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readStat } from '@tutti/link';
import { expect, onTestFinished, test } from 'vitest';
import type { FromHost } from '../../src/terminal/host-messages.ts';

const SOURCE = join(import.meta.dirname, '../../src/terminal/pty-host.ts');
const START = { is: 'start', words: ['/bin/cat'], env: {}, cwd: '/', columns: 80, rows: 24 };

function host(file: string) {
  const child = fork(file, { stdio: ['pipe', 'pipe', 'inherit', 'ipc'], execArgv: [] });
  onTestFinished(() => void child.kill('SIGKILL'));
  child.send(START);
  return child;
}

test('where the native part cannot be loaded it says which package is missing', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pty-host-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  copyFileSync(SOURCE, join(folder, 'pty-host.ts'));
  const child = host(join(folder, 'pty-host.ts'));
  const [said] = (await once(child, 'message')) as [FromHost];
  expect(said).toEqual({
    is: 'failed',
    message: expect.stringMatching(
      /^terminals need the package @lydell\/node-pty, which cannot be loaded: /,
    ) as string,
  });
  await once(child, 'exit');
});

test('when its agent is gone the terminal hangs up, and it ends', async () => {
  const child = host(SOURCE);
  const [said] = (await once(child, 'message')) as [FromHost];
  const pid = said.is === 'started' ? said.pid : 0;
  const lives = () => readStat(pid)?.zombie === false;
  expect(lives()).toBe(true);
  const ended = once(child, 'exit');
  child.disconnect();
  await ended;
  await expect.poll(lives).toBe(false);
});
