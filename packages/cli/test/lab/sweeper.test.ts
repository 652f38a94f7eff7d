import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
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
function sleeper([program, ...args]: [string, ...string[]] = ['sleep', '600']) {
  const child = spawn(program, args, { detached: true, stdio: 'ignore' });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

/** Network namespaces that a process, or one that has its command line, holds by a descriptor. */
function namespacesHeldBy(pid: number): string[] {
  const mine = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  const processes = readdirSync('/proc').filter((each) => /^\d+$/.test(each) && read(each) === mine);
  const held = processes.flatMap((each) =>
    readdirSync(`/proc/${each}/fd`).map((fd) => readlinkSync(`/proc/${each}/fd/${fd}`)),
  );
  return [...new Set(held.filter((link) => link.startsWith('net:')))];
}

function read(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
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

test.skipIf(!canNamespace)(
  'the number of a namespace it was told of is not given to another one while it is there (needs root)',
  async () => {
    const { held } = await sweeper();
    const isolated = Array.from({ length: 17 }, () => sleeper(['unshare', '--net', '--', 'sleep', '600']));
    const own = readlinkSync('/proc/self/ns/net');
    await expect
      .poll(() => isolated.every(({ pid }) => readlinkSync(`/proc/${pid}/ns/net`) !== own))
      .toBe(true);
    const told = isolated.map(({ pid }) => readlinkSync(`/proc/${pid}/ns/net`));
    for (const { pid } of isolated) await held.tell(careLine(pid!, true));
    await expect.poll(() => namespacesHeldBy(held.pid!).length).toBe(told.length);
    const ended = isolated.map((child) => once(child, 'exit'));
    for (const child of isolated) child.kill('SIGKILL');
    await Promise.all(ended);

    const others = Array.from({ length: 100 }, () =>
      execFileSync('unshare', ['--net', 'readlink', '/proc/self/ns/net'], { encoding: 'utf8' }).trim(),
    );
    expect(others.filter((number) => told.includes(number))).toEqual([]);
    held.release();
    expect(await held.ended).toMatchObject({ ok: true });
  },
);

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
