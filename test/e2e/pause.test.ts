/** A test that fails stands still: people look around on its machines and decide, or leave, and it goes on by itself. */
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { connect, type Tutti } from '@tutti/client/program';
import type { RunHead } from '@tutti/protocol';
import { expect, onTestFinished, test } from 'vitest';
import { agentsOf, nodesOf } from './support/pool.ts';
import { attempt, folder, named } from './support/results.ts';
import { openTerminal } from './support/terminal.ts';
import { traces } from './support/traces.ts';
import {
  eventually,
  type RunningMaster,
  readReport,
  reportMistakes,
  startMaster,
  startTutti,
  tutti,
} from './support/tutti.ts';

type Pause = NonNullable<RunHead['paused']>[number];

interface Paused {
  readonly master: RunningMaster;
  readonly cwd: string;
  readonly lab: Tutti;
  /** Resolves when a test of the first run is paused. */
  readonly paused: () => Promise<Pause>;
}

/** A master with so many machines, a folder with a suite, and a program that looks on. */
async function lab(agents: number, suite: object, files: Record<string, string> = {}): Promise<Paused> {
  const master = await startMaster();
  await agentsOf(master, agents);
  const cwd = await folder({ 'suite.yaml': JSON.stringify({ suite: 'pause', ...suite }), ...files });
  const program = await connect({ master: master.url, tokenFile: master.tokenFile });
  onTestFinished(() => program.close());
  const paused = async () => {
    const { promise, resolve } = Promise.withResolvers<Pause>();
    const look = () => {
      const [first] = program.runs.get(1).row?.paused ?? [];
      if (first !== undefined) resolve(first);
    };
    const stop = program.runs.on(look);
    look();
    return promise.finally(stop);
  };
  return { master, cwd, lab: program, paused };
}

const run = ({ master, cwd }: Paused, ...args: string[]) =>
  startTutti(['run', 'suite.yaml', '--pause-on-failure=60', ...args], { cwd, env: master.env, input: '' });

async function submit({ master, cwd }: Paused, pause = '60'): Promise<void> {
  const { code, stderr } = await tutti(['submit', 'suite.yaml', `--pause-on-failure=${pause}`], {
    ...{ cwd, env: master.env },
  });
  expect(code, stderr).toBe(0);
}

const resume = ({ master }: Paused, how: string, ...args: string[]) =>
  tutti(['resume', 'last', how, ...args], { env: master.env });

/** One that fails, and one that stays, with what it has to look at. */
const ONE_FAILS = {
  tests: [
    {
      ...{ name: 'net', linger: '1s' },
      roles: {
        server: 'echo "state of the server" >state; tutti barrier done',
        client: 'until [ -e ../../../never ]; do sleep 0.2; exit 3; done',
      },
    },
  ],
};

test('a script fails: an operator is told, looks around on the machine of the other, and has it go on', async () => {
  const here = await lab(2, ONE_FAILS);
  const running = await run(here);
  await running.waitForLine(/^run 1: net: paused: client\.0 on n\d exited with status 3/);
  await running.waitForLine(/tutti repl {3}then runs\[1\]\.tests\["net"\]\.roles\.server\.run\('ss -tn'\)/);
  await running.waitForLine(/tutti resume 1 continue \| retry \| abort/);
  const { cause } = await here.paused();
  expect(cause).toMatch(/^client\.0 on n\d exited with status 3/);
  const net = here.lab.runs.get(1).test('net');
  expect((await net.role('server').run('cat state; pgrep -f "barrier [d]one" | wc -l')).stdout).toMatch(
    /^state of the server\n[1-9]/,
  );
  const ps = await tutti(['ps', 'last'], { env: here.master.env });
  expect(ps.stdout).toMatch(/test net: paused for \d+ s, \d+ s left\npaused at a failure: client\.0 on/);
  expect(ps.stdout).toMatch(/^goes on by itself in \d+ s$/m);
  const runs = await tutti(['runs'], { env: here.master.env });
  expect(runs.stdout).toMatch(/pause +paused .* net: client\.0 on n\d exited/);
  const resumed = await resume(here, 'continue');
  expect([resumed.code, resumed.stderr]).toEqual([0, 'run 1 goes on\n']);
  const late = await resume(here, 'retry');
  expect(late.code).not.toBe(0);
  expect(late.stderr).toMatch(/no test of run 1 is paused, not any more: .*@.* had it go on/);
  expect((await running.ended).code).toBe(1);
  const report = readReport(join(here.cwd, 'tutti-results/latest'));
  expect(reportMistakes(report)).toEqual([]);
  const { pause, commands } = attempt(named(report, 'net'));
  expect(pause).toMatchObject({ ended: 'continue', cause });
  expect(pause?.to).toBeGreaterThan(pause?.from ?? 0);
  expect(commands?.map(({ member, by }) => [member, by])).toEqual([['server.0', undefined]]);
});

