/** Agents come and go; members do not notice, and nothing about them is lost. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { MemberSpec } from '@tutti/protocol';
import { expect, onTestFinished, test } from 'vitest';
import { ask } from './ask.ts';
import { inline, isRunning, killAllWith, type Lab, makeLab, openLab, until } from './lab.ts';

/** A member started by an agent that is a process of its own. */
async function startElsewhere(lab: Lab, spec: MemberSpec): Promise<ChildProcess> {
  const file = join(lab.base, `${spec.member}.json`);
  writeFileSync(file, JSON.stringify(spec));
  const agent = spawn(
    process.execPath,
    [join(import.meta.dirname, 'agent-process.ts'), lab.base, lab.agent, file],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  onTestFinished(() => void agent.kill('SIGKILL'));
  const [line] = (await once(createInterface({ input: agent.stdout }), 'line')) as [string];
  expect(line).toBe('started');
  return agent;
}

async function kill(agent: ChildProcess): Promise<void> {
  agent.kill('SIGKILL');
  await once(agent, 'exit');
}

test('a script outlives its killed agent, and the next one learns how it ends', async () => {
  const lab = await makeLab();
  const spec = inline('echo before; until [ -e go ]; do sleep 0.02; done; echo after; echo last >&2; exit 7');
  const agent = await startElsewhere(lab, spec);
  await until('the script runs', () => lab.text(spec.member, 'stdout.0') === 'before\n');
  await kill(agent);
  const next = await openLab(lab.base, lab.agent);
  expect(next.members.presence()).toEqual([
    { member: spec.member, master: spec.master, state: 'running', incarnation: 0 },
  ]);
  writeFileSync(join(lab.dir(spec.member), 'work/go'), '');
  const end = await next.ended(spec.member);
  expect(end).toMatchObject({ exit: { how: 'exited', code: 7 }, lastLine: 'last', survivors: 0 });
  expect(next.text(spec.member, 'stdout.0')).toBe('before\nafter\n');
  expect(end.logs.map(({ length }) => length)).toEqual([13, 5, 0]);
});

test('a script that ends while no agent runs has ended as it did, daemons too', async () => {
  const lab = await makeLab();
  const spec = inline('echo up; until [ -e go ]; do sleep 0.02; done; sleep 1000 & echo $!; exit 3');
  const agent = await startElsewhere(lab, spec);
  await until('the script runs', () => lab.text(spec.member, 'stdout.0') === 'up\n');
  await kill(agent);
  writeFileSync(join(lab.dir(spec.member), 'work/go'), '');
  await until('it ends', () => existsSync(join(lab.dir(spec.member), 'status.0')));
  const daemon = Number(lab.text(spec.member, 'stdout.0').split('\n')[1]);
  expect(isRunning(daemon)).toBe(true);
  const next = await openLab(lab.base, lab.agent);
  const end = await next.ended(spec.member);
  expect(end).toMatchObject({ exit: { how: 'exited', code: 3 }, survivors: 0 });
  expect(isRunning(daemon)).toBe(false);
});

test('what has ended is said the same way by the next agent, and not reported twice', async () => {
  const lab = await makeLab();
  const spec = inline('echo x; exit 1');
  const end = await lab.run(spec);
  const next = await lab.successor();
  expect(next.members.presence()[0]?.state).toBe('ended');
  expect(next.members.end(spec.member)).toEqual(end);
  expect(next.reported).toEqual([]);
});

test('a member that was prepared and not started is prepared, and starts', async () => {
  const lab = await makeLab();
  const spec = inline('echo late');
  await lab.members.prepare(spec);
  const next = await lab.successor();
  expect(next.members.presence()[0]?.state).toBe('prepared');
  await next.members.prepare(spec);
  await next.members.start(spec.member);
  await next.ended(spec.member);
  expect(next.text(spec.member, 'stdout.0')).toBe('late\n');
});

test('a member that was prepared before its machine went down is none: its files may be torn', async () => {
  const lab = await makeLab();
  const [spec, damaged] = [inline('echo late'), inline('echo late')];
  await lab.members.prepare(spec);
  const next = await lab.successor({ bootId: 'the next boot' });
  expect(next.members.presence()).toEqual([]);
  expect(existsSync(lab.dir(spec.member))).toBe(false);
  // The master may have it made anew.
  await next.members.prepare(damaged);
  writeFileSync(join(lab.dir(damaged.member), 'made'), 'the ne');
  const last = await next.successor({ bootId: 'the next boot' });
  expect(last.members.presence()).toEqual([]);
});

test('a start that was decided and not carried out is carried out when asked again', async () => {
  const lab = await makeLab();
  const spec = inline('echo late');
  await lab.members.prepare(spec);
  const { labOptions } = await import('./lab-options.ts');
  const record = {
    at: 1,
    boot: labOptions(lab.base, lab.agent).bootId,
    socket: join(lab.base, 'run', 'x.sock'),
  };
  writeFileSync(join(lab.dir(spec.member), 'started.0'), JSON.stringify(record));
  const next = await lab.successor();
  expect(next.members.presence()[0]?.state).toBe('prepared');
  expect((await next.run(spec)).exit).toEqual({ how: 'exited', code: 0 });
});

test('half-made and half-removed directories go, others stay', async () => {
  const lab = await makeLab();
  const names = [`${'a'.repeat(32)}.tmp`, `${'b'.repeat(32)}.gone`, 'mine'];
  for (const name of names) mkdirSync(join(lab.stateDir, 'members', name, 'work'), { recursive: true });
  await lab.successor();
  expect(names.map((name) => existsSync(join(lab.stateDir, 'members', name)))).toEqual([false, false, true]);
});

test('a directory whose spec cannot be read is removed, and kept under another name if it was started', async () => {
  const lab = await makeLab();
  const [made, started] = [inline('echo'), inline('echo last words')];
  await lab.members.prepare(made);
  await lab.run(started);
  for (const { member } of [made, started]) writeFileSync(join(lab.dir(member), 'spec.json'), '{"member":');
  const next = await (await lab.successor()).successor();
  expect(next.members.presence()).toEqual([]);
  expect(existsSync(lab.dir(made.member))).toBe(false);
  expect(existsSync(lab.dir(started.member))).toBe(false);
  expect(next.text(`${started.member}.damaged`, 'stdout.0')).toBe('last words\n');
});

test('after a reboot that nobody announced, a member that ran has ended because of it', async () => {
  const lab = await makeLab();
  const spec = inline('sleep 1000');
  const agent = await startElsewhere(lab, spec);
  await kill(agent);
  await killAllWith(spec.member);
  const next = await openLab(lab.base, lab.agent, { bootId: '00000000-0000-0000-0000-000000000000' });
  expect(await next.ended(spec.member)).toMatchObject({ exit: { how: 'rebooted' }, duration: 0 });
});

test('a torn status is none', async () => {
  const lab = await makeLab();
  const spec = inline('echo up; sleep 1000');
  const agent = await startElsewhere(lab, spec);
  await until('the script runs', () => lab.text(spec.member, 'stdout.0') === 'up\n');
  await kill(agent);
  await killAllWith(spec.member);
  writeFileSync(join(lab.dir(spec.member), 'status.0'), '0 12');
  const next = await openLab(lab.base, lab.agent);
  expect((await next.ended(spec.member)).exit).toEqual({ how: 'killed' });
});

test('a stop goes on where the killed agent left it, with its reason', async () => {
  const lab = await makeLab();
  const spec = inline('trap "" TERM; echo up; while :; do sleep 1000; done');
  const agent = await startElsewhere(lab, spec);
  await until('the script runs', () => lab.text(spec.member, 'stdout.0') === 'up\n');
  await kill(agent);
  writeFileSync(join(lab.dir(spec.member), 'stop.0'), 'test-over');
  const next = await openLab(lab.base, lab.agent);
  next.members.stop(spec.member, 'cancelled');
  expect(await next.ended(spec.member)).toMatchObject({
    stopped: 'test-over',
    exit: { how: 'signalled', signal: 'SIGKILL' },
  });
});

test('the timeout counts from the start, whoever watches', async () => {
  const lab = await makeLab();
  const spec = inline('echo up; sleep 1000', { timeout: 1 });
  const agent = await startElsewhere(lab, spec);
  await until('the script runs', () => lab.text(spec.member, 'stdout.0') === 'up\n');
  await kill(agent);
  const record = JSON.parse(lab.text(spec.member, 'started.0')) as { at: number };
  writeFileSync(
    join(lab.dir(spec.member), 'started.0'),
    JSON.stringify({ ...record, at: record.at - 100_000 }),
  );
  const next = await openLab(lab.base, lab.agent);
  expect(await next.ended(spec.member)).toMatchObject({ stopped: 'timeout' });
});

test('the local socket is back at its path, and results are kept and not doubled', async () => {
  const lab = await makeLab();
  const spec = inline('echo $TUTTI_SOCKET; sleep 1000');
  const agent = await startElsewhere(lab, spec);
  await until('the script runs', () => lab.text(spec.member, 'stdout.0') !== '');
  const path = lab.text(spec.member, 'stdout.0').trim();
  const request = { id: 'request-1', call: 'result', args: { name: 'tcp', status: 'pass', measure: 941 } };
  expect(await ask(path, request)).toEqual({ id: 'request-1', result: {} });
  await kill(agent);
  await expect(ask(path, request)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  const next = await openLab(lab.base, lab.agent);
  expect(await ask(path, request)).toEqual({ id: 'request-1', result: {} });
  expect(await ask(path, { ...request, id: 'request-2' })).toEqual({ id: 'request-2', result: {} });
  next.members.stop(spec.member, 'test-over');
  await next.ended(spec.member);
  const events = lab
    .text(spec.member, 'events.0')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { request: string });
  expect(events.map((event) => event.request)).toEqual(['request-1', 'request-2']);
  expect(existsSync(path)).toBe(false);
});

test('an agent that closes and leaves members alone leaves them alone', async () => {
  const lab = await makeLab();
  const spec = inline('echo up; until [ -e go ]; do sleep 0.02; done; exit 4');
  await lab.members.prepare(spec);
  await lab.members.start(spec.member);
  const next = await lab.successor();
  writeFileSync(join(lab.dir(spec.member), 'work/go'), '');
  expect((await next.ended(spec.member)).exit).toEqual({ how: 'exited', code: 4 });
  expect(lab.reported).toEqual([]);
  expect(readFileSync(join(lab.dir(spec.member), 'stdout.0'), 'utf8')).toBe('up\n');
});
