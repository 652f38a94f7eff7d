import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { careLine } from '../../src/lab/care-line.ts';
import { startSweeper } from '../../src/lab/sweeper.ts';
import { canNamespace, temporaryDirectory } from './lab-fixture.ts';

async function sweeper(patienceMs = 100) {
  const base = await temporaryDirectory();
  const held = startSweeper({ base, net: { kind: 'host', reason: '' }, env: process.env, patienceMs });
  return { held, root: await held.line() };
}

/** Ends by itself when the test has failed. */
function sleeper() {
  const child = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

test('at end-of-file its directory goes with all that is in it', async () => {
  const { held, root } = await sweeper();
  mkdirSync(`${root}/n1/work`, { recursive: true });
  writeFileSync(`${root}/n1/work/file`, '');
  held.release();
  expect(await held.ended).toMatchObject({ ok: true });
  expect(existsSync(root)).toBe(false);
});

test('a registered process that does not end is killed', async () => {
  const { held } = await sweeper();
  const child = sleeper();
  await held.tell(careLine(child.pid!, false));
  held.release();
  expect(await held.ended).toMatchObject({ ok: true });
  await expect.poll(() => child.signalCode).toBe('SIGKILL');
});

test('a process that has got the pid of a registered one is nobody it knows', async () => {
  const { held } = await sweeper();
  const child = sleeper();
  const [pid, start, net] = careLine(child.pid!, false).split(' ');
  await held.tell(`${pid} ${Number(start) - 1} ${net}`);
  held.release();
  expect(await held.ended).toMatchObject({ ok: true });
  expect(readFileSync(`/proc/${pid}/stat`, 'utf8')).toContain('(sleep) S');
});

test("nobody is put into care with the machine's own network namespace", () => {
  const child = sleeper();
  expect(() => careLine(child.pid!, true)).toThrow('no network namespace of its own');
});

test.skipIf(!canNamespace)('what a test has mounted is unmounted, not emptied (needs root)', async () => {
  const { held, root } = await sweeper();
  const precious = await temporaryDirectory();
  writeFileSync(`${precious}/data`, 'data');
  mkdirSync(`${root}/n1/a mount`, { recursive: true });
  execFileSync('mount', ['--bind', precious, `${root}/n1/a mount`]);
  held.release();
  expect(await held.ended).toMatchObject({ ok: true });
  expect(readFileSync(`${precious}/data`, 'utf8')).toBe('data');
  expect(existsSync(root)).toBe(false);
});
