/** A member without a script: it costs no process, and commands are started for it. */
import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { makeLab, processesWith, until } from '../members/lab.ts';
import { begin, commandOf, driven, read, startCommand } from './command-lab.ts';

test('costs no process, and ends well when it is stopped', async () => {
  const lab = await makeLab();
  const db = await begin(lab, driven());
  expect(processesWith(lab.dir(db.member))).toEqual([]);
  expect(lab.members.presence()).toMatchObject([{ state: 'running' }]);
  lab.members.stop(db.member, 'test-over');
  const end = await lab.ended(db.member);
  expect(end).toMatchObject({
    exit: { how: 'exited', code: 0 },
    stopped: 'test-over',
    survivors: 0,
    lastLine: '',
  });
  expect(end.logs.map(({ source, length }) => [source, length])).toEqual([
    ['stdout', 0],
    ['stderr', 0],
    ['events', 0],
  ]);
});

test('that has ended leaves no timer: nothing keeps its agent from ending', async () => {
  const timers = () => process.getActiveResourcesInfo().filter((what) => what === 'Timeout').length;
  const lab = await makeLab();
  const before = timers();
  const db = await begin(lab, driven());
  expect(timers()).toBeGreaterThan(before);
  lab.members.stop(db.member, 'test-over');
  await lab.ended(db.member);
  // Those of the test before may still go; a grace that nobody needs any more would stay for five seconds.
  await until('no timer is left', () => timers() <= before, 2);
});

test('goes on with the next agent, at the same socket, and ends well with it', async () => {
  const lab = await makeLab();
  const db = await begin(lab, driven());
  const spec = commandOf(db, 'echo $TUTTI_SOCKET');
  const socket = await startCommand(lab, spec);
  const next = await lab.successor();
  expect(next.members.presence()[0]).toMatchObject({ member: db.member, state: 'running' });
  expect(existsSync(socket)).toBe(true);
  expect(await startCommand(next, commandOf(db, 'echo $TUTTI_SOCKET'))).toBe(socket);
  next.members.stop(db.member, 'test-over');
  expect((await next.ended(db.member)).exit).toEqual({ how: 'exited', code: 0 });
  expect(existsSync(socket)).toBe(false);
});

test('that is stopped while it starts ends well too', async () => {
  const lab = await makeLab();
  const db = driven();
  await lab.members.prepare(db);
  const starting = lab.members.start(db.member);
  lab.members.stop(db.member, 'test-over');
  await starting;
  expect(await lab.ended(db.member)).toMatchObject({
    exit: { how: 'exited', code: 0 },
    stopped: 'test-over',
  });
});

test('is there again after a reboot, and its commands have ended with the machine', async () => {
  const lab = await makeLab({ bootId: 'boot-0', rebootCommands: ['true'] });
  const db = await begin(lab, driven());
  const spec = commandOf(db, 'trap "echo told; exit 0" TERM; echo up; while :; do sleep 0.02; done');
  await startCommand(lab, spec);
  await lab.members.reboot(db.member, 0, 60);
  expect(await lab.ended(spec.member)).toMatchObject({ exit: { how: 'rebooted' } });
  expect(read(lab, spec, 'stdout.0')).toBe('up\ntold\n');
  await until('it is going down', () => lab.members.debugState().members[db.member] === 'rebooting');
  await expect(lab.members.startCommand(commandOf(db, 'true'))).rejects.toMatchObject({
    code: 'NO_SUCH_MEMBER',
  });
  const next = await lab.successor({ bootId: 'boot-1' });
  expect(next.members.presence()).toContainEqual(
    expect.objectContaining({ member: db.member, state: 'running', incarnation: 1 }),
  );
  const count = commandOf(db, 'echo $TUTTI_REBOOT_COUNT');
  expect(await startCommand(next, count)).toBe('1');
  next.members.stop(db.member, 'test-over');
  expect((await next.ended(db.member)).exit).toEqual({ how: 'exited', code: 0 });
});

test('its time is limited as any other’s', async () => {
  const lab = await makeLab();
  const db = await begin(lab, driven());
  await lab.members.extended(db.member, -2);
  expect(await lab.ended(db.member)).toMatchObject({
    exit: { how: 'exited', code: 0 },
    stopped: 'timeout',
  });
});
