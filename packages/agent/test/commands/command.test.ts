/** A command on a machine: started once, supervised as a member is, and gone with all that it started. */
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmdirSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { cgroupRoot } from '../../src/system/cgroup.ts';
import { inline, isRunning, makeLab, processesWith, randomId, until } from '../members/lab.ts';
import { begin, commandOf, directoryOf, driven, read, runCommand, startCommand } from './command-lab.ts';

const probe = await cgroupRoot(randomId());
if (probe !== undefined) rmdirSync(probe);
const ways = [
  { way: 'with a cgroup', cgroups: true, skip: probe === undefined },
  { way: 'without a cgroup', cgroups: false, skip: false },
];

describe('what it is', () => {
  test('a line of shell runs in the directory of its member, and its outputs and its exit are kept', async () => {
    const lab = await makeLab();
    const db = await begin(lab, driven());
    const spec = commandOf(db, 'pwd; echo to err >&2; exit 3');
    const end = await runCommand(lab, spec);
    expect(end).toMatchObject({ exit: { how: 'exited', code: 3 }, survivors: 0, lastLine: 'to err' });
    expect(read(lab, spec, 'stdout.0')).toBe(`${realpathSync(join(lab.dir(db.member), 'work'))}\n`);
    expect(read(lab, spec, 'stderr.0')).toBe('to err\n');
    expect(end.logs).toEqual([
      { source: 'stdout', incarnation: 0, length: read(lab, spec, 'stdout.0').length },
      { source: 'stderr', incarnation: 0, length: 7 },
    ]);
  });

  test('a program gets its words as they are', async () => {
    const lab = await makeLab();
    const db = await begin(lab, driven());
    const spec = commandOf(db, ['printf', '%s|', 'a b', '$HOME', '"', '']);
    await runCommand(lab, spec);
    expect(read(lab, spec, 'stdout.0')).toBe('a b|$HOME|"||');
  });

  test('what it writes is bytes', async () => {
    const lab = await makeLab();
    const spec = commandOf(undefined, String.raw`printf '\000\377\001'; head -c 300000 /dev/urandom >&2`);
    const end = await runCommand(lab, spec);
    expect(end.logs.map(({ length }) => length)).toEqual([3, 300_000]);
    expect(Buffer.from(read(lab, spec, 'stdout.0'), 'utf8').subarray(0, 1)).toEqual(Buffer.from([0]));
  });

  test('a line that is longer than the kernel takes as one word is run all the same', async () => {
    const lab = await makeLab();
    const spec = commandOf(undefined, `: ${'x'.repeat(200_000)}\necho done $0`);
    expect((await runCommand(lab, spec)).exit).toEqual({ how: 'exited', code: 0 });
    expect(read(lab, spec, 'stdout.0')).toBe(`done ${directoryOf(lab, spec)}/script\n`);
  });

  test('it has the environment of its member, its own variables, and the socket of the member', async () => {
    const lab = await makeLab();
    const db = await begin(
      lab,
      driven({ params: { size: 3 }, env: { COLOUR: 'red', SHAPE: 'round' }, secrets: { PASS: 'hush-hush' } }),
    );
    const spec = commandOf(db, 'env', {
      env: { COLOUR: 'blue', TUTTI_MEMBER: 'mallory.0', PATH: '/bin:/usr/bin' },
    });
    await runCommand(lab, spec);
    const env = Object.fromEntries(
      read(lab, spec, 'stdout.0')
        .split('\n')
        .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    );
    expect(env).toMatchObject({
      COLOUR: 'blue',
      SHAPE: 'round',
      PASS: 'hush-hush',
      TUTTI_MEMBER: 'db.0',
      TUTTI_PARAM_SIZE: '3',
      TUTTI_OUT: join(lab.dir(db.member), 'out'),
      TUTTI_COMMAND: directoryOf(lab, spec),
    });
    expect(env['PATH']).toMatch(/:\/bin:\/usr\/bin:/);
    expect(existsSync(env['TUTTI_SOCKET'] ?? '')).toBe(true);
    expect(lab.members.masks(spec.member).text('hush-hush')).toBe('*********');
  });

  test('an operator’s has the environment of the machine, starts at home, and has no socket', async () => {
    const lab = await makeLab();
    const spec = commandOf(undefined, 'pwd; env', { env: { COLOUR: 'blue' } });
    await runCommand(lab, spec);
    const [directory, ...env] = read(lab, spec, 'stdout.0').trim().split('\n');
    expect(directory).toBe(realpathSync(userInfo().homedir));
    const names = env.map((line) => line.slice(0, line.indexOf('='))).toSorted();
    expect(names).toEqual(['COLOUR', 'HOME', 'LANG', 'PATH', 'PWD', 'SHELL', 'TUTTI_COMMAND', 'TZ', 'USER']);
  });

  test('it starts where it is told, below its member’s files or anywhere', async () => {
    const lab = await makeLab();
    const db = await begin(lab, driven());
    mkdirSync(join(lab.dir(db.member), 'work/sub'));
    const below = commandOf(db, 'pwd', { cwd: 'sub' });
    const anywhere = commandOf(db, 'pwd', { cwd: '/' });
    await runCommand(lab, below);
    await runCommand(lab, anywhere);
    expect(read(lab, below, 'stdout.0').trim()).toBe(realpathSync(join(lab.dir(db.member), 'work/sub')));
    expect(read(lab, anywhere, 'stdout.0')).toBe('/\n');
  });

  test('what cannot start says so by its end: no such directory, no such program', async () => {
    const lab = await makeLab();
    const nowhere = commandOf(undefined, 'pwd', { cwd: '/no/such' });
    expect((await runCommand(lab, nowhere)).exit).toEqual({
      how: 'not-started',
      message: expect.stringContaining('cannot start in /no/such: n1 has no such directory') as string,
    });
    const nothing = commandOf(undefined, ['no-such-program-1']);
    const end = await runCommand(lab, nothing);
    expect(end.exit).toEqual({ how: 'exited', code: 127 });
    expect(end.lastLine).toContain('no-such-program-1');
  });
});

