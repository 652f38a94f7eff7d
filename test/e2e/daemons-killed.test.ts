/** Agents, master and client killed, stopped and started again under a run: it goes on, or ends and says why. */
import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { agentsOf, stateOf } from './support/pool.ts';
import { folder, logOf, member, stderrOf, stdoutOf } from './support/results.ts';
import { traces } from './support/traces.ts';
import {
  eventually,
  readReport,
  reportMistakes,
  startAgent,
  startMaster,
  startTutti,
  tutti,
} from './support/tutti.ts';

/** Counts until it is told to stop: each number once, however its agent fares. */
const COUNTING = (tell: string, stop: string) => `${tell}
  n=0
  while [ ! -e ${stop} ]; do n=$((n+1)); echo $n; echo $n >&2; sleep 0.05; done
  echo "total $n"
`;

test.for(['SIGTERM', 'SIGKILL'] as const)(
  'a script goes on when its agent ends by %s; the next agent takes it over, and every line arrives once',
  async (signal) => {
    const master = await startMaster();
    const [agent] = await agentsOf(master, 1);
    if (agent === undefined) throw new Error('no agent');
    const told = await traces();
    const cwd = await folder({});
    const stop = join(cwd, 'stop');
    const run = await startTutti(['run', '--role', `a=${COUNTING(told.tell, stop)}`], {
      cwd,
      env: master.env,
      input: '',
    });
    const log = await logOf(master, 'a.0', 'stdout.log', /^3\n/m);

    agent.process.kill(signal);
    await agent.process.ended;
    await eventually(async () => (await stateOf(master, 'n1')) === 'unreachable', {
      timeout: 6000,
      every: 100,
    });
    const after = await startAgent(master, { name: 'n1', state: agent.state });
    expect(await stateOf(master, 'n1')).toBe('running');
    const known = lines(await readFile(log, 'utf8')).length;
    await eventually(async () => lines(await readFile(log, 'utf8')).length > known + 3);
    await tutti(['nodes'], { env: master.env }); // the master serves others meanwhile
    await touch(stop);
    expect(await run.ended).toMatchObject({ code: 0 });

    const [only] = readReport(join(cwd, 'tutti-results/latest')).tests;
    expect(only).toMatchObject({ status: 'PASS' });
    expectCount(lines(await stdoutOf(cwd, only, 'a.0')));
    const errors = lines(await stderrOf(cwd, only, 'a.0'));
    expect(errors).toEqual(errors.map((_, i) => String(i + 1)));
    await eventually(() => told.left().length === 0);
    expect(await stateOf(master, 'n1')).toBe('idle');
    after.process.kill('SIGTERM');
    expect(await after.process.ended).toMatchObject({ code: 0 });
    expect(told.left({ agents: true })).toEqual([]);
  },
);

test('a member that ends while no agent is there is collected by the next one', async () => {
  const master = await startMaster();
  const [agent] = await agentsOf(master, 1);
  if (agent === undefined) throw new Error('no agent');
  const cwd = await folder({});
  const flag = join(cwd, 'flag');
  const script = `echo begun; while [ ! -e ${flag} ]; do sleep 0.05; done; echo kept >$TUTTI_OUT/kept; echo ended; touch ${flag}.done`;
  const run = await startTutti(['run', '--role', `a=${script}`], { cwd, env: master.env, input: '' });
  await logOf(master, 'a.0', 'stdout.log', /begun/);
  agent.process.kill('SIGKILL');
  await agent.process.ended;
  await touch(flag);
  await eventually(() => existsSync(`${flag}.done`));
  await startAgent(master, { name: 'n1', state: agent.state });
  expect(await run.ended).toMatchObject({ code: 0 });
  const [only] = readReport(join(cwd, 'tutti-results/latest')).tests;
  expect(await stdoutOf(cwd, only, 'a.0')).toBe('begun\nended\n');
  expect(await readFile(join(cwd, 'tutti-results/latest', member(only, 'a.0').dir, 'out/kept'), 'utf8')).toBe(
    'kept\n',
  );
});

test('a machine that stands still is unreachable within 5 s; when it goes on, so does the run', async () => {
  const master = await startMaster();
  const [agent, other] = await agentsOf(master, 2);
  if (agent === undefined || other === undefined) throw new Error('no agents');
  const cwd = await folder({});
  const stop = join(cwd, 'stop');
  const run = await startTutti(
    ['run', '--role', `a=${COUNTING('', stop)} tutti barrier end`, '--role', 'b=tutti barrier end'],
    { cwd, env: master.env, input: '' },
  );
  const log = await logOf(master, 'a.0', 'stdout.log', /^3\n/m);
  agent.process.kill('SIGSTOP');
  const noticed = await master.process.waitForLine(/agent n1 disconnected: .* was silent for/);
  expect(Number(/silent for (\S+) s/.exec(noticed)?.[1])).toBeLessThanOrEqual(5);
  expect(await stateOf(master, 'n1')).toBe('unreachable');
  expect(await stateOf(master, 'n2')).toBe('running');
  const known = lines(await readFile(log, 'utf8')).length;
  agent.process.kill('SIGCONT');
  await eventually(async () => (await stateOf(master, 'n1')) === 'running', { timeout: 8000 });
  await eventually(async () => lines(await readFile(log, 'utf8')).length > known + 20, { timeout: 8000 });
  await touch(stop);
  expect(await run.ended).toMatchObject({ code: 0 });
  expectCount(lines(await stdoutOf(cwd, readReport(join(cwd, 'tutti-results/latest')).tests[0], 'a.0')));
});

