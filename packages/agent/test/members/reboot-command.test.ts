import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { rejection } from '@tutti/testkit';
import { expect, test } from 'vitest';
import { reboot } from '../../src/members/reboot-command.ts';
import { temporaryDirectory } from '../ship/member-on-disk.ts';

test('the first command that succeeds is the last that is tried', async () => {
  const dir = temporaryDirectory();
  const sign = (name: string) => join(dir, name);
  await reboot([`: >'${sign('a')}'; exit 1`, `: >'${sign('b')}'`, `: >'${sign('c')}'`], dir);
  expect(['a', 'b', 'c'].map((name) => existsSync(sign(name)))).toEqual([true, true, false]);
});

test('when all fail, each says how', async () => {
  const dir = temporaryDirectory();
  const failed = await rejection(reboot(['echo one; echo two >&2; exit 3', 'kill -9 $$'], dir));
  expect(failed).toMatchObject({
    code: 'CANNOT_REBOOT',
    message:
      'the reboot command "echo one; echo two >&2; exit 3" exited with status 3 (last line: "two"); ' +
      'the reboot command "kill -9 $$" was ended by SIGKILL',
  });
});

test('it has a session of its own, nothing of the agent’s environment, and its output in a private file', async () => {
  const dir = temporaryDirectory();
  await reboot(['read -r stat </proc/self/stat; echo "${stat##*)}"; env'], dir);
  const [stat = '', ...env] = readFileSync(join(dir, 'reboot.log'), 'utf8').trim().split('\n');
  const [, , group, session] = stat.trim().split(' ');
  expect(session).toBe(group);
  expect(new Set(env.map((line) => line.split('=')[0]))).toEqual(new Set(['PATH', 'PWD']));
  expect(statSync(join(dir, 'reboot.log')).mode & 0o777).toBe(0o600);
});
