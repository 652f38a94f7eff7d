/** Machines that go down under their members: on purpose, by failure, for good, for another one, with the master. */
import { existsSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { stateOf } from './support/pool.ts';
import { Machine } from './support/reboot.ts';
import { attempt, folder, logOf, member, stderrOf, stdoutOf, textOf } from './support/results.ts';
import { traces } from './support/traces.ts';
import {
  eventually,
  type MasterOptions,
  type RunningMaster,
  type RunningTutti,
  readReport,
  reportMistakes,
  startMaster,
  startTutti,
  tutti,
} from './support/tutti.ts';

interface Lab {
  master: RunningMaster;
  /** Of a.0 and of b.0. */
  n1: Machine;
  n2: Machine;
  cwd: string;
  run: RunningTutti;
}

interface Story {
  /** Scripts of the roles. */
  a: string;
  b: string;
  grace?: string;
  /** Instead of one that succeeds. */
  command?: string;
}

/** Two machines, of which the first is a's, and a run of one test. */
async function story({ a, b, grace = '10s', command }: Story): Promise<Lab> {
  const master = await startMaster();
  const [n1, n2] = await Promise.all([
    Machine.start(master, 'n1', command),
    Machine.start(master, 'n2', command),
  ]);
  const suite = { grace, tests: [{ name: 'story', roles: { a: `set -e\n${a}`, b: `set -e\n${b}` } }] };
  const cwd = await folder({ 'suite.yaml': JSON.stringify(suite) });
  const run = await startTutti(['run', 'suite.yaml'], { cwd, env: master.env, input: '' });
  return { master, n1, n2, cwd, run };
}

/** Reboots, and goes on; b.0 meets it before and after. */
const THERE_AND_BACK = (tell = '') => ({
  a: `${tell}
    if [ "$TUTTI_REBOOT_COUNT" = 0 ]; then
      echo 'before the reboot'
      echo 'before it, on stderr' >&2
      echo kept >file
      echo artifact >"$TUTTI_OUT/artifact"
      tutti set shared 17
      tutti result early pass
      tutti barrier first
      sleep 1000 &
      tutti reboot
      echo 'never said'
    fi
    echo "after reboot $TUTTI_REBOOT_COUNT: $(cat file), $(tutti get shared)"
    tutti result late pass
    tutti barrier second
    echo 'met again'`,
  b: `${tell}
    tutti barrier first
    echo waits
    tutti barrier second
    echo "met after reboot $TUTTI_REBOOT_COUNT"`,
});

async function expectThereAndBack(lab: Lab): Promise<void> {
  await expectPass(lab);
  const only = testOf(lab);
  expect(attempt(only).members).toMatchObject([
    { member: 'a.0', node: 'n1', status: 'PASS', exit: 0 },
    { member: 'b.0', node: 'n2', status: 'PASS', exit: 0 },
  ]);
  expect(attempt(only).barriers.map(({ name, size }) => [name, size])).toEqual([
    ['first', 2],
    ['second', 2],
  ]);
  expect(attempt(only).subtests.map(({ name, status }) => [name, status])).toEqual([
    ['early', 'PASS'],
    ['late', 'PASS'],
  ]);
  const { dir } = member(only, 'a.0');
  expect(await stdoutOf(lab.cwd, only, 'a.0')).toBe('before the reboot\n');
  expect(await stderrOf(lab.cwd, only, 'a.0')).toContain('before it, on stderr\n');
  expect(await textOf(lab.cwd, dir, 'stdout.1.log')).toBe('after reboot 1: kept, 17\nmet again\n');
  expect(await textOf(lab.cwd, dir, 'stderr.1.log')).toBe('');
  expect(await textOf(lab.cwd, dir, 'out/artifact')).toBe('artifact\n');
  expect(existsSync(join(lab.cwd, 'tutti-results/latest', dir, 'stdout.2.log'))).toBe(false);
  expect(await stdoutOf(lab.cwd, only, 'b.0')).toBe('waits\nmet after reboot 0\n');
  expect(existsSync(join(lab.cwd, 'tutti-results/latest', member(only, 'b.0').dir, 'stdout.1.log'))).toBe(
    false,
  );
}

test('a script reboots its machine and runs again there, while the other one waits for longer than the grace', async () => {
  const told = await traces();
  const lab = await story({ ...THERE_AND_BACK(told.tell), grace: '500ms' });
  const { master, n1 } = lab;
  await goDown(n1);
  await log(lab, 'b.0', /waits/);
  expect(await stateOf(master, 'n1')).toBe('unreachable');
  await outlast(500);
  expect(await stateOf(master, 'n2')).toBe('running');
  await n1.boot(master);
  await expectThereAndBack(lab);
  await expectNothingLeft(lab, master);
  expect(told.told).toBe(3);
  expect(told.left()).toEqual([]);
});

test('a master that is killed while a machine is down for its reboot, and started again, goes on waiting for it', async () => {
  const lab = await story({ ...THERE_AND_BACK(), grace: '4s' });
  const { master, n1 } = lab;
  await goDown(n1);
  await log(lab, 'b.0', /waits/);
  await kill(master);
  const again = await startMaster(same(master));
  await outlast(4000);
  expect(await stateOf(again, 'n1')).toBe('unreachable');
  await n1.boot(again);
  await expectThereAndBack(lab);
  expect(readReport(join(lab.cwd, 'tutti-results/latest'))).toMatchObject({ run: 1 });
  await expectNothingLeft(lab, again);
});

test('a script that runs again after a reboot while there is no master waits for it', async () => {
  const lab = await story(THERE_AND_BACK());
  const { master, n1 } = lab;
  await goDown(n1);
  await log(lab, 'b.0', /waits/);
  await kill(master);
  const booting = n1.boot(master);
  await eventually(() => n1.members().some((line) => line.includes('get shared')), { timeout: 20_000 });
  const again = await startMaster(same(master));
  await booting;
  await expectThereAndBack(lab);
  expect(readReport(join(lab.cwd, 'tutti-results/latest'))).toMatchObject({ run: 1, status: 'PASS' });
  await expectNothingLeft(lab, again);
});

test('a script that brings its machine down itself, having announced it, runs again', async () => {
  const lab = await story({
    a: `
      if [ "$TUTTI_REBOOT_COUNT" = 0 ]; then
        tutti reboot --by-script
        echo announced
        sleep 1000
      fi
      echo "reboots: $TUTTI_REBOOT_COUNT"
      tutti barrier second`,
    b: 'tutti barrier second',
  });
  const { master, n1 } = lab;
  await log(lab, 'a.0', /announced/);
  expect(n1.members()).not.toEqual([]);
  await n1.crash();
  await n1.boot(master);
  await expectPass(lab);
  expect(n1.toldToReboot).toBe(false);
  const only = testOf(lab);
  expect(await stdoutOf(lab.cwd, only, 'a.0')).toBe('announced\n');
  expect(await textOf(lab.cwd, member(only, 'a.0').dir, 'stdout.1.log')).toBe('reboots: 1\n');
  await expectNothingLeft(lab, master);
});

test('a barrier that was released while a machine was down is handed to the script when it runs again', async () => {
  const flag = join(await folder({}), 'flag');
  const lab = await story({
    a: `
      if [ "$TUTTI_REBOOT_COUNT" = 0 ]; then
        tutti reboot --by-script
        tutti barrier second --data '"from before"'
        echo never said
      fi
      tutti barrier second --json
      tutti barrier second --rank`,
    b: `
      while [ ! -e ${flag} ]; do sleep 0.05; done
      tutti barrier second
      echo released
      tutti barrier second`,
  });
  const { master, n1 } = lab;
  const ps = async () => (await tutti(['ps', '1'], { env: master.env })).stdout;
  await eventually(async () => (await ps()).includes('barrier "second"'), { timeout: 20_000 });
  await n1.crash();
  await writeFile(flag, '');
  await log(lab, 'b.0', /released/);
  await n1.boot(master);
  await expectPass(lab);
  const { dir } = member(testOf(lab), 'a.0');
  expect(await textOf(lab.cwd, dir, 'stdout.log')).toBe('');
  const [handed, rank] = (await textOf(lab.cwd, dir, 'stdout.1.log')).split('\n');
  expect(JSON.parse(handed ?? '')).toEqual({
    ...{ generation: 0, rank: 0, size: 2 },
    data: { 'a.0': 'from before', 'b.0': null },
  });
  expect(rank).toBe('1');
  await expectNothingLeft(lab, master);
});

test("a member reboots another one's machine: that one's script is ended and runs again, its own goes on", async () => {
  const lab = await story({
    a: `
      tutti barrier first
      tutti reboot b
      echo announced
      tutti barrier second`,
    b: `
      echo "reboots: $TUTTI_REBOOT_COUNT"
      if [ "$TUTTI_REBOOT_COUNT" = 0 ]; then
        tutti barrier first
        sleep 1000
      fi
      tutti barrier second`,
  });
  const { master, n1, n2 } = lab;
  await goDown(n2);
  await log(lab, 'a.0', /announced/);
  await n2.boot(master);
  await expectPass(lab);
  expect(n1.toldToReboot).toBe(false);
  const only = testOf(lab);
  expect(await stdoutOf(lab.cwd, only, 'a.0')).toBe('announced\n');
  expect(await stdoutOf(lab.cwd, only, 'b.0')).toBe('reboots: 0\n');
  expect(await textOf(lab.cwd, member(only, 'b.0').dir, 'stdout.1.log')).toBe('reboots: 1\n');
  await expectNothingLeft(lab, master);
});

test('a reboot command that fails is the ERROR of whoever asked for the reboot', async () => {
  const lab = await story({
    a: 'echo here; tutti barrier first; tutti reboot; echo never said',
    b: 'tutti barrier first; tutti barrier second',
    command: 'echo no power switch >&2; false',
  });
  expect(await lab.run.ended).toMatchObject({ code: 2 });
  const cause =
    'announced a reboot that did not happen: the reboot command "echo no power switch >&2; false" exited with status 1 (last line: "no power switch")';
  expectError(lab, cause);
  expect(await stdoutOf(lab.cwd, testOf(lab), 'a.0')).toBe('here\n');
  await expectNothingLeft(lab, lab.master);
});

test('a machine that reboots though nobody asked for it is an ERROR that says so', async () => {
  const told = await traces();
  const lab = await story({
    a: `${told.tell}; echo "reboots: $TUTTI_REBOOT_COUNT"; tutti barrier first; sleep 1000`,
    b: 'tutti barrier first; echo waits; tutti barrier second',
  });
  const { master, n1 } = lab;
  await log(lab, 'b.0', /waits/);
  expect(n1.members()).not.toEqual([]);
  await n1.crash();
  await n1.boot(master);
  expect(await lab.run.ended).toMatchObject({ code: 2 });
  expectError(lab, 'ended because its machine rebooted without being asked to');
  const { dir } = member(testOf(lab), 'a.0');
  expect(await textOf(lab.cwd, dir, 'stdout.log')).toBe('reboots: 0\n');
  expect(existsSync(join(lab.cwd, 'tutti-results/latest', dir, 'stdout.1.log'))).toBe(false);
  await expectNothingLeft(lab, master);
  expect(told.left()).toEqual([]);
});

test('a machine that does not come back from its reboot is an ERROR once the timeout of that is over', async () => {
  const lab = await story({
    a: 'tutti barrier first; tutti reboot --timeout 2s',
    b: 'tutti barrier first; tutti barrier second',
    grace: '500ms',
  });
  await goDown(lab.n1);
  expect(await lab.run.ended).toMatchObject({ code: 2 });
  expectError(lab, 'was lost: its node did not come back from its reboot within 2 s');
  await eventually(async () => (await stateOf(lab.master, 'n1')) === 'offline');

  // What is left of the member is removed when the machine is there again after all.
  await lab.n1.boot(lab.master);
  await expectNothingLeft(lab, lab.master);
});

/** The reboot command runs when nothing of the member lives any more; what it does takes its machine down. */
async function goDown(machine: Machine): Promise<void> {
  await eventually(() => machine.toldToReboot, { timeout: 20_000, every: 20 });
  expect(machine.members()).toEqual([]);
  await machine.crash();
}

/** What has not been given up `ms` from now, is not given up for having been away. */
async function outlast(ms: number): Promise<void> {
  const begin = performance.now();
  await eventually(() => performance.now() - begin > ms + 200, { every: 20 });
}

async function kill(master: RunningMaster): Promise<void> {
  master.process.kill('SIGKILL');
  await master.process.ended;
}

function log({ master }: Lab, name: string, pattern: RegExp): Promise<string> {
  return logOf(master, name, 'stdout.log', pattern, 'tests/01-story');
}

function same({ state, url }: RunningMaster): MasterOptions {
  return { state, listen: url.replace('ws://', '') };
}

/** The only test of the run, in a report that is as the schema says. */
function testOf({ cwd }: Lab) {
  const report = readReport(join(cwd, 'tutti-results/latest'));
  expect(reportMistakes(report)).toEqual([]);
  const [only, ...more] = report.tests;
  if (only === undefined) throw new Error('the report has no test');
  expect(more).toEqual([]);
  return only;
}

async function expectPass(lab: Lab): Promise<void> {
  const outcome = await lab.run.ended;
  expect(outcome, `${outcome.stdout}${outcome.stderr}`).toMatchObject({ code: 0 });
  const only = testOf(lab);
  expect(only).toMatchObject({ status: 'PASS' });
  expect(only.attempts).toHaveLength(1);
}

/** a.0 is to blame, and b.0, which waited for it, is not. */
function expectError(lab: Lab, cause: string): void {
  const only = testOf(lab);
  expect(only).toMatchObject({ status: 'ERROR', cause: expect.stringContaining(`a.0 on n1 ${cause}`) });
  expect(only.attempts).toHaveLength(1);
  expect(member(only, 'a.0')).toMatchObject({ status: 'ERROR', cause: expect.stringContaining(cause) });
  expect(member(only, 'b.0')).toMatchObject({ status: 'CANCEL' });
}

/** Machines are free again, and their members gone. */
async function expectNothingLeft({ n1, n2 }: Lab, master: RunningMaster): Promise<void> {
  for (const machine of [n1, n2]) {
    await eventually(async () => (await stateOf(master, machine.name)) === 'idle', {
      timeout: 15_000,
      every: 50,
    });
    await eventually(async () => (await readdir(join(machine.state, 'members'))).length === 0);
    expect(machine.members()).toEqual([]);
  }
}
