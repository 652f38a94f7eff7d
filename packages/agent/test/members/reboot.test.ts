/** Machines go down and come back: announced or not, by the agent or by the script, or not at all. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MemberSpec, RebootPlan } from '@tutti/protocol';
import { expect, test } from 'vitest';
import type { MembersOptions } from '../../src/members/members.ts';
import { ask } from './ask.ts';
import { inline, killAllWith, type Lab, makeLab, until } from './lab.ts';

/** Tells its incarnation and its socket, and stays; the last one ends well. */
const untilReboot = (times: number) =>
  inline(
    `echo "$TUTTI_REBOOT_COUNT $TUTTI_SOCKET $PWD"; echo "err $TUTTI_REBOOT_COUNT" >&2; echo x >>kept
     [ "$TUTTI_REBOOT_COUNT" = ${times} ] || exec sleep 1000`,
  );

/** Of a lab with a command that only notes that it was run: the machine goes down when the test says so. */
interface Machine {
  lab: Lab;
  down: string;
  told: [string, number, RebootPlan][];
}

async function machine(options: Partial<MembersOptions> = {}, command?: string): Promise<Machine> {
  const told: Machine['told'] = [];
  const lab = await makeLab({
    requests: {
      rebooting: async (member, incarnation, plan) => void told.push([member, incarnation, plan]),
      rebootOther: () => Promise.reject(new Error('not asked here')),
      extend: () => Promise.reject(new Error('not asked here')),
      drive: () => Promise.reject(new Error('not asked here')),
    },
    bootId: 'boot-0',
    ...options,
  });
  const down = join(lab.base, 'down');
  // Options are read when they are needed: the place of the command is only known now.
  const commands = [command ?? `echo down >>'${down}'`];
  return { lab: await lab.successor({ rebootCommands: commands }), down, told };
}

/** Everything on the machine dies, and its agent starts anew under another boot id. */
async function crash(lab: Lab, boot: string, more: Partial<MembersOptions> = {}): Promise<Lab> {
  await killAllWith(lab.base);
  return lab.successor({ bootId: boot, ...more });
}

async function begin(lab: Lab, spec: MemberSpec): Promise<void> {
  await lab.members.prepare(spec);
  await lab.members.start(spec.member);
  await saysHello(lab, spec, 0);
}

async function saysHello(lab: Lab, spec: MemberSpec, n: number): Promise<string> {
  await until('the script runs', () => lab.text(spec.member, `stdout.${n}`).endsWith('\n'));
  const [, socket = ''] = lab.text(spec.member, `stdout.${n}`).split(/\s/);
  return socket;
}

/** Asks for a reboot of its own machine, as a script would that nothing stops. */
async function reboot(lab: Lab, spec: MemberSpec, args: object = {}, n = 0): Promise<unknown> {
  const socket = await saysHello(lab, spec, n);
  return ask(socket, { id: `request-${n}`, call: 'reboot', args });
}

test('the same script runs again as the next incarnation, in the same place, and all output is kept', async () => {
  const { lab, down, told } = await machine();
  const spec = untilReboot(1);
  await begin(lab, spec);
  expect(await reboot(lab, spec)).toMatchObject({ error: { code: 'CANCELLED' } });
  await until('the command runs', () => existsSync(down));
  expect(told).toEqual([[spec.member, 0, { timeout: 600, byScript: false }]]);
  expect(lab.members.presence()).toEqual([
    {
      member: spec.member,
      master: spec.master,
      state: 'running',
      incarnation: 0,
      rebooting: { timeout: 600, byScript: false },
    },
  ]);
  const next = await crash(lab, 'boot-1');
  expect(next.members.presence()[0]).toMatchObject({ state: 'running', incarnation: 1 });
  const end = await next.ended(spec.member);
  expect(end).toMatchObject({ exit: { how: 'exited', code: 0 }, survivors: 0, lastLine: 'err 1' });
  expect(end.logs).toEqual(
    [0, 1].flatMap((incarnation) =>
      ['stdout', 'stderr', 'events'].map((source) => ({
        source,
        incarnation,
        length: next.text(spec.member, `${source}.${incarnation}`).length,
      })),
    ),
  );
  expect(next.members.logs(spec.member)).toHaveLength(6);
  const work = join(next.dir(spec.member), 'work');
  expect(next.text(spec.member, 'stdout.0')).toMatch(new RegExp(`^0 \\S+ ${work}\n$`));
  expect(next.text(spec.member, 'stdout.1')).toMatch(new RegExp(`^1 \\S+ ${work}\n$`));
  expect(next.text(spec.member, 'stderr.0')).toBe('err 0\n');
  expect(readFileSync(join(work, 'kept'), 'utf8')).toBe('x\nx\n');
  expect(JSON.parse(next.text(spec.member, 'events.0'))).toMatchObject({
    event: 'reboot',
    request: 'request-0',
    timeout: 600,
    byScript: false,
  });
  expect(next.complaints).toEqual([]);
});

