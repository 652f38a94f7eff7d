/** The ordinary life of a member: made, started, ended, reported, forgotten. */
import { existsSync, readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { inline, makeLab, processesWith, until } from './lab.ts';

test('a script runs, and its end says how long its logs are', async () => {
  const lab = await makeLab();
  const spec = inline('echo one; echo two >&2');
  const end = await lab.run(spec);
  expect(end).toMatchObject({ exit: { how: 'exited', code: 0 }, survivors: 0, lastLine: 'two' });
  expect(end.stopped).toBeUndefined();
  expect(end.logs).toEqual([
    { source: 'stdout', incarnation: 0, length: 4 },
    { source: 'stderr', incarnation: 0, length: 4 },
    { source: 'events', incarnation: 0, length: 0 },
  ]);
  expect(lab.text(spec.member, 'stdout.0')).toBe('one\n');
  expect(lab.complaints).toEqual([]);
});

test.each([0, 1, 77, 99, 126, 127, 128, 200, 255])('exit status %i is reported as it is', async (code) => {
  const lab = await makeLab();
  const end = await lab.run(inline(`exit ${code}`));
  expect(end.exit).toEqual({ how: 'exited', code });
});

test.each(['SIGKILL', 'SIGSEGV', 'SIGTERM', 'SIGINT', 'SIGHUP', 'SIGABRT', 'SIGPIPE', 'SIGUSR1'])(
  'death by %s is reported as that signal',
  async (signal) => {
    const lab = await makeLab();
    const end = await lab.run(inline(`kill -${signal.slice(3)} $$`));
    expect(end.exit).toEqual({ how: 'signalled', signal });
  },
);

test('preparing, starting, stopping and forgetting twice is the same as once', async () => {
  const lab = await makeLab();
  const spec = inline('echo once; read -r _ < /dev/zero');
  const { members } = lab;
  await Promise.all([members.prepare(spec), members.prepare(spec)]);
  await members.prepare(spec);
  expect(members.presence()).toEqual([
    { member: spec.member, master: spec.master, state: 'prepared', incarnation: 0 },
  ]);
  await Promise.all([members.start(spec.member), members.start(spec.member)]);
  await until('the script runs', () => lab.text(spec.member, 'stdout.0') === 'once\n');
  expect(members.presence()[0]?.state).toBe('running');
  members.stop(spec.member, 'test-over');
  members.stop(spec.member, 'timeout');
  const end = await lab.ended(spec.member);
  expect(end).toMatchObject({ exit: { how: 'signalled', signal: 'SIGTERM' }, stopped: 'test-over' });
  await members.start(spec.member);
  expect(lab.text(spec.member, 'stdout.0')).toBe('once\n');
  expect(lab.reported).toHaveLength(1);
  await Promise.all([members.forget(spec.member), members.forget(spec.member)]);
  await members.forget(spec.member);
  members.stop(spec.member, 'timeout');
});

test('after forget nothing is left: no process, no file, no socket', async () => {
  const lab = await makeLab();
  const spec = inline('trap "" TERM; echo up; sleep 1000 & while :; do wait; done');
  await lab.members.prepare(spec);
  await lab.members.start(spec.member);
  await until('the script runs', () => lab.text(spec.member, 'stdout.0') === 'up\n');
  expect(processesWith(spec.member)).not.toEqual([]);
  await lab.members.forget(spec.member);
  expect(processesWith(spec.member)).toEqual([]);
  expect(existsSync(lab.dir(spec.member))).toBe(false);
  expect(readdirSync(`${lab.stateDir}/../run`)).toEqual([]);
  expect(lab.reported).toEqual([]);
  expect(lab.members.debugState()).toEqual({ members: {}, preparing: 0, forgetting: 0, waits: 0 });
  expect(lab.complaints).toEqual([]);
});

test('a member that was never started is stopped without starting', async () => {
  const lab = await makeLab();
  const spec = inline('echo never');
  await lab.members.prepare(spec);
  lab.members.stop(spec.member, 'cancelled');
  const end = await lab.ended(spec.member);
  expect(end).toMatchObject({ exit: { how: 'not-started' }, stopped: 'cancelled', duration: 0 });
  await lab.members.start(spec.member);
  expect(lab.text(spec.member, 'stdout.0')).toBe('');
});

test('a stop that comes at once after the start ends the script', async () => {
  const lab = await makeLab();
  const spec = inline('sleep 1000');
  await lab.members.prepare(spec);
  const starting = lab.members.start(spec.member);
  lab.members.stop(spec.member, 'cancelled');
  await starting;
  expect(await lab.ended(spec.member)).toMatchObject({
    stopped: 'cancelled',
    exit: { how: 'signalled', signal: 'SIGTERM' },
  });
});

test('a member that is not here cannot be started', async () => {
  const lab = await makeLab();
  await expect(lab.members.start('0'.repeat(32))).rejects.toMatchObject({ code: 'NO_SUCH_MEMBER' });
});

test('the timeout stops the script and is the reason', async () => {
  const lab = await makeLab();
  const end = await lab.run(inline('sleep 1000', { timeout: 0.2 }));
  expect(end).toMatchObject({ stopped: 'timeout', exit: { how: 'signalled', signal: 'SIGTERM' } });
});

test('too much output stops the script and is the reason', async () => {
  const lab = await makeLab({ outputLimit: 1000 });
  const spec = inline('while :; do echo more; done');
  await lab.members.prepare(spec);
  await lab.members.start(spec.member);
  lab.members.noteOutput(spec.member, 1000);
  expect(lab.members.presence()[0]?.state).toBe('running');
  lab.members.noteOutput(spec.member, 1001);
  expect(await lab.ended(spec.member)).toMatchObject({ stopped: 'output-limit' });
});

test('a script that removes its own logs ends like any other', async () => {
  const lab = await makeLab();
  const spec = inline('rm ../stdout.0 ../stderr.0; exit 4');
  expect(await lab.run(spec)).toMatchObject({ exit: { how: 'exited', code: 4 }, lastLine: '' });
});

test('a stop that comes right behind the start ends the member, and nothing waits for its output', async () => {
  const lab = await makeLab();
  const specs = Array.from({ length: 12 }, () => inline('echo up; sleep 1000'));
  await Promise.all(specs.map((spec) => lab.members.prepare(spec)));
  for (const { member } of specs) {
    await lab.members.start(member);
    lab.members.stop(member, 'cancelled');
  }
  for (const { member } of specs)
    expect(await lab.ended(member)).toMatchObject({ stopped: 'cancelled', survivors: 0 });
});
