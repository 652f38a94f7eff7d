/** `tutti cp`: files and directories to machines and from them, as cp(1) and scp(1) do it. */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { mountSmall } from './support/small-disk.ts';
import { startAgent, startMaster, temporaryDirectory, tutti } from './support/tutti.ts';

const isRoot = process.getuid?.() === 0;

async function lab() {
  const master = await startMaster();
  await startAgent(master, { name: 'n1' });
  const here = await temporaryDirectory();
  const there = await temporaryDirectory();
  const cp = (...args: string[]) => tutti(['cp', ...args], { env: master.env, cwd: here });
  return { master, here, there, cp };
}

test('files, several, directories; modes, links and bytes stay', async () => {
  const { here, there, cp } = await lab();
  const bytes = randomBytes(300_000);
  await writeFile(join(here, 'a.bin'), bytes);
  await chmod(join(here, 'a.bin'), 0o750);
  await writeFile(join(here, 'b'), 'b');
  expect((await cp('a.bin', `n1:${there}/new`)).code).toBe(0);
  expect((await readFile(join(there, 'new'))).equals(bytes)).toBe(true);
  expect((await stat(join(there, 'new'))).mode & 0o777).toBe(0o750);
  // Into a directory that is there, named or not as one.
  expect((await cp('a.bin', `n1:${there}`)).code).toBe(0);
  expect((await cp('a.bin', 'b', `n1:${there}/sub/`)).code).toBe(0);
  expect((await readdir(there)).toSorted()).toEqual(['a.bin', 'new', 'sub']);
  expect((await readdir(join(there, 'sub'))).toSorted()).toEqual(['a.bin', 'b']);

  await mkdir(join(here, 'conf/deep'), { recursive: true });
  await writeFile(join(here, 'conf/deep/x'), 'x');
  await symlink('deep/x', join(here, 'conf/link'));
  expect((await cp('conf', `n1:${there}/etc`)).code).toBe(0);
  expect(await readFile(join(there, 'etc/link'), 'utf8')).toBe('x');
  expect((await cp(`n1:${there}/etc`, 'back')).code).toBe(0);
  expect(await readFile(join(here, 'back/link'), 'utf8')).toBe('x');
  expect((await cp(`n1:${there}/new`, `n1:${there}/sub/b`, 'back')).code).toBe(0);
  expect((await readdir(join(here, 'back'))).toSorted()).toEqual(['b', 'deep', 'link', 'new']);
  expect((await readFile(join(here, 'back/new'))).equals(bytes)).toBe(true);
});

test('stdin and stdout, several machines, from one machine to another', async () => {
  const { master, here, there, cp } = await lab();
  await startAgent(master, { name: 'n2' });
  const put = spawnSync(
    'sh',
    [
      '-c',
      'printf "a\\0b" | "$0" cp - "n1:$1/stdin" && "$0" cp "n1:$1/stdin" - | od -c | head -1',
      ...[tuttiPath(), there],
    ],
    { env: { ...process.env, ...master.env }, encoding: 'utf8' },
  );
  expect(put.stdout).toBe('0000000   a  \\0   b\n');
  await writeFile(join(here, 'f'), 'to both');
  expect((await cp('f', `n[1-2]:${there}/both`)).code).toBe(0);
  expect(await readFile(join(there, 'both'), 'utf8')).toBe('to both');
  await mkdir(join(here, 'logs'));
  expect((await cp(`n[1-2]:${there}/both`, 'logs')).code).toBe(0);
  expect((await readdir(join(here, 'logs'), { recursive: true })).toSorted()).toEqual([
    ...['n1', 'n1/both', 'n2', 'n2/both'],
  ]);
  expect((await cp(`n1:${there}/both`, `n2:${there}/across`)).code).toBe(0);
  expect(await readFile(join(there, 'across'), 'utf8')).toBe('to both');
});

test('what cannot be copied is said, with where it is', async () => {
  const { here, there, cp } = await lab();
  await writeFile(join(here, 'f'), 'f');
  await writeFile(join(there, 'file'), 'f');
  const refused = async (code: number, words: string, ...args: string[]) => {
    const { code: was, stderr } = await cp(...args);
    expect([was, stderr]).toEqual([code, expect.stringContaining(words) as string]);
  };
  await refused(64, 'nix cannot be sent: ENOENT', 'nix', `n1:${there}/x`);
  await refused(2, `there is no ${there}/nix on n1`, `n1:${there}/nix`, '.');
  await refused(2, 'cannot be written: ', 'f', `n1:${there}/file/below`);
  await refused(64, 'the master knows no machine "n3"', 'f', 'n3:/tmp/x');
  await refused(64, 'both are on this machine', 'f', 'g');
  await refused(64, 'say what is copied and where to', 'f');
  await refused(
    64,
    'x is no directory here, and several files need one',
    `n1:${there}/file`,
    `n1:${there}/file`,
    'x',
  );
  await refused(64, 'stdout takes one file', `n1:${there}`, '-');
  expect(await readdir(here)).toEqual(['f']);
});

test.skipIf(!isRoot)('a full disk there leaves what was there', async () => {
  const { here, cp } = await lab();
  const small = await mountSmall('1m');
  await writeFile(join(small, 'file'), 'old');
  await writeFile(join(here, 'big'), randomBytes(3_000_000));
  const { code, stderr } = await cp('big', `n1:${small}/file`);
  expect([code, stderr]).toEqual([2, expect.stringMatching(/DISK_FULL/) as string]);
  expect(await readFile(join(small, 'file'), 'utf8')).toBe('old');
});

function tuttiPath(): string {
  return join(import.meta.dirname, '../../packages/cli/bin/tutti');
}
