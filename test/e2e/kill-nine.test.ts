/** `tutti run --local` killed with -9, at whatever moment and however much of it at once: nothing stays. */
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { folder } from './support/results.ts';
import { leftovers, type Traces, traces } from './support/traces.ts';
import { eventually, kill, processesWith, type RunningTutti, startTutti } from './support/tutti.ts';

/** Members that do their best to stay. */
async function stubborn(through?: readonly string[]): Promise<{ run: RunningTutti; told: Traces }> {
  const told = await traces();
  const cwd = await folder({
    'stay.sh': `#!/bin/sh
${told.tell}
trap '' TERM HUP INT
setsid sh -c 'trap "" TERM HUP; while :; do sleep 1; done' </dev/null >/dev/null 2>&1 &
tutti barrier never &
while :; do sleep 1; done
`,
    payload: randomBytes(8_000_000).toString('latin1'),
  });
  const args = ['run', '--local', '--role', 'a:2=./stay.sh', '--file', 'payload'];
  const run = await startTutti(args, { cwd, input: '', ...(through ? { through } : {}) });
  return { run, told };
}

test('killed at random moments of its start', { timeout: 120_000 }, async () => {
  for (let round = 0; round < 2; round += 1) {
    const moments = Array.from({ length: 3 }, () => Math.random() * 2000);
    await Promise.all(
      moments.map(async (ms) => {
        const { run, told } = await stubborn();
        await delay(ms);
        run.kill('SIGKILL');
        await run.ended;
        expect(await leftovers(run, told, { within: 25_000 }), `killed after ${ms} ms`).toEqual([]);
      }),
    );
  }
});

test('killed when its machines are ready, and files are being sent to them', async () => {
  const { run, told } = await stubborn();
  await run.waitForLine(/^2 agents/);
  run.kill('SIGKILL');
  await run.ended;
  expect(await leftovers(run, told)).toEqual([]);
});

test('killed while its members run, alone or together with the shell that started it, as a CI ends a job', async () => {
  const alone = async () => {
    const { run, told } = await stubborn();
    await eventually(() => told.told === 2, { timeout: 30_000 });
    run.kill('SIGKILL');
    await run.ended;
    expect(await leftovers(run, told)).toEqual([]);
  };
  const withItsShell = async () => {
    const { run, told } = await stubborn(['setsid', 'sh', '-c', '"$@"; true', 'sh']);
    await eventually(() => told.told === 2, { timeout: 30_000 });
    kill(-run.pid);
    await run.ended;
    expect(await leftovers(run, told)).toEqual([]);
  };
  await Promise.all([alone(), withItsShell()]);
});

test('killed together with its master and its agents', async () => {
  const { run, told } = await stubborn();
  await eventually(() => told.told === 2, { timeout: 30_000 });
  const daemons = processesWith(run.tmp).filter(({ commandLine }) => /dist\/tutti\.js/.test(commandLine));
  expect(daemons.length).toBeGreaterThanOrEqual(4);
  for (const { pid } of daemons) kill(pid);
  await run.ended;
  expect(await leftovers(run, told)).toEqual([]);
});

test('an agent of its killed alone: the run ends as an error of the lab, and nothing stays', async () => {
  const { run, told } = await stubborn();
  await eventually(() => told.told === 2, { timeout: 30_000 });
  const agent = processesWith(run.tmp).find(({ commandLine }) => / agent --state .*\/n2 /.test(commandLine));
  if (agent === undefined) throw new Error('no agent n2');
  kill(agent.pid);
  const outcome = await run.ended;
  expect(outcome).toMatchObject({ code: 2 });
  expect(outcome.stderr).toContain('agent n2 of the local lab was killed by SIGKILL');
  expect(await leftovers(run, told)).toEqual([]);
});