describe.each(ways)('$way', ({ cgroups, skip }) => {
  test.skipIf(skip)('a daemon that it leaves is ended with it, and nothing of its member is', async () => {
    const lab = await makeLab({ cgroups });
    const db = await begin(lab, inline('sleep 1000 & echo $!; wait'));
    const other = commandOf(db, 'echo $$; exec sleep 1000');
    const otherPid = Number(await startCommand(lab, other));
    const spec = commandOf(
      db,
      '(setsid sh -c "(sleep 1000 & echo \\$! > pid) &"); while ! [ -s pid ]; do :; done; cat pid',
    );
    const end = await runCommand(lab, spec);
    expect(end).toMatchObject({ exit: { how: 'exited', code: 0 }, survivors: 0 });
    expect(end.stopped).toBeUndefined();
    expect(isRunning(Number(read(lab, spec, 'stdout.0')))).toBe(false);
    expect(isRunning(otherPid)).toBe(true);
    expect(isRunning(Number(lab.text(db.member, 'stdout.0')))).toBe(true);
    expect(lab.members.end(db.member)).toBeUndefined();
  });

  test.skipIf(skip)('the end of its member’s script does not touch it', async () => {
    const lab = await makeLab({ cgroups });
    const db = inline('until [ -e go ]; do sleep 0.02; done; sleep 1000 & exit 0');
    await begin(lab, db);
    const spec = commandOf(db, 'echo $$; exec sleep 1000');
    const pid = Number(await startCommand(lab, spec));
    writeFileSync(join(lab.dir(db.member), 'work/go'), '');
    expect(await lab.ended(db.member)).toMatchObject({ exit: { code: 0 }, survivors: 0 });
    expect(isRunning(pid)).toBe(true);
    // And there may be more of them.
    expect((await runCommand(lab, commandOf(db, 'true'))).exit).toEqual({ how: 'exited', code: 0 });
  });

  test.skipIf(skip)('stopping ends everything it started, by the ladder', async () => {
    const lab = await makeLab({ cgroups });
    const db = await begin(lab, driven());
    const spec = commandOf(db, 'trap "" TERM; sleep 1000 & echo $!; sleep 1000; sleep 1000');
    const pid = Number(await startCommand(lab, spec));
    lab.members.stop(spec.member, 'cancelled');
    expect(await lab.ended(spec.member)).toMatchObject({ stopped: 'cancelled', survivors: 0 });
    expect(isRunning(pid)).toBe(false);
    expect(processesWith(directoryOf(lab, spec))).toEqual([]);
  });

  test.skipIf(skip)('its member’s stop ends it first', async () => {
    const lab = await makeLab({ cgroups });
    const db = await begin(
      lab,
      inline('trap "echo member; exit 0" TERM; echo up; while :; do sleep 0.02; done'),
    );
    await until('the script is up', () => lab.text(db.member, 'stdout.0') === 'up\n');
    // It still reaches the member while it ends.
    const spec = commandOf(
      db,
      `trap 'sleep 0.1; [ -e ${lab.dir(db.member)}/status.0 ] || echo first; exit 0' TERM; echo up; while :; do sleep 0.02; done`,
    );
    await startCommand(lab, spec);
    lab.members.stop(db.member, 'test-over');
    expect(await lab.ended(db.member)).toMatchObject({ stopped: 'test-over' });
    expect(lab.members.end(spec.member)).toMatchObject({ stopped: 'test-over' });
    expect(read(lab, spec, 'stdout.0')).toBe('up\nfirst\n');
    expect(lab.reported.map(([id]) => id)).toEqual([spec.member, db.member]);
    await expect(lab.members.startCommand(commandOf(db, 'true'))).rejects.toMatchObject({
      code: 'NO_SUCH_MEMBER',
      message: expect.stringContaining('server.0 has been stopped') as string,
    });
  });

  test.skipIf(skip)(
    'forgetting its member ends it and removes everything of it, without a word',
    async () => {
      const lab = await makeLab({ cgroups });
      const db = await begin(lab, driven());
      const spec = commandOf(db, 'echo $$; exec sleep 1000');
      const pid = Number(await startCommand(lab, spec));
      expect(await lab.members.forget(db.member)).toEqual([db.member, spec.member]);
      expect(isRunning(pid)).toBe(false);
      expect(existsSync(lab.dir(db.member))).toBe(false);
      expect(lab.reported).toEqual([]);
      expect(lab.members.presence()).toEqual([]);
    },
  );

  test.skipIf(skip)('a signal goes to all its processes, once for each request', async () => {
    const lab = await makeLab({ cgroups });
    const db = await begin(lab, driven());
    const counts = `trap 'echo usr1' USR1; while :; do sleep 0.02; done`;
    const spec = commandOf(db, `sh -c "${counts}" & ${counts}`);
    await lab.members.startCommand(spec);
    // At once after the start: nothing is lost.
    await until('both are there', () => processesWith(directoryOf(lab, spec)).length >= 4);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await lab.members.killCommand(spec.member, 'request-1', 'USR1');
    await until('both have heard', () => read(lab, spec, 'stdout.0') === 'usr1\nusr1\n');
    await lab.members.killCommand(spec.member, 'request-1', 'USR1');
    const next = await lab.successor();
    await next.members.killCommand(spec.member, 'request-1', 'USR1');
    await next.members.killCommand(spec.member, 'request-2', 'USR1');
    await until('both have heard again', () => read(lab, spec, 'stdout.0').length >= 20);
    expect(read(lab, spec, 'stdout.0')).toBe('usr1\n'.repeat(4));
    await next.members.killCommand(spec.member, 'request-3', 'KILL');
    expect((await next.ended(spec.member)).exit).toEqual({ how: 'signalled', signal: 'SIGKILL' });
    // One that has ended hears nothing.
    await next.members.killCommand(spec.member, 'request-4', 'TERM');
  });
});