test('a machine may reboot again and again', async () => {
  const { lab } = await machine();
  const spec = untilReboot(3);
  await begin(lab, spec);
  let here = lab;
  for (const n of [0, 1, 2]) {
    await reboot(here, spec, {}, n);
    here = await crash(here, `boot-${n + 1}`);
  }
  const end = await here.ended(spec.member);
  expect(end.exit).toEqual({ how: 'exited', code: 0 });
  expect(end.logs).toHaveLength(12);
  await here.members.forget(spec.member);
  expect(existsSync(here.dir(spec.member))).toBe(false);
});

test('a script that brings the machine down itself is told when the announcement is on disk', async () => {
  const { lab, down, told } = await machine();
  const spec = untilReboot(1);
  await begin(lab, spec);
  expect(await reboot(lab, spec, { byScript: true, timeout: 60 })).toEqual({ id: 'request-0', result: {} });
  expect(existsSync(join(lab.dir(spec.member), 'reboot.0'))).toBe(true);
  expect(told).toEqual([[spec.member, 0, { timeout: 60, byScript: true }]]);
  const next = await crash(lab, 'boot-1');
  expect(await next.ended(spec.member)).toMatchObject({ exit: { how: 'exited', code: 0 } });
  expect(existsSync(down)).toBe(false);
});

test('what a script exits with after the announcement means nothing', async () => {
  const { lab } = await machine();
  const spec = inline(
    `echo "$TUTTI_REBOOT_COUNT $TUTTI_SOCKET"; [ "$TUTTI_REBOOT_COUNT" = 0 ] || exit 7
     until [ -e go ]; do sleep 0.02; done; exit 3`,
  );
  await begin(lab, spec);
  await reboot(lab, spec, { byScript: true });
  writeFileSync(join(lab.dir(spec.member), 'work/go'), '');
  await until('it waits for the reboot', () => lab.members.debugState().members[spec.member] === 'rebooting');
  expect(lab.text(spec.member, 'status.0')).toMatch(/^3 /);
  const next = await crash(lab, 'boot-1');
  expect(await next.ended(spec.member)).toMatchObject({ exit: { how: 'exited', code: 7 } });
});

test('a reboot command that fails ends the member, and its last words are quoted', async () => {
  const { lab } = await machine({}, 'echo no such unit >&2; exit 5');
  const spec = untilReboot(1);
  await begin(lab, spec);
  await reboot(lab, spec);
  expect((await lab.ended(spec.member)).exit).toEqual({
    how: 'not-rebooted',
    message:
      'the reboot command "echo no such unit >&2; exit 5" exited with status 5 (last line: "no such unit")',
  });
  expect(lab.members.presence()[0]).toMatchObject({ state: 'ended', incarnation: 0 });
  expect(lab.members.presence()[0]?.rebooting).toBeUndefined();
});

test.each([
  [{}, 'its machine is still up 0.3 s after its reboot began'],
  [{ byScript: true }, 'its machine is still up 0.3 s after the script announced that it would reboot it'],
])('a machine that stays up ends the member: %o', async (args, message) => {
  const { lab } = await machine();
  const spec = inline('echo "0 $TUTTI_SOCKET"; until [ -e go ]; do sleep 0.02; done');
  await begin(lab, spec);
  await reboot(lab, spec, { ...args, timeout: 0.3 });
  writeFileSync(join(lab.dir(spec.member), 'work/go'), '');
  expect((await lab.ended(spec.member)).exit).toEqual({ how: 'not-rebooted', message });
});

test('a script that had ended by itself before an unannounced reboot has ended as it did', async () => {
  const { lab } = await machine();
  const spec = untilReboot(1);
  await begin(lab, spec);
  await killAllWith(lab.base);
  const dir = lab.dir(spec.member);
  await lab.ended(spec.member);
  rmSync(join(dir, 'end.json'));
  writeFileSync(join(dir, 'status.0'), '7 1.00\n');
  const exited = await lab.successor({ bootId: 'boot-1' });
  expect((await exited.ended(spec.member)).exit).toEqual({ how: 'exited', code: 7 });
  // Whoever is shut down in good order is sent a signal.
  rmSync(join(dir, 'end.json'));
  writeFileSync(join(dir, 'status.0'), '143 1.00\n');
  const signalled = await exited.successor({ bootId: 'boot-2' });
  expect((await signalled.ended(spec.member)).exit).toEqual({ how: 'rebooted' });
});

