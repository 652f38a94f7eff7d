/** A driver at work while daemons are killed and machines go down: it goes on, or ends and says why; nothing is left. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { agentsOf, stateOf } from './support/pool.ts';
import { RAW_DRIVE } from './support/raw-drive.ts';
import { Machine } from './support/reboot.ts';
import { attempt, folder, logOf, stderrOf, stdoutOf } from './support/results.ts';
import { traces } from './support/traces.ts';
import {
  eventually,
  type RunningMaster,
  readReport,
  startAgent,
  startMaster,
  startTutti,
} from './support/tutti.ts';

const FOLDER = { 'drive.mjs': RAW_DRIVE };

/** Starts a command that ends when a file appears, and says what became of it. */
const PATIENT = (tell: string, flag: string) => `
import { drive, text } from './drive.mjs';
const command = ${JSON.stringify(`${tell}\necho begun; while [ ! -e ${flag} ]; do sleep 0.05; done; echo over; exit 5`)};
const started = await drive('db.0', 'start', { command });
console.log('started', started.number);
const end = await drive('db.0', 'ended', { command: started.command });
console.log(JSON.stringify([end.exit, text(end.stdout)]));
const again = await drive('db.0', 'start', { command: 'echo again' });
await drive('db.0', 'ended', { command: again.command });
console.log('then', again.number);
`;

async function patient(master: RunningMaster) {
  const told = await traces();
  const cwd = await folder(FOLDER);
  const flag = join(cwd, 'flag');
  await writeFile(join(cwd, 'driver.mjs'), PATIENT(told.tell, flag));
  const args = ['run', '--drive', 'driver.mjs', '--role', 'db', '--file', 'drive.mjs'];
  const run = await startTutti(args, { cwd, env: master.env, input: '' });
  await logOf(master, 'driver.0', 'stdout.log', /started 1/, 'tests/01-driver');
  await logOf(master, 'db.0/cmd-1', 'stdout.log', /begun/, 'tests/01-driver');
  const goOn = () => writeFile(flag, '');
  const ended = async () => {
    const { code, stderr } = await run.ended;
    const [only] = readReport(join(cwd, 'tutti-results/latest')).tests;
    const { commands = [] } = attempt(only);
    return {
      code,
      ...(code === 0 ? {} : { stderr }),
      said: (await stdoutOf(cwd, only, 'driver.0')).trim().split('\n'),
      commands: commands.map(({ member, number, exit }) => [member, number, exit]),
      starts: told.told,
      left: told.left(),
    };
  };
  return { goOn, ended };
}

/** Whoever was killed meanwhile. */
const WHOLE = {
  code: 0,
  said: ['started 1', '[{"how":"exited","code":5},"begun\\nover\\n"]', 'then 2'],
  commands: [
    ['db.0', 1, 5],
    ['db.0', 2, 0],
  ],
  starts: 1,
  left: [],
};

test('a master killed with -9 while a driver waits for a command: the next one knows it, and it ran once', async () => {
  const master = await startMaster();
  await agentsOf(master, 2);
  const { goOn, ended } = await patient(master);
  master.process.kill('SIGKILL');
  await master.process.ended;
  const listen = master.url.replace('ws://', '');
  const next = await startMaster({ state: master.state, listen });
  await eventually(async () => (await stateOf(next, 'n1')) === 'running', { timeout: 20_000, every: 100 });
  await goOn();
  expect(await ended()).toEqual(WHOLE);
});

test('a master killed with -9 as a command ends: its end and its output are told all the same', async () => {
  const master = await startMaster();
  await agentsOf(master, 2);
  const { goOn, ended } = await patient(master);
  master.process.kill('SIGKILL');
  await master.process.ended;
  await goOn();
  await startMaster({ state: master.state, listen: master.url.replace('ws://', '') });
  expect(await ended()).toEqual(WHOLE);
});

test.for([
  ['n1', 'of the driven machine'],
  ['n2', 'of the driver'],
] as const)('the agent %s, %s, killed with -9: the next one goes on', async ([name]) => {
  const master = await startMaster();
  const agents = await agentsOf(master, 2);
  const { goOn, ended } = await patient(master);
  const killed = agents.find((agent) => agent.name === name)!;
  killed.process.kill('SIGKILL');
  await killed.process.ended;
  await startAgent(master, { name, state: killed.state });
  await goOn();
  expect(await ended()).toEqual(WHOLE);
});

