/** Runs that nobody waits for: queued, listed, waited for, cancelled, repeated, across clients and masters. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Report, RunRow } from '@tutti/protocol';
import { expect, test } from 'vitest';
import { agentsOf } from './support/pool.ts';
import { folder, logOf } from './support/results.ts';
import { eventually, type RunningMaster, startMaster, startTutti, tutti } from './support/tutti.ts';

/** Runs until the file is there. */
const UNTIL = (file: string) => `echo up; while [ ! -e ${file} ]; do sleep 0.05; done`;

async function ok(master: RunningMaster, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await tutti(args, { env: master.env });
  if (code !== 0) throw new Error(`tutti ${args.join(' ')} exited with ${code}: ${stderr}`);
  return stdout;
}

async function rows(master: RunningMaster, ...args: string[]): Promise<RunRow[]> {
  return JSON.parse(await ok(master, 'runs', '--json', ...args)) as RunRow[];
}

/** The next master on the same port, as systemd would start it. */
async function restarted(master: RunningMaster): Promise<RunningMaster> {
  master.process.kill('SIGKILL');
  await master.process.ended;
  return startMaster({ state: master.state, listen: new URL(master.url).host });
}

test('submitted runs lose nothing: the client is gone, the master is killed, and each gets its verdict in its place', async () => {
  const master = await startMaster();
  await agentsOf(master, 1);
  const flag = join(await folder({}), 'flag');
  expect(await ok(master, 'submit', '--name', 'first', '--role', `a=${UNTIL(flag)}`)).toBe('1\n');
  await logOf(master, 'a.0', 'stdout.log', /up/, 'tests/01-first');
  expect(await ok(master, 'submit', '--name', 'second', '--role', 'a=exit 1')).toBe('2\n');
  expect(await ok(master, 'submit', '--name', 'third', '--role', 'a=true', '--priority', '5')).toBe('3\n');

  const queued = [
    { run: 3, place: 1, priority: 5, phase: 'queued', done: 0 },
    {
      run: 2,
      place: 2,
      priority: 0,
      phase: 'queued',
      waitsFor: expect.stringContaining('needs 1') as string,
    },
  ];
  expect(await rows(master, '--status', 'queued')).toMatchObject(queued);
  const waiting = await startTutti(['wait', '1', '2', '3'], { env: master.env, input: '' });

  const next = await restarted(master);
  expect(await rows(next, '--status', 'queued')).toMatchObject(queued);
  expect(await ok(next, 'runs', '--suite', 'sec*')).toMatch(/^2 +second +queued, number 2 +0\/1 .* needs 1/m);
  await writeFile(flag, '');
  const { code, stdout } = await waiting.ended;
  expect(stdout).toMatch(
    /^run 1 first: PASS in .* s\nrun 2 second: FAIL in .* s: .*exited with status 1.*\nrun 3 third: PASS in .* s\n$/,
  );
  expect(code).toBe(1);
  expect((await tutti(['wait', '3'], { env: next.env })).code).toBe(0);
  expect((await rows(next, '-n', '2')).map(({ run, status }) => [run, status])).toEqual([
    [3, 'PASS'],
    [2, 'FAIL'],
  ]);
  // The higher priority went first.
  const started = async (dir: string) =>
    (await readFile(join(next.state, 'runs', dir, 'report.yaml'), 'utf8')).match(/^duration: (.*)$/m)?.[1];
  expect(Number(await started('3-third'))).toBeLessThan(Number(await started('2-second')));
});

test('two that are submitted at once for the last machine are two runs, one after the other', async () => {
  const master = await startMaster();
  await agentsOf(master, 1);
  const submit = () => ok(master, 'submit', '--role', 'a=sleep 0.2');
  const numbers = (await Promise.all([submit(), submit()])).map(Number);
  expect(numbers.toSorted((a, b) => a - b)).toEqual([1, 2]);
  expect((await tutti(['wait', '1', '2'], { env: master.env })).code).toBe(0);
});

test('submit --wait tells the number at once, follows, and Ctrl-C leaves the run alone', async () => {
  const master = await startMaster();
  await agentsOf(master, 1);
  const flag = join(await folder({}), 'flag');
  const submit = await startTutti(['submit', '--wait', '--role', `a=${UNTIL(flag)}; exit 1`], {
    env: master.env,
    input: '',
  });
  await submit.waitForLine(/^1$/, { stream: 'stdout' });
  await submit.waitForLine('running a.0 on n1');
  const wait = await startTutti(['wait', 'last'], { env: master.env, input: '' });
  await wait.waitForLine('running a.0 on n1');
  wait.kill('SIGINT');
  expect(await wait.ended).toMatchObject({ signal: 'SIGINT' });
  expect(await rows(master)).toMatchObject([{ run: 1, phase: 'running' }]);
  await writeFile(flag, '');
  const { code, stdout, stderr } = await submit.ended;
  expect({ code, stdout }).toEqual({ code: 1, stdout: '1\n' });
  expect(stderr).toMatch(/^run 1 adhoc: FAIL in .* s: /m);
});

