/** `tutti lock NAME -- COMMAND`: the lock is ours while the command runs, however it ends. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FakeAgent } from './fake-agent.ts';
import { SHIM } from './languages.ts';

let agent: FakeAgent;
let child: ChildProcess | undefined;

beforeEach(async () => {
  agent = await new FakeAgent().listen();
});
afterEach(async () => {
  child?.kill('SIGKILL');
  await agent[Symbol.asyncDispose]();
});

function lock(...command: string[]) {
  const env = { ...process.env, TUTTI_SOCKET: agent.path };
  const stdio = ['ignore', 'pipe', 'pipe'] as const;
  const started = spawn(process.execPath, [SHIM, 'lock', 'disk', '--', ...command], {
    env,
    stdio: [...stdio],
  });
  child = started;
  const output = Promise.all([text(started.stdout), text(started.stderr), once(started, 'close')]);
  return { child: started, output };
}

test.each([
  ['its status and output', ['sh', '-c', 'echo -n done; exit 3'], [3, null], 'done', ''],
  ['128 and the signal that ended it', ['sh', '-c', 'kill -9 $$'], [137, null], '', ''],
  ['127 where there is no such command', ['/no/such/command'], [127, null], '', 'ENOENT'],
])('gives %s, after it has unlocked', async (_, command, end, stdout, problem) => {
  const { output } = lock(...command);
  const locking = await agent.next();
  expect(await locking.request).toMatchObject({ call: 'lock', args: { name: 'disk' } });
  await locking.answer({});
  const unlocking = await agent.next();
  expect(await unlocking.request).toMatchObject({ call: 'unlock', args: { name: 'disk' } });
  await unlocking.answer({});
  expect(await output).toEqual([stdout, expect.stringContaining(problem), end]);
});

test('passes a signal on, and unlocks when the command has ended by it', async () => {
  // The command itself sends it: then it has surely begun.
  const { output } = lock('sh', '-c', 'trap "exit 4" TERM; kill -TERM $PPID; while :; do sleep 0.01; done');
  await (await agent.next()).answer({});
  const unlocking = await agent.next();
  expect(await unlocking.request).toMatchObject({ call: 'unlock' });
  await unlocking.answer({});
  expect(await output).toEqual(['', '', [4, null]]);
});

test('says so when the lock was no longer ours, and still ends as the command did', async () => {
  const { output } = lock('true');
  await (await agent.next()).answer({});
  await (await agent.next()).refuse('NOT_HELD', 'client.0 does not hold lock "disk"');
  expect(await output).toEqual(['', 'tutti: client.0 does not hold lock "disk"\n', [0, null]]);
});

test('runs nothing when the lock cannot be had', async () => {
  const { output } = lock('echo', 'no');
  await (await agent.next()).refuse('TIMED_OUT', 'lock "disk" was not free');
  expect(await output).toEqual(['', 'tutti: TIMED_OUT: lock "disk" was not free\n', [124, null]]);
});