test('a signal right after the start is not lost', async () => {
  const lab = await makeLab();
  const spec = commandOf(undefined, 'sleep 1000');
  await lab.members.startCommand(spec);
  await lab.members.killCommand(spec.member, 'request-1', 'TERM');
  expect((await lab.ended(spec.member)).exit).toEqual({ how: 'signalled', signal: 'SIGTERM' });
});

test('a command starts once, however often and at the same time it is asked', async () => {
  const lab = await makeLab();
  const db = await begin(lab, driven());
  const spec = commandOf(db, 'echo once; until [ -e go ]; do sleep 0.02; done');
  await Promise.all(Array.from({ length: 5 }, () => lab.members.startCommand(spec)));
  await lab.members.startCommand(spec);
  writeFileSync(join(lab.dir(db.member), 'work/go'), '');
  await lab.ended(spec.member);
  await lab.members.startCommand(spec);
  expect(read(lab, spec, 'stdout.0')).toBe('once\n');
  expect(lab.reported).toHaveLength(1);
  const next = await lab.successor();
  await next.members.startCommand(spec);
  expect(read(lab, spec, 'stdout.0')).toBe('once\n');
});

test('its time is the agent’s to keep', async () => {
  const lab = await makeLab();
  const spec = commandOf(undefined, 'exec sleep 1000', { timeout: 0.3 });
  expect(await runCommand(lab, spec)).toMatchObject({ stopped: 'timeout' });
});