test('a driver killed with -9: what it had started is ended, and its test has failed', async () => {
  const master = await startMaster();
  await agentsOf(master, 3);
  const told = await traces();
  const cwd = await folder({
    ...FOLDER,
    'driver.mjs': `
      import { drive } from './drive.mjs';
      const command = ${JSON.stringify(`${told.tell}\ntrap '' TERM; setsid sleep 1000 & wait; sleep 1000`)};
      await drive('db.0', 'start', { command });
      await drive('db.1', 'start', { command });
      console.log('both started');
      process.kill(process.pid, 'SIGKILL');
    `,
  });
  const args = ['run', '--drive', 'driver.mjs', '--role', 'db:2', '--file', 'drive.mjs'];
  const run = await startTutti(args, { cwd, env: master.env, input: '' });
  const outcome = await run.ended;
  expect(outcome.code, outcome.stderr).toBe(1);
  const [only] = readReport(join(cwd, 'tutti-results/latest')).tests;
  expect(only).toMatchObject({ status: 'FAIL', cause: expect.stringMatching(/driver\.0 on n3/) as string });
  expect(attempt(only).members.map(({ member, status }) => [member, status])).toEqual([
    ['db.0', 'PASS'],
    ['db.1', 'PASS'],
    ['driver.0', 'FAIL'],
  ]);
  expect(attempt(only).commands?.map(({ stopped }) => stopped)).toEqual(['test over', 'test over']);
  await eventually(() => told.left().length === 0);
});

test('a driver reboots the machine of another member, and goes on when it is back', async () => {
  const master = await startMaster();
  const [n1] = await Promise.all([Machine.start(master, 'n1'), Machine.start(master, 'n2')]);
  const cwd = await folder({
    ...FOLDER,
    'driver.mjs': `
      import { drive, run, text } from './drive.mjs';
      await run('db.0', 'echo kept >file');
      const before = await drive('db.0', 'facts');
      const waiting = await drive('db.0', 'start', { command: 'sleep 1000' });
      console.log('before', before.boot);
      const { boot, away } = await drive('db.0', 'reboot', { timeout: 30 });
      console.log('after', boot, away > 0);
      console.log((await drive('db.0', 'ended', { command: waiting.command })).exit.how !== 'exited');
      console.log(text((await run('db.0', 'cat file; echo $TUTTI_REBOOT_COUNT')).stdout).trim().split('\\n').join(' '));
    `,
  });
  const args = ['run', '--drive', 'driver.mjs', '--role', 'db', '--file', 'drive.mjs'];
  const run = await startTutti(args, { cwd, env: master.env, input: '' });
  await eventually(() => n1.toldToReboot, { timeout: 20_000, every: 50 });
  await n1.crash();
  await eventually(async () => (await stateOf(master, 'n1')) === 'unreachable', {
    timeout: 20_000,
    every: 100,
  });
  await n1.boot(master);
  const outcome = await run.ended;
  const [only] = readReport(join(cwd, 'tutti-results/latest')).tests;
  expect(outcome.code, outcome.stderr + (await stderrOf(cwd, only, 'driver.0'))).toBe(0);
  expect((await stdoutOf(cwd, only, 'driver.0')).trim().split('\n')).toEqual([
    'before n1-boot-1',
    'after n1-boot-2 true',
    'true',
    'kept 1',
  ]);
  expect(attempt(only).members[0]).toMatchObject({ driven: true, status: 'PASS' });
  expect(attempt(only).members[0]?.incarnations).toHaveLength(2);
});

test('a driven machine that does not come back is lost: its commands say so, and the test is an ERROR', async () => {
  const master = await startMaster();
  const [n1] = await Promise.all([Machine.start(master, 'n1'), Machine.start(master, 'n2')]);
  const cwd = await folder({
    ...FOLDER,
    'suite.yaml': JSON.stringify({
      grace: '1s',
      tests: [{ name: 'driver', drive: 'driver.mjs', roles: { db: null } }],
    }),
    'driver.mjs': `
      import { drive, refusal } from './drive.mjs';
      const { command } = await drive('db.0', 'start', { command: 'sleep 1000' });
      console.log('started', command.length);
      process.on('SIGTERM', () => {});
      console.log(await refusal(drive('db.0', 'ended', { command })));
      console.log(await refusal(drive('db.0', 'start', { command: 'true' })));
      process.exit(0);
    `,
  });
  const run = await startTutti(['run', 'suite.yaml'], { cwd, env: master.env, input: '' });
  await logOf(master, 'driver.0', 'stdout.log', /started 32/, 'tests/01-driver');
  await n1.crash();
  const outcome = await run.ended;
  const [only] = readReport(join(cwd, 'tutti-results/latest')).tests;
  expect(outcome.code, outcome.stderr).toBe(2);
  expect(only).toMatchObject({
    status: 'ERROR',
    cause: expect.stringMatching(/^db\.0 on n1 was lost/) as string,
  });
  expect(attempt(only).commands).toMatchObject([{ cause: expect.stringMatching(/^was lost/) as string }]);
  expect(await stdoutOf(cwd, only, 'driver.0')).toMatch(/NODE_LOST: db\.0 on n1 was lost: its node was away/);
});