test('a driver fails: what it had started on the driven machine goes on until it is decided', async () => {
  const told = await traces();
  const files = {
    'driver.ts': `
      import { test } from 'tutti';
      test('it', async ({ roles, expect }) => {
        await roles.db.start("keeper", ${JSON.stringify(`${told.tell}\necho begun >flag; sleep 1000`)});
        await roles.db.waitForFile('flag');
        expect(1).toBe(2);
      });`,
  };
  const here = await lab(
    2,
    { tests: [{ name: 'it', drive: 'driver.ts', linger: 0, roles: { db: {} } }] },
    files,
  );
  const running = await run(here);
  expect((await here.paused()).cause).toMatch(/^driver\.0 on n\d exited with status 1 .*expected 1 to be 2/);
  const db = here.lab.runs.get(1).test('it').role('db');
  expect((await db.run('cat flag')).stdout).toBe('begun\n');
  expect(told.left()).not.toEqual([]);
  expect((await resume(here, 'continue', '--test', 'it')).code).toBe(0);
  expect((await running.ended).code).toBe(1);
  await eventually(() => told.left().length === 0);
});

test('tried again it passes, and is flaky: beyond the retries of the suite, which has none', async () => {
  const suite = { tests: [{ name: 'net', roles: { a: '[ "$TUTTI_ATTEMPT" -gt 1 ]' } }] };
  const here = await lab(1, suite);
  const running = await run(here);
  await here.paused();
  await here.lab.runs.get(1).test('net').resume('retry', { by: 'ann@desk' });
  const outcome = await running.ended;
  expect(outcome.code, outcome.stderr).toBe(0);
  const only = named(readReport(join(here.cwd, 'tutti-results/latest')), 'net');
  expect(only).toMatchObject({ status: 'PASS', flaky: true });
  expect(only.attempts.map(({ status, pause }) => [status, pause?.note])).toEqual([
    ['FAIL', 'ann@desk asked for another attempt'],
    ['PASS', undefined],
  ]);
});

test('aborted, the run ends as by an operator, with the failure as its cause, also when a member is frozen', async () => {
  const here = await lab(2, ONE_FAILS);
  const running = await run(here);
  await here.paused();
  await here.lab.runs.get(1).test('net').role('server').freeze();
  expect((await resume(here, 'abort')).stderr).toMatch(/^run 1 is aborted/);
  expect((await running.ended).code).toBe(130);
  const { status, cause, duration } = attempt(
    named(readReport(join(here.cwd, 'tutti-results/latest')), 'net'),
  );
  expect([status, cause]).toEqual([
    'INTERRUPTED',
    expect.stringMatching(
      /^aborted by .* at the pause of test net, which had failed: client\.0 on n\d exited/,
    ),
  ]);
  expect(duration).toBeLessThan(30);
});

test('whoever looked leaves, nobody decides: it goes on when the time is over, and the report says so', async () => {
  const here = await lab(2, ONE_FAILS);
  await submit(here, '3');
  const { since, until } = await here.paused();
  expect(until - since).toBe(3000);
  expect((await here.lab.runs.get(1).test('net').role('server').run('cat state')).ok).toBe(true);
  await here.lab.close();
  const waited = await tutti(['wait', 'last'], { env: here.master.env });
  expect(waited.code, waited.stderr).toBe(1);
  const { pause } = attempt(named(readReport(join(here.master.state, 'runs/latest')), 'net'));
  expect(pause).toMatchObject({ ended: 'deadline', note: 'nobody decided within 3 s' });
  expect((pause?.to ?? 0) - (pause?.from ?? 0)).toBeGreaterThanOrEqual(3);
});

