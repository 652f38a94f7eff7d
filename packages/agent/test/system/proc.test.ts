import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { isAlive, parseStat, readStat } from '@tutti/link';
import { expect, onTestFinished, test } from 'vitest';
import { listProcesses, signal } from '../../src/system/proc.ts';
import { until } from '../members/lab.ts';

const stat = (command: string): string =>
  `4321 (${command}) S 17 4300 4299 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 183212 999 88 18446744073709551615 0 0\n`;

test.each(['sh', 'a b', 'x) S 1 1', '))((', 'tab\tnew\nline', ''])(
  'a command named "%s" does not shift the fields',
  (command) => {
    expect(parseStat(stat(command))).toEqual({
      pid: 4321,
      start: 183212,
      parent: 17,
      session: 4299,
      zombie: false,
      sleeping: true,
    });
  },
);

test('what is no stat line is none', () => {
  for (const text of ['', '4321', '4321 (sh', '4321 (sh) S 17 4300', 'x (sh) S 1 1 1'])
    expect(parseStat(text)).toBeUndefined();
});

test('a process is alive under its own start time, and not under another', () => {
  const self = readStat(process.pid);
  expect(self).toMatchObject({ pid: process.pid, zombie: false });
  const start = self?.start ?? 0;
  expect(isAlive({ pid: process.pid, start })).toBe(true);
  expect(isAlive({ pid: process.pid, start: start + 1 })).toBe(false);
  expect(listProcesses().map(({ pid }) => pid)).toContain(process.pid);
});

test('a process id that another process has by now is not signalled', async () => {
  const child = spawn('sleep', ['1000'], { stdio: 'ignore' });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child, 'spawn');
  const found = readStat(child.pid ?? 0);
  if (found === undefined) throw new Error('it has not started');
  expect(signal({ pid: found.pid, start: found.start + 1 }, 'SIGKILL')).toBe(false);
  expect(isAlive(found)).toBe(true);
  expect(signal(found, 'SIGKILL')).toBe(true);
  await until('it is gone', () => !isAlive(found));
  expect(signal(found, 'SIGKILL')).toBe(false);
});