test('it is in the presence beside its member, and may be forgotten alone', async () => {
  const lab = await makeLab();
  const db = await begin(lab, driven());
  const spec = commandOf(db, 'echo up; exec sleep 1000');
  await startCommand(lab, spec);
  expect(lab.members.presence()).toEqual([
    { member: db.member, master: db.master, state: 'running', incarnation: 0 },
    { member: spec.member, master: db.master, state: 'running', incarnation: 0 },
  ]);
  expect(lab.members.logs(spec.member).map(({ source }) => source)).toEqual(['stdout', 'stderr']);
  expect(lab.members.out(spec.member)).toBeUndefined();
  expect(await lab.members.forget(spec.member)).toEqual([spec.member]);
  expect(lab.members.presence()).toHaveLength(1);
  expect(existsSync(directoryOf(lab, spec))).toBe(false);
  await expect(lab.members.killCommand(spec.member, 'request-1', 'TERM')).rejects.toMatchObject({
    code: 'NO_SUCH_COMMAND',
  });
});

test('one that the master has all of is not told of again, also by the next agent, and starts no second time', async () => {
  const lab = await makeLab();
  const db = await begin(lab, driven());
  const spec = commandOf(db, 'echo once');
  await runCommand(lab, spec);
  expect(lab.members.presence()).toHaveLength(2);
  await lab.members.noteCollected(spec.member);
  expect(lab.members.presence()).toHaveLength(1);
  const next = await lab.successor();
  expect(next.members.presence().map(({ member }) => member)).toEqual([db.member]);
  await next.members.startCommand(spec);
  expect(read(next, spec, 'stdout.0')).toBe('once\n');
  expect(await next.members.forget(db.member)).toEqual([db.member, spec.member]);
});

test('an operator’s that has ended goes when its master stays away; one of a member goes with that', async () => {
  const lab = await makeLab();
  const db = await begin(lab, driven());
  const mine = commandOf(undefined, 'true');
  await runCommand(lab, mine);
  await runCommand(lab, commandOf(db, 'true'));
  expect((await lab.members.idle()).map(({ member }) => member)).toEqual([mine.member]);
  lab.members.stop(db.member, 'orphaned');
  await lab.ended(db.member);
  expect((await lab.members.idle()).map(({ member }) => member)).toEqual([mine.member, db.member]);
});

test('what is asked for a member that is not there, or has not started, is refused', async () => {
  const lab = await makeLab();
  const db = driven();
  await expect(lab.members.startCommand(commandOf(db, 'true'))).rejects.toMatchObject({
    code: 'NO_SUCH_MEMBER',
  });
  await lab.members.prepare(db);
  await expect(lab.members.startCommand(commandOf(db, 'true'))).rejects.toMatchObject({
    code: 'NO_SUCH_MEMBER',
    message: 'no command is started on n1: db.0 has not been started yet',
  });
});

test('a full disk keeps a command from being made, and says so', async () => {
  const lab = await makeLab({ diskFull: () => true });
  const spec = commandOf(undefined, 'true');
  await expect(lab.members.startCommand(spec)).rejects.toMatchObject({ code: 'DISK_FULL' });
  expect(lab.members.presence()).toEqual([]);
});

test('a disk without room keeps a command from being made, and nothing of it stays', async ({ skip }) => {
  const lab = await makeLab();
  const small = join(lab.base, 'small');
  mkdirSync(small);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tutti-test', small], { stdio: 'ignore' });
  } catch {
    return skip();
  }
  onTestFinished(() => void execFileSync('umount', ['-l', small]));
  const next = await lab.successor({ stateDir: small });
  const db = await begin(next, driven());
  const { bavail, bsize } = statfsSync(small);
  const filler = join(small, 'filler');
  writeFileSync(filler, Buffer.alloc(bavail * bsize));
  const dir = join(small, 'members', db.member);
  const before = readdirSync(dir);
  const spec = commandOf(db, 'true');
  await expect(next.members.startCommand(spec)).rejects.toMatchObject({
    code: 'DISK_FULL',
    message: expect.stringContaining(`cmd-${spec.number} cannot be written: no space is left`) as string,
  });
  expect(readdirSync(dir)).toEqual(before);
  // The same request succeeds when there is room.
  rmSync(filler);
  expect((await runCommand(next, spec)).exit).toEqual({ how: 'exited', code: 0 });
});