test('a run is cancelled where it waits and where it runs; one that has ended says so', async () => {
  const master = await startMaster();
  await agentsOf(master, 1);
  await ok(master, 'submit', '--role', 'a=sleep 1000');
  await ok(master, 'submit', '--role', 'a=true');
  await ok(master, 'submit', '--role', 'a=true');
  await ok(master, 'cancel', '3', '1', '--reason', 'the lab is needed');
  const { code, stdout } = await tutti(['wait', '1', '2', '3'], { env: master.env });
  expect(stdout.split('\n')).toEqual([
    expect.stringMatching(/^run 1 adhoc: INTERRUPTED .*the lab is needed/),
    expect.stringMatching(/^run 2 adhoc: PASS/),
    expect.stringMatching(/^run 3 adhoc: INTERRUPTED .*the lab is needed/),
    '',
  ]);
  expect(code).toBe(130);
  expect(await tutti(['cancel', '2'], { env: master.env })).toMatchObject({
    code: 64,
    stderr: expect.stringMatching(
      /^tutti: run 2 has ended already: PASS\n.*tutti report.*\(RUN_FINISHED\)\n$/,
    ) as string,
  });
  // What was wanted is so.
  expect((await tutti(['cancel', '1'], { env: master.env })).code).toBe(0);
});

test('a run is repeated as it was submitted, or only what was not ok, also by the next master', async () => {
  const master = await startMaster();
  await agentsOf(master, 1);
  const cwd = await folder({
    'suite.yaml':
      'suite: mixed\ntests:\n  - {name: good, roles: {a: ./x.sh}}\n  - {name: bad, roles: {a: exit 1}}\n',
    'x.sh': '#!/bin/sh\ntrue\n',
  });
  const first = await tutti(['submit', 'suite.yaml', '--wait'], { env: master.env, cwd });
  expect(first).toMatchObject({ code: 1, stdout: '1\n' });
  const next = await restarted(master);
  await agentsBack(next);
  const reruns = ['rerun', 'last', '--failed', '--wait'];
  expect(await tutti(reruns, { env: next.env })).toMatchObject({ code: 1, stdout: '2\n' });
  expect(await tutti(['rerun', '1', '--wait'], { env: next.env })).toMatchObject({ code: 1, stdout: '3\n' });
  const tests = async (run: number) =>
    (JSON.parse(await ok(next, 'report', String(run), '--format', 'json')) as Report).tests.map(
      ({ name }) => name,
    );
  expect(await tests(2)).toEqual(['bad']);
  expect(await tests(3)).toEqual(['good', 'bad']);

  await ok(next, 'submit', '--role', 'a=true', '--wait');
  expect(await tutti(['rerun', '4', '--failed'], { env: next.env })).toMatchObject({
    code: 3,
    stderr: expect.stringMatching(/^tutti: all tests of run 4 were ok\n.*\(NOTHING_TO_RERUN\)\n$/) as string,
  });
});

test('a report comes in every form, of a run that has ended and of one that goes on', async () => {
  const master = await startMaster();
  await agentsOf(master, 1);
  await ok(master, 'submit', '--name', 'x', '--role', 'a=exit 1', '--wait').catch(() => {});
  const text = await ok(master, 'report', 'last');
  expect(text).toMatch(/^FAIL +x .*\n(.*\n)+.*logs: tutti logs 1 x a\.0\n\n1 test: 1 FAIL in .* s\n$/);
  const file = (name: string) => readFile(join(master.state, 'runs/1-x', name), 'utf8');
  for (const [format, name] of [
    ['yaml', 'report.yaml'],
    ['junit', 'junit.xml'],
    ['maloo', 'results.yml'],
    ['html', 'report.html'],
  ] as const)
    expect(await ok(master, 'report', '1', '--format', format)).toBe(await file(name));
  expect(await tutti(['report', '1', '--format', 'jnuit'], { env: master.env })).toMatchObject({
    code: 64,
    stderr: expect.stringContaining('did you mean junit?') as string,
  });

  await ok(master, 'submit', '--role', 'a=sleep 1000');
  await eventually(async () => (await ok(master, 'report', '2')).includes('1 test: running'));
  await ok(master, 'cancel', '2');
});

test.each([
  ['wait', '99'],
  ['cancel', '99'],
  ['rerun', '99'],
  ['report', '99'],
  ['logs', '99'],
  ['ps', '99'],
])('tutti %s %s of a run that never was exits with 64 and says which there are', async (...args) => {
  const master = await startMaster();
  expect(await tutti(args, { env: master.env })).toMatchObject({
    code: 64,
    stdout: '',
    stderr:
      'tutti: the master knows no run 99; it has had none yet\nLook for it with tutti runs. (NO_SUCH_RUN)\n',
  });
  const [command] = args;
  for (const [words, said] of [
    ['twelve', '"twelve" is no number of a run, such as 12, nor "last"'],
    ['last', 'the master has had no run yet'],
  ] as const)
    expect(await tutti([command, words], { env: master.env })).toMatchObject({
      code: 64,
      stderr: expect.stringContaining(said) as string,
    });
});

/** They have found the next master. */
async function agentsBack(master: RunningMaster): Promise<void> {
  await eventually(async () => (await ok(master, 'nodes')).includes('idle'), { timeout: 20_000, every: 100 });
}