test('a machine that stays away longer than the grace loses its member: ERROR, and the next test runs', async () => {
  const master = await startMaster();
  const [, agent] = await agentsOf(master, 2);
  if (agent === undefined) throw new Error('no agent');
  const told = await traces();
  const cwd = await folder({
    'suite.yaml': `
      grace: 2s
      tests:
        - name: away
          roles:
            waits: tutti barrier never
            goes: '${told.tell}; echo here; sleep 1000'
        - name: after it
          roles: { waits: 'true' }`,
  });
  const run = await startTutti(['run', 'suite.yaml'], { cwd, env: master.env, input: '' });
  await logOf(master, 'goes.0', 'stdout.log', /here/, 'tests/01-away');
  agent.process.kill('SIGKILL');
  const outcome = await run.ended;
  expect(outcome).toMatchObject({ code: 2 });
  const report = readReport(join(cwd, 'tutti-results/latest'));
  expect(reportMistakes(report)).toEqual([]);
  const [away, after] = report.tests;
  const cause = 'was lost: its node was away for more than 2 s';
  expect(away).toMatchObject({ status: 'ERROR', cause: `goes.0 on n2 ${cause}` });
  expect(member(away, 'goes.0')).toMatchObject({ status: 'ERROR', cause });
  expect(member(away, 'waits.0')).toMatchObject({ status: 'CANCEL' });
  expect(after).toMatchObject({ status: 'PASS' });
  expect(await stateOf(master, 'n2')).toBe('offline');

  // Its successor ends what was given up before the machine counts as idle again.
  expect(told.left()).not.toEqual([]);
  await startAgent(master, { name: 'n2', state: agent.state });
  await eventually(async () => (await stateOf(master, 'n2')) === 'idle', { timeout: 15_000, every: 50 });
  expect(told.left()).toEqual([]);
  expect(await readdir(join(agent.state, 'members'))).toEqual([]);
});

/** Meets before and after the master was away; what it writes meanwhile must arrive whole. */
const ACROSS = (tell: string, stop: string) => `${tell}
  test "$(tutti incr meetings)" -le 2
  tutti barrier before
  ${COUNTING('', stop)}
  tutti barrier after
`;

test.for(['SIGKILL', 'SIGTERM'] as const)(
  'a run goes on when its master ends by %s and is started again: same number, same verdict, every line once',
  async (signal) => {
    const master = await startMaster();
    const agents = await agentsOf(master, 2);
    const told = await traces();
    const cwd = await folder({});
    const stop = join(cwd, 'stop');
    const run = await startTutti(['run', '--role', `a:2=${ACROSS(told.tell, stop)}`], {
      cwd,
      env: master.env,
      input: '',
    });
    const log = await logOf(master, 'a.1', 'stdout.log', /^3\n/m);
    master.process.kill(signal);
    await master.process.ended;
    await run.waitForLine(/^the connection to the master at .* is lost: .*; trying again/);
    const again = await startMaster({ state: master.state, listen: master.url.replace('ws://', '') });
    expect(again.url).toBe(master.url);
    const known = lines(await readFile(log, 'utf8')).length;
    await eventually(async () => lines(await readFile(log, 'utf8')).length > known + 3, { timeout: 8000 });
    await touch(stop);

    const outcome = await run.ended;
    expect(outcome, outcome.stderr).toMatchObject({ code: 0 });
    const report = readReport(join(cwd, 'tutti-results/latest'));
    expect(reportMistakes(report)).toEqual([]);
    expect(report).toMatchObject({ run: 1, status: 'PASS', summary: { total: 1, pass: 1 } });
    const [only] = report.tests;
    expect(only?.attempts[0]?.barriers.map(({ name }) => name)).toEqual(['before', 'after']);
    for (const name of ['a.0', 'a.1']) expectCount(lines(await stdoutOf(cwd, only, name)));
    expect(await readdir(join(master.state, 'runs'))).not.toContain('2-adhoc'); // it was not begun anew

    await eventually(
      async () => (await stateOf(again, 'n1')) === 'idle' && (await stateOf(again, 'n2')) === 'idle',
      { timeout: 15_000, every: 50 },
    );
    expect(told.left()).toEqual([]);
    for (const { state } of agents) expect(await readdir(join(state, 'members'))).toEqual([]);
  },
);

async function touch(file: string): Promise<void> {
  await writeFile(file, '');
}

function lines(text: string): string[] {
  return text.split('\n').slice(0, -1);
}

/** 1, 2, 3 … and how many: nothing lost, nothing twice. */
function expectCount(said: string[]): void {
  const numbers = said.slice(0, -1);
  expect(numbers).toEqual(numbers.map((_, i) => String(i + 1)));
  expect(said.at(-1)).toBe(`total ${numbers.length}`);
}