describe('a successor', () => {
  test('takes over a command of a killed agent, and says how it ended', async () => {
    const lab = await makeLab();
    const db = await begin(lab, driven());
    const spec = commandOf(db, 'echo up; until [ -e go ]; do sleep 0.02; done; echo more; exit 4');
    const mine = commandOf(undefined, 'echo up; exec sleep 1000');
    await startCommand(lab, spec);
    await startCommand(lab, mine);
    const next = await lab.successor();
    expect(next.members.presence().map(({ member, state }) => [member, state])).toEqual(
      expect.arrayContaining([
        [db.member, 'running'],
        [spec.member, 'running'],
        [mine.member, 'running'],
      ]),
    );
    writeFileSync(join(lab.dir(db.member), 'work/go'), '');
    expect((await next.ended(spec.member)).exit).toEqual({ how: 'exited', code: 4 });
    expect(read(lab, spec, 'stdout.0')).toBe('up\nmore\n');
    next.members.stop(mine.member, 'cancelled');
    expect(await next.ended(mine.member)).toMatchObject({ stopped: 'cancelled' });
    // Said the same way again.
    const third = await next.successor();
    expect(third.members.end(spec.member)).toMatchObject({ exit: { how: 'exited', code: 4 } });
    expect(third.members.masks(spec.member).empty).toBe(true);
  });

  test('keeps the time that was left', async () => {
    const lab = await makeLab();
    const spec = commandOf(undefined, 'echo up; exec sleep 1000', { timeout: 1.5 });
    await startCommand(lab, spec);
    const began = performance.now();
    const next = await lab.successor();
    expect(await next.ended(spec.member)).toMatchObject({ stopped: 'timeout' });
    expect(performance.now() - began).toBeLessThan(8000);
  });

  test('after a crash of the machine a command has ended with it', async () => {
    const lab = await makeLab({ bootId: 'boot-0' });
    const db = await begin(lab, driven());
    const spec = commandOf(db, 'echo up; exec sleep 1000');
    await startCommand(lab, spec);
    for (const pid of processesWith(lab.base)) process.kill(pid, 'SIGKILL');
    const next = await lab.successor({ bootId: 'boot-1' });
    expect((await next.ended(spec.member)).exit).toEqual({ how: 'rebooted' });
    expect((await next.ended(db.member)).exit).toEqual({ how: 'rebooted' });
  });

  test('puts aside a command whose spec is torn, and ends what it runs', async () => {
    const lab = await makeLab();
    const db = await begin(lab, driven());
    const spec = commandOf(db, 'echo $$; exec sleep 1000');
    const pid = Number(await startCommand(lab, spec));
    writeFileSync(join(directoryOf(lab, spec), 'spec.json'), '{');
    const next = await lab.successor();
    await until('it is ended', () => !isRunning(pid));
    expect(next.members.presence()).toHaveLength(1);
    expect(existsSync(`${directoryOf(lab, spec)}.damaged`)).toBe(true);
  });
});

test('a member that is stopped before its script has begun says that it was, though its commands end first', async () => {
  const lab = await makeLab();
  const db = inline('echo begun; sleep 1000');
  await lab.members.prepare(db);
  // As on a slow machine: when it looks for a stop there is one.
  const wrapper = join(lab.dir(db.member), 'wrapper');
  const slow = readFileSync(wrapper, 'utf8').replace(
    '[ -e "stop.$tutti_n" ] && exit 143',
    'until [ -e "stop.$tutti_n" ]; do sleep 0.01; done; exit 143',
  );
  writeFileSync(wrapper, slow);
  await lab.members.start(db.member);
  const spec = commandOf(db, 'trap "sleep 0.2; exit 0" TERM; echo up; while :; do sleep 0.02; done');
  await startCommand(lab, spec);
  lab.members.stop(db.member, 'test-over');
  expect(await lab.ended(db.member)).toMatchObject({ stopped: 'test-over' });
  expect(lab.text(db.member, 'stdout.0')).toBe('');
});