test('a member that is stopped on its way down is not run again', async () => {
  const { lab, down } = await machine();
  const spec = untilReboot(1);
  await begin(lab, spec);
  await reboot(lab, spec);
  await until('the command runs', () => existsSync(down));
  lab.members.stop(spec.member, 'test-over');
  const end = await lab.ended(spec.member);
  expect(end).toMatchObject({ stopped: 'test-over', exit: { how: 'not-rebooted' } });
  // The machine may have been quicker than the record of the end.
  rmSync(join(lab.dir(spec.member), 'end.json'));
  const next = await crash(lab, 'boot-1');
  expect(await next.ended(spec.member)).toMatchObject({ stopped: 'test-over' });
  expect(existsSync(join(lab.dir(spec.member), 'stdout.1'))).toBe(false);
});

test('an agent without a reboot command says so, and the script goes on', async () => {
  const lab = await makeLab();
  const spec = untilReboot(1);
  await begin(lab, spec);
  expect(await reboot(lab, spec)).toEqual({
    id: 'request-0',
    error: {
      code: 'CANNOT_REBOOT',
      message: 'server.0 cannot reboot its machine: this agent has no reboot command',
    },
  });
  expect(lab.members.presence()[0]).toMatchObject({ state: 'running' });
  expect(lab.members.presence()[0]?.rebooting).toBeUndefined();
});

test('a machine that another member runs on is not rebooted', async () => {
  const { lab } = await machine();
  const [spec, other] = [untilReboot(1), inline('echo up; sleep 1000', { name: 'client.1', test: 'b' })];
  await begin(lab, other);
  await begin(lab, spec);
  expect(await reboot(lab, spec)).toMatchObject({
    error: {
      code: 'CANNOT_REBOOT',
      message: 'server.0 cannot reboot its machine: client.1 of test "b" in run 7 runs on it too',
    },
  });
});

test('the next agent of the same boot goes on with a reboot that was announced', async () => {
  const { lab, down } = await machine();
  const spec = untilReboot(1);
  await begin(lab, spec);
  await reboot(lab, spec, { byScript: true });
  const mark = JSON.parse(lab.text(spec.member, 'reboot.0')) as object;
  // As if the first had been killed right after it had announced to do it itself.
  writeFileSync(join(lab.dir(spec.member), 'reboot.0'), JSON.stringify({ ...mark, byScript: false }));
  const next = await lab.successor();
  await until('the command runs', () => existsSync(down));
  expect(next.members.presence()[0]).toMatchObject({ incarnation: 0, rebooting: { byScript: false } });
});

test('an incarnation that a crash left half made is made anew, and one whose start was not carried out starts', async () => {
  const { lab } = await machine();
  const spec = untilReboot(1);
  await begin(lab, spec);
  await reboot(lab, spec);
  writeFileSync(join(lab.dir(spec.member), 'alive.1'), '');
  const started = JSON.parse(lab.text(spec.member, 'started.0')) as object;
  await killAllWith(lab.base);
  const record = { ...started, boot: 'boot-1', at: 1 };
  writeFileSync(join(lab.dir(spec.member), 'started.1'), JSON.stringify(record));
  rmSync(join(lab.dir(spec.member), 'alive.1'));
  // The FIFOs are made before a start is decided.
  const { makeFifos } = await import('../../src/system/fifo.ts');
  await makeFifos([join(lab.dir(spec.member), 'alive.1'), join(lab.dir(spec.member), 'drained.1')]);
  const next = await lab.successor({ bootId: 'boot-1' });
  expect(await next.ended(spec.member)).toMatchObject({ exit: { how: 'exited', code: 0 } });
});

test('another member can have the machine rebooted, once for each incarnation', async () => {
  const { lab, down } = await machine();
  const spec = untilReboot(1);
  await begin(lab, spec);
  await lab.members.reboot(spec.member, 1, 60);
  expect(existsSync(down)).toBe(false);
  await lab.members.reboot(spec.member, 0, 60);
  await lab.members.reboot(spec.member, 0, 60);
  await until('the command runs', () => existsSync(down));
  expect(lab.members.presence()[0]?.rebooting).toEqual({ timeout: 60, byScript: false });
  const next = await crash(lab, 'boot-1');
  await next.members.reboot(spec.member, 0, 60);
  expect(await next.ended(spec.member)).toMatchObject({ exit: { how: 'exited', code: 0 } });
  expect(readFileSync(down, 'utf8')).toBe('down\n');
  await expect(next.members.reboot('0'.repeat(32), 0, 60)).rejects.toMatchObject({ code: 'NO_SUCH_MEMBER' });
});
