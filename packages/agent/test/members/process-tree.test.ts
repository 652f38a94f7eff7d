/** Whatever a script starts is ended with it: the same stories with a cgroup and by going through /proc. */
import { existsSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { cgroupRoot } from '../../src/system/cgroup.ts';
import { inline, isRunning, makeLab, processesWith, randomId, until } from './lab.ts';

const probe = await cgroupRoot(randomId());
if (probe !== undefined) rmdirSync(probe);
const ways = [
  { way: 'with a cgroup', cgroups: true, skip: probe === undefined },
  { way: 'without a cgroup', cgroups: false, skip: false },
];

describe.each(ways)('$way', ({ cgroups, skip }) => {
  const pidIn = (text: string): number => Number(text.trim());

  test.skipIf(skip)('children in the background end with the script', async () => {
    const lab = await makeLab({ cgroups });
    const spec = inline('sleep 1000 & echo $!; exit 3');
    const end = await lab.run(spec);
    expect(end).toMatchObject({ exit: { how: 'exited', code: 3 }, survivors: 0 });
    expect(isRunning(pidIn(lab.text(spec.member, 'stdout.0')))).toBe(false);
    expect(end.stopped).toBeUndefined();
  });

  test.skipIf(skip)('a daemon in a session of its own, twice forked, ends with the script', async () => {
    const lab = await makeLab({ cgroups });
    const spec = inline('(setsid sh -c "(sleep 1000 & echo \\$! > pid) &") ; while ! [ -s pid ]; do :; done');
    const end = await lab.run(spec);
    expect(end).toMatchObject({ exit: { how: 'exited', code: 0 }, survivors: 0 });
    expect(isRunning(pidIn(lab.text(spec.member, 'work/pid')))).toBe(false);
  });

  test.skipIf(skip)(
    'a child with a cleared environment that stays in the session ends with the script',
    async () => {
      const lab = await makeLab({ cgroups });
      const spec = inline('(env -i sleep 1000 & echo $! > pid)');
      await lab.run(spec);
      expect(isRunning(pidIn(lab.text(spec.member, 'work/pid')))).toBe(false);
    },
  );

  test.skipIf(skip)('what ignores SIGTERM is killed on the next rung', async () => {
    const lab = await makeLab({ cgroups });
    const spec = inline('trap "" TERM HUP INT; echo up; while :; do sleep 1000; done');
    await lab.members.prepare(spec);
    await lab.members.start(spec.member);
    await until('the script runs', () => lab.text(spec.member, 'stdout.0') === 'up\n');
    lab.members.stop(spec.member, 'cancelled');
    const end = await lab.ended(spec.member);
    expect(end).toMatchObject({
      exit: { how: 'signalled', signal: 'SIGKILL' },
      stopped: 'cancelled',
      survivors: 0,
    });
  });

  test.skipIf(skip)('a script that tidies up on SIGTERM is given the time', async () => {
    const lab = await makeLab({ cgroups, rung: 5 });
    const spec = inline('trap "echo tidy; exit 9" TERM; echo up; while :; do sleep 0.01; done');
    await lab.members.prepare(spec);
    await lab.members.start(spec.member);
    await until('the script runs', () => lab.text(spec.member, 'stdout.0') === 'up\n');
    lab.members.stop(spec.member, 'test-over');
    expect(await lab.ended(spec.member)).toMatchObject({
      exit: { how: 'exited', code: 9 },
      stopped: 'test-over',
    });
    expect(lab.text(spec.member, 'stdout.0')).toBe('up\ntidy\n');
  });

  test.skipIf(skip)("trap 'kill 0' EXIT harms nobody else", async () => {
    const lab = await makeLab({ cgroups });
    const spec = inline("trap 'kill 0' EXIT\nsleep 1000 &\necho $!\nexit 0");
    const end = await lab.run(spec);
    // The script's own shell dies by its signal, as it does without Tutti.
    expect(end.exit).toEqual({ how: 'signalled', signal: 'SIGTERM' });
    expect(isRunning(pidIn(lab.text(spec.member, 'stdout.0')))).toBe(false);
  });

  test.skipIf(skip).each(['TERM', 'HUP', 'INT', 'QUIT', 'USR1', 'PIPE', 'ALRM', 'USR2'])(
    'kill -%s 0 leaves the wrapper to say how it ended',
    async (name) => {
      const lab = await makeLab({ cgroups });
      const spec = inline(`echo before; kill -${name} 0; sleep 1000`);
      const end = await lab.run(spec);
      expect(end.exit).toEqual({ how: 'signalled', signal: `SIG${name}` });
      expect(lab.text(spec.member, 'stdout.0')).toBe('before\n');
    },
  );

  test.skipIf(skip)('a script that kills its whole group with SIGKILL has ended as killed', async () => {
    const lab = await makeLab({ cgroups });
    const spec = inline('setsid sleep 1000 & kill -9 0');
    const end = await lab.run(spec);
    expect(end).toMatchObject({ exit: { how: 'killed' }, survivors: 0 });
    expect(processesWith(spec.member)).toEqual([]);
  });

  test.skipIf(skip)('a script that stops its whole group is ended all the same', async () => {
    const lab = await makeLab({ cgroups });
    const spec = inline('echo up; kill -STOP 0; sleep 1000', { timeout: 0.5 });
    expect(await lab.run(spec)).toMatchObject({ stopped: 'timeout', survivors: 0 });
    expect(processesWith(spec.member)).toEqual([]);
  });

  test.skipIf(skip)(
    'a wrapper that is killed has ended the member as killed, and the script with it',
    async () => {
      const lab = await makeLab({ cgroups });
      const spec = inline('echo up; while :; do sleep 1000; done');
      await lab.members.prepare(spec);
      await lab.members.start(spec.member);
      await until('the script runs', () => lab.text(spec.member, 'stdout.0') === 'up\n');
      process.kill(Number.parseInt(lab.text(spec.member, 'claim.0/wrapper'), 10), 'SIGKILL');
      const end = await lab.ended(spec.member);
      expect(end).toMatchObject({ exit: { how: 'killed' }, survivors: 0 });
      expect(end.logs[0]).toMatchObject({ source: 'stdout', length: 3 });
      expect(processesWith(spec.member)).toEqual([]);
    },
  );

  test.skipIf(skip)('processes that go on forking while they are killed do not escape', async () => {
    const lab = await makeLab({ cgroups });
    const spec = inline(
      'echo up; f() { while :; do (sleep 0.01; trap "" TERM; sleep 5) & sleep 0.005; done; }; f & f & wait',
    );
    await lab.members.prepare(spec);
    await lab.members.start(spec.member);
    await until('the script runs', () => lab.text(spec.member, 'stdout.0') === 'up\n');
    lab.members.stop(spec.member, 'cancelled');
    expect(await lab.ended(spec.member)).toMatchObject({ survivors: 0, stopped: 'cancelled' });
    expect(processesWith(spec.member)).toEqual([]);
  });

  test.skipIf(skip)('a member next to it is not touched', async () => {
    const lab = await makeLab({ cgroups });
    const bystander = inline('echo up; sleep 1000');
    await lab.members.prepare(bystander);
    await lab.members.start(bystander.member);
    await lab.run(inline('sleep 1000 & kill 0'));
    expect(lab.members.end(bystander.member)).toBeUndefined();
    await until('the bystander runs', () => lab.text(bystander.member, 'stdout.0') === 'up\n');
  });
});

test.skipIf(probe === undefined)(
  'the script is in a cgroup of its own, the wrapper is not, and forget removes it',
  async () => {
    const agent = randomId();
    const lab = await makeLab({ agent });
    const root = await cgroupRoot(agent);
    const member = randomId();
    const group = join(root ?? '', member);
    const text = `cat /proc/self/cgroup; mkdir ${group}/own; (echo 0 > ${group}/own/cgroup.procs; sleep 1000) & sleep 1000`;
    const spec = inline(text, { member });
    await lab.members.prepare(spec);
    await lab.members.start(spec.member);
    await until('the script runs', () => lab.text(spec.member, 'stdout.0').includes(spec.member));
    await until(
      'its own group is filled',
      () => existsSync(`${group}/own`) && readFileSync(`${group}/own/cgroup.procs`, 'utf8') !== '',
    );
    const wrapper = Number.parseInt(lab.text(spec.member, 'claim.0/wrapper'), 10);
    expect(readFileSync(`/proc/${wrapper}/cgroup`, 'utf8')).not.toContain(spec.member);
    await lab.members.forget(spec.member);
    expect(existsSync(group)).toBe(false);
    await lab.members.close({ kill: true });
    expect(existsSync(root ?? '')).toBe(false);
  },
);

test.skipIf(probe === undefined)(
  'with a cgroup: a daemon that has cleared its environment too ends with the script',
  async () => {
    const lab = await makeLab();
    const spec = inline(
      'setsid env -i /bin/sh -c "(sleep 1000 & echo \\$! > pid) &" > /dev/null 2>&1; while ! [ -s pid ]; do :; done',
    );
    await lab.run(spec);
    expect(isRunning(Number(lab.text(spec.member, 'work/pid').trim()))).toBe(false);
  },
);