/** Longer than the whole test has, with what its agents wait beyond that: they would have ended it. */
const LONGER_MS = 7000;

/** One fails; two want to meet, and one of them only comes when it is let. */
const MEETING = (flag: string) => ({
  tests: [
    {
      ...{ name: 'net', timeout: '4s', linger: '30s' },
      roles: {
        bad: 'sleep 0.3; exit 1',
        early: 'tutti barrier meet --roles early,late && echo met',
        late: `until [ -e ${flag} ]; do sleep 0.05; done; tutti barrier meet --roles early,late`,
      },
    },
  ],
});

test('a barrier and the agents outlast a pause that is longer than the test has', async () => {
  const flag = join(await folder({}), 'flag');
  const here = await lab(3, MEETING(flag));
  await submit(here);
  await here.paused();
  // What did not happen cannot be waited for.
  await delay(LONGER_MS);
  await writeFile(flag, '');
  await eventually(async () => {
    const { members } = await here.lab.runs.get(1).test('net').view();
    expect(members.map(({ member, status }) => [member, status])).toEqual([
      ['bad.0', 'FAIL'],
      ['early.0', 'PASS'],
      ['late.0', 'PASS'],
    ]);
  });
  expect((await resume(here, 'continue')).code).toBe(0);
  expect((await tutti(['wait', 'last'], { env: here.master.env })).code).toBe(1);
  const [only] = readReport(join(here.master.state, 'runs/latest')).tests;
  expect(only?.cause).toMatch(/^bad\.0 on n\d exited with status 1/);
});

test('a master killed with -9 in the pause comes back paused, with what was left of it; its time stands still', async () => {
  const flag = join(await folder({}), 'flag');
  const here = await lab(3, MEETING(flag));
  await submit(here);
  const before = await here.paused();
  await here.lab.runs.get(1).test('net').role('early').freeze();
  here.master.process.kill('SIGKILL');
  await here.master.process.ended;
  // Agents' own watchdogs go on meanwhile.
  await delay(LONGER_MS);
  const listen = here.master.url.replace('ws://', '');
  await startMaster({ state: here.master.state, listen });
  await eventually(async () => expect(await here.paused()).toEqual({ ...before, frozen: ['early.0'] }));
  // They try again within 5 s, and the test has less: its time goes on when somebody decides.
  await eventually(async () => (await nodesOf(here.master)).every(({ connected }) => connected));
  await writeFile(flag, '');
  expect((await resume(here, 'continue')).code).toBe(0);
  const waited = await tutti(['wait', 'last', '--json'], { env: here.master.env });
  expect(waited.code, waited.stdout).toBe(1);
  const { members, pause } = attempt(readReport(join(here.master.state, 'runs/latest')).tests[0]);
  expect(members.map(({ member, status }) => [member, status])).toEqual([
    ['bad.0', 'FAIL'],
    ['early.0', 'PASS'],
    ['late.0', 'PASS'],
  ]);
  expect(pause).toMatchObject({ ended: 'continue' });
});

test('a time limit pauses too, and ends the test by it when it goes on', async () => {
  const here = await lab(1, {
    tests: [{ name: 'net', timeout: '1s', roles: { a: 'echo here >state; sleep 1000' } }],
  });
  const running = await run(here);
  expect((await here.paused()).cause).toBe('timed out after 1 s: a.0 on n1 still running');
  expect((await here.lab.runs.get(1).test('net').role('a').run('cat state')).stdout).toBe('here\n');
  expect((await resume(here, 'continue')).code).toBe(0);
  expect((await running.ended).code).toBe(124);
  const only = attempt(readReport(join(here.cwd, 'tutti-results/latest')).tests[0]);
  expect(only).toMatchObject({
    status: 'INTERRUPTED',
    cause: 'timed out after 1 s: a.0 on n1 still running',
  });
});

