/** A disk without room ends what needs it, with a sentence that names the path: nothing waits for room. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { freeShare } from '../../src/system/free-space.ts';
import { ask } from './ask.ts';
import { inline, killAllWith, type Lab, makeLab, stage, until } from './lab.ts';

const MEBIBYTE = 1024 ** 2;

/** A lab whose members live on a disk of their own, of 2 MiB; undefined where this user may not mount one. */
async function smallLab(): Promise<Lab | undefined> {
  const outer = await makeLab();
  const dir = join(outer.base, 'small');
  mkdirSync(dir);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tutti-test', dir], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  onTestFinished(async () => {
    await killAllWith(outer.base);
    execFileSync('umount', ['-l', dir]);
  });
  const stateDir = join(dir, 'state');
  mkdirSync(stateDir);
  const lab = await outer.successor({ stateDir, diskFull: () => freeShare(stateDir) < 0.05 });
  return { ...lab, dir: (id) => join(stateDir, 'members', id) };
}

/** Leaves so many bytes. */
function fill(lab: Lab, left = 0): string {
  const path = join(lab.base, 'small', 'filler');
  const { bavail, bsize } = statfsSync(join(lab.base, 'small'));
  writeFileSync(path, Buffer.alloc(bavail * bsize - left));
  return path;
}

test('files that do not fit keep a member from being made, and nothing of it stays', async ({ skip }) => {
  const lab = await smallLab();
  if (lab === undefined) return skip();
  const spec = inline('true', { files: [stage(lab, 'big', Buffer.alloc(4 * MEBIBYTE))] });
  await expect(lab.members.prepare(spec)).rejects.toMatchObject({
    code: 'DISK_FULL',
    message: expect.stringContaining(lab.dir(spec.member)) as string,
  });
  expect(lab.members.presence()).toEqual([]);
  expect(freeShare(join(lab.base, 'small'))).toBeGreaterThan(0.9);
});

test('a member that cannot be started for lack of room says so', async ({ skip }) => {
  const lab = await smallLab();
  if (lab === undefined) return skip();
  const spec = inline('true');
  await lab.members.prepare(spec);
  fill(lab);
  await lab.members.start(spec.member);
  const end = await lab.ended(spec.member);
  expect(end.exit).toEqual({
    how: 'not-started',
    message: expect.stringMatching(`${lab.dir(spec.member)}.* cannot be written: no space is left`) as string,
  });
});

test('a script whose output finds no room ends, and the disk is the reason', async ({ skip }) => {
  const lab = await smallLab();
  if (lab === undefined) return skip();
  const spec = inline('while :; do echo "more and more and more and more and more"; done');
  await lab.members.prepare(spec);
  await lab.members.start(spec.member);
  expect(await lab.ended(spec.member)).toMatchObject({ stopped: 'disk-full' });
});

test('a script that reports is told, and may report again when there is room', async ({ skip }) => {
  const lab = await smallLab();
  if (lab === undefined) return skip();
  const spec = inline('echo "$TUTTI_SOCKET"; exec sleep 1000');
  await lab.members.prepare(spec);
  await lab.members.start(spec.member);
  const log = join(lab.dir(spec.member), 'stdout.0');
  const { readFileSync } = await import('node:fs');
  await until('it runs', () => readFileSync(log, 'utf8').endsWith('\n'));
  const socket = readFileSync(log, 'utf8').trim();
  const filler = fill(lab);
  const report = (id: string) => ask(socket, { id, call: 'result', args: { name: 'a', status: 'pass' } });
  expect(await report('request-1')).toMatchObject({
    error: { code: 'DISK_FULL', message: expect.stringContaining('events.0 cannot be written') as string },
  });
  rmSync(filler);
  expect(await report('request-1')).toEqual({ id: 'request-1', result: {} });
});
