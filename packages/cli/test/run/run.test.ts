/** `tutti run` when things around it break. Real labs of the installed command, on this host's own network. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '@tutti/testkit';
import { expect, test, vi } from 'vitest';
import { Command, INSTALLED, temporaryDirectory } from '../command.ts';

// A process takes its time to start on a busy machine.
vi.setConfig({ testTimeout: 40_000 });

const LOCAL = [...INSTALLED, 'run', '--local', '--net', 'host'];

/** A role that says which process its agent is and stays. */
function staying(cwd: string): string[] {
  const pid = join(cwd, 'agent-pid');
  // The wrapper is the agent's child, and the script the wrapper's grandchild.
  const script = `until [ "$(tr '\\0' ' ' </proc/$pid/cmdline | grep -c 'tutti.js agent')" = 1 ]; do
    pid=$(sed 's/.*) . \\([0-9]*\\).*/\\1/' /proc/$pid/stat)
  done
  echo $pid >'${pid}.new'; mv '${pid}.new' '${pid}'
  sleep 1000`;
  return [...LOCAL, '--role', `a=pid=$$; ${script}`];
}

test('a lab that breaks down ends the run at once: what broke, where the results are, and no failed test', async () => {
  const cwd = temporaryDirectory();
  const command = new Command(staying(cwd), { cwd });
  const agent = await eventually(() => Number(readFileSync(join(cwd, 'agent-pid'), 'utf8')), {
    timeout: 20_000,
  });
  process.kill(agent, 'SIGKILL');
  const { status, stdout, stderr } = await command.ended;
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toContain(`what there is of the results is in ${join(cwd, 'tutti-results/1-adhoc')}\n`);
  expect(stderr).toMatch(/tutti: agent n1 of the local lab was killed by SIGKILL.*\n.*\(LAB_FAILED\)\n$/);
  expect(stderr).not.toMatch(/\n {4}at /);
  expect(readFileSync(join(cwd, 'tutti-results/latest/report.yaml'), 'utf8')).toMatch(/^status: ERROR$/m);
});

test('the verdict stands though nobody reads the summary, or the progress', async () => {
  const cwd = temporaryDirectory();
  const command = new Command([...LOCAL, '--role', 'a=exit 1'], { cwd });
  command.child.stdout?.destroy();
  command.child.stderr?.destroy();
  expect(await command.ended).toMatchObject({ status: 1 });
  expect(readFileSync(join(cwd, 'tutti-results/latest/report.yaml'), 'utf8')).toMatch(/^status: FAIL$/m);
});

test('results that cannot be kept are told of before anything is started', async () => {
  const cwd = temporaryDirectory();
  writeFileSync(join(cwd, 'file'), '');
  const { ended } = new Command([...LOCAL, '--report', 'file', '--role', 'a=true'], { cwd });
  expect(await ended).toEqual({
    status: 64,
    stdout: '',
    stderr: expect.stringMatching(
      /^tutti: results cannot be written to .*\/file: it is not a directory/,
    ) as string,
  });
});
