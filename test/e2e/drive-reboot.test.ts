/** A driver reboots another machine with the SDK: what waits on it is told why, and the story goes on when it is back. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { stateOf } from './support/pool.ts';
import { Machine } from './support/reboot.ts';
import { attempt, folder, stderrOf, stdoutOf } from './support/results.ts';
import { eventually, readReport, startMaster, startTutti } from './support/tutti.ts';

const STORIES = {
  'driver.ts': `
import { test } from 'tutti';
test('reboot', async ({ roles: { db }, step }) => {
  await db.put({ content: 'kept' }, 'file');
  await db.start('server', 'sleep 1000');
  const waiting = db.run('sleep 1000').catch((error) => error.message);
  await db.until('pgrep -f "sleep 1000" | wc -l | grep -q "[2-9]"', { every: '50ms' });
  const before = (await db.facts()).boot;
  const { boot } = await step('down and up', () => db.reboot({ timeout: '40s' }));
  console.log(before, boot);
  console.log(await waiting);
  await db.start('server', 'sleep 1000');
  console.log((await db.get('file')).toString(), (await db.stop('server')).signal);
});`,
  'driver.py': `
import threading
import tutti
@tutti.test
def reboot():
    db, said = tutti.roles.db, []
    db.put(tutti.Content('kept'), 'file')
    db.start('server', 'sleep 1000')
    def wait():
        try: db.run('sleep 1000')
        except tutti.CommandFailed as error: said.append(error.message)
    waiting = threading.Thread(target=wait)
    waiting.start()
    db.until('pgrep -f "sleep 1000" | wc -l | grep -q "[2-9]"', every='50ms')
    before = db.facts()['boot']
    with tutti.step('down and up'):
        boot = db.reboot(timeout='40s').boot
    print(before, boot)
    waiting.join()
    print(said[0])
    db.start('server', 'sleep 1000')
    print(db.get('file').decode(), db.stop('server').signal)`,
};

test.for(Object.entries(STORIES))('in %s', async ([file, script]) => {
  const master = await startMaster();
  const [n1] = await Promise.all([Machine.start(master, 'n1'), Machine.start(master, 'n2')]);
  const cwd = await folder({ [file]: script });
  const run = await startTutti(['run', '--drive', file, '--role', 'db'], { cwd, env: master.env, input: '' });
  await eventually(() => n1.toldToReboot, { timeout: 30_000, every: 50 });
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
    'n1-boot-1 n1-boot-2',
    expect.stringMatching(/^"sleep 1000" on db\.0 \(n1\) (ended with its machine, which was rebooted|was )/),
    'kept SIGTERM',
  ]);
  expect(attempt(only).subtests.map(({ name, status }) => `${name} ${status}`)).toEqual([
    'reboot / down and up PASS',
    'reboot PASS',
  ]);
});