test('frozen, a member and what it started stand still; thawed, they go on', async () => {
  const here = await lab(2, {
    tests: [
      {
        ...{ name: 'net', linger: 0 },
        roles: {
          busy: 'sh -c "while :; do echo x >>inner; sleep 0.02; done" & while :; do echo x >>outer; sleep 0.02; done',
          bad: 'exit 1',
        },
      },
    ],
  });
  const running = await run(here);
  await here.paused();
  const busy = here.lab.runs.get(1).test('net').role('busy');
  const sizes = async () => (await busy.run('wc -c <inner; wc -c <outer')).stdout;
  await eventually(async () => expect((await sizes()).includes('\n0\n')).toBe(false));
  await busy.freeze();
  const before = await sizes();
  // Both write fifty times a second.
  await delay(500);
  expect(await sizes()).toBe(before);
  await eventually(async () => expect((await here.paused()).frozen).toEqual(['busy.0']));
  await busy.thaw();
  await eventually(async () => expect(await sizes()).not.toBe(before));
  await busy.freeze();
  expect((await resume(here, 'retry')).code).toBe(0);
  // Its stop reached it, though it was frozen: the next attempt has begun.
  await eventually(async () => {
    const { attempts } = await here.lab.runs.get(1).test('net').view();
    expect(attempts).toBe(2);
  });
  await here.lab.runs.get(1).cancel();
  expect((await running.ended).code).toBe(130);
});

test('at a terminal r and Enter are enough', async () => {
  const suite = { tests: [{ name: 'net', roles: { a: '[ "$TUTTI_ATTEMPT" -gt 1 ]' } }] };
  const here = await lab(1, suite);
  const terminal = await openTerminal(['run', 'suite.yaml', '--pause-on-failure'], {
    ...{ cwd: here.cwd, env: here.master.env },
  });
  await terminal.waitFor(/or type c, r or a and Enter here/);
  await terminal.enter('r');
  expect(await terminal.waitFor(/^ended 0$/m)).toContain('(flaky: 2 attempts)');
});

test('at the prompt a paused run gives it back: look, decide, follow it again', async () => {
  const here = await lab(2, ONE_FAILS);
  const terminal = await openTerminal(['repl'], { cwd: here.cwd, env: here.master.env, columns: 140 });
  await terminal.waitFor(/tutti>$/);
  await terminal.enter("(await suites.load('suite.yaml')).run({ pauseOnFailure: '1m' })");
  await terminal.waitFor(/^net is paused: client\.0 on n\d exited with status 3$/m);
  await terminal.waitFor(/^runs\[1\]\.wait\(\) follows it again\ntutti>$/m);
  await terminal.enter("runs[1].tests.net.roles.server.run('cat state')");
  expect(await terminal.waitFor(/^state of the server$/m)).toContain('net is paused');
  await terminal.enter("runs[1].tests.net.resume('continue')");
  await terminal.enter('runs[1].wait()');
  await terminal.waitFor(/^run 1 pause: FAIL in .*client\.0 on n\d exited with status 3/m);
});

test('what is expected to fail does not pause; where nothing is paused that is said', async () => {
  const here = await lab(1, {
    tests: [{ name: 'net', expect: 'fail', roles: { a: 'exit 1' } }],
  });
  const outcome = await (await run(here)).ended;
  expect(outcome.code, outcome.stderr).toBe(0);
  const nothing = await resume(here, 'continue');
  expect([nothing.code, nothing.stderr]).toEqual([
    expect.any(Number),
    expect.stringMatching(/^tutti: no test of run 1 is paused[^]*NOT_PAUSED/),
  ]);
  const wrong = await resume(here, 'kontinue');
  expect(wrong.code).toBe(64);
  expect(wrong.stderr).toContain('did you mean continue?');
  const time = await tutti(['run', '--pause-on-failure', 'suite.yaml'], {
    cwd: here.cwd,
    env: here.master.env,
  });
  expect([time.code, time.stderr]).toEqual([64, expect.stringContaining('--pause-on-failure=TIME')]);
  expect(existsSync(join(here.cwd, 'tutti-results/latest'))).toBe(true);
});
