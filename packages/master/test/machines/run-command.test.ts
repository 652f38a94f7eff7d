import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '@tutti/link';
import { eventually, FakeClock } from '@tutti/testkit';
import { describe, expect, test } from 'vitest';
import { runCommand } from '../../src/machines/run-command.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

async function order(run: string, timeoutMs = 60_000) {
  const folder = await temporaryDirectory();
  const env = { PATH: process.env['PATH'], TUTTI_NODE: 'n1' };
  return { run, timeoutMs, folder, env, output: join(folder, 'a/b/out.log') };
}

const never = new AbortController().signal;

function lives(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ')[2] !== 'Z';
  } catch {
    return false;
  }
}

describe('a command', () => {
  test('that ends well; its output is added to its file', async () => {
    const told = await order('echo "$TUTTI_NODE in $(basename "$PWD")"; echo bad >&2');
    expect(await runCommand(told, systemClock, never)).toMatchObject({ ok: true });
    expect(await runCommand({ ...told, run: 'echo again' }, systemClock, never)).toEqual({
      ok: true,
      tail: 'again\n',
    });
    expect(await readFile(told.output, 'utf8')).toMatch(/^n1 in .+\nbad\nagain\n$/);
  });

  test.each([
    ['echo no disk >&2; exit 3', 'ended with status 3 (last line: "no disk")'],
    ['exit 1', 'ended with status 1'],
    ['kill -9 $$', 'was killed by SIGKILL'],
    ['no-such-command-here', expect.stringContaining('ended with status 127 (last line: "')],
  ])('that fails says how: %s', async (run, why) => {
    expect(await runCommand(await order(run), systemClock, never)).toMatchObject({ ok: false, why });
  });

  test('whose folder is not there could not be started', async () => {
    const told = { ...(await order('true')), folder: '/nonexistent' };
    expect(await runCommand(told, systemClock, never)).toMatchObject({
      ok: false,
      why: expect.stringContaining('could not be started'),
    });
  });

  test('that hangs is ended with all that it started, also what does not want to', async () => {
    const clock = new FakeClock();
    const told = await order(
      `trap '' TERM; (trap '' TERM; echo $$ >pids; sh -c 'echo $$ >>pids; exec sleep 600'; sleep 600)`,
      7000,
    );
    const running = runCommand(told, clock, never);
    const pids = await eventually(async () => {
      const text = await readFile(join(told.folder, 'pids'), 'utf8').catch(() => '');
      const found = text.split('\n').filter(Boolean).map(Number);
      if (found.length < 2) throw new Error('they have not begun');
      return found;
    });
    await clock.pass(7000);
    expect(clock.timers).toBe(1);
    await clock.pass(5000);
    expect(await running).toMatchObject({ ok: false, why: 'did not end within 7 s' });
    // Killed they are; to be gone takes the kernel a moment.
    await eventually(() => expect(pids.filter(lives)).toEqual([]));
    expect(clock.timers).toBe(0);
  });

  test('is called off by its signal', async () => {
    const stop = new AbortController();
    const told = await order('echo begun; exec sleep 600');
    const running = runCommand(told, systemClock, stop.signal);
    await eventually(async () => (await readFile(told.output, 'utf8').catch(() => '')) === 'begun\n');
    stop.abort();
    expect(await running).toMatchObject({ ok: false, why: 'was called off (last line: "begun")' });
    expect(await runCommand(told, systemClock, stop.signal)).toMatchObject({ why: 'was not begun' });
  });
});
