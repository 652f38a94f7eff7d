/** What operators do on machines outside of tests, on a fake machine. */
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BlobCache, putJson } from '@tutti/link';
import type { NodeArgs, NodeVerb } from '@tutti/protocol';
import { eventually, rejection, settled } from '@tutti/testkit';
import { describe, expect, test } from 'vitest';
import { Console } from '../../src/commands/console.ts';
import { type AgentOptions, type FakeAgent, id, Lab, MASTER, quiet } from '../lab.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

let requests = 0;

async function aConsole(options: AgentOptions = {}) {
  const lab = new Lab();
  const dir = await temporaryDirectory();
  const directory = join(dir, 'console');
  await mkdir(join(directory, 'left by an earlier master'), { recursive: true });
  const blobs = await BlobCache.open(join(dir, 'blobs'));
  const operators = await Console.open({
    ...{ master: MASTER, directory, clock: lab.masterClock, live: lab.live, blobs, log: quiet },
    room: () => undefined,
  });
  const never = () => new Promise<never>(() => {});
  const handlers = {
    'command.start': () => ({}),
    'command.kill': () => ({}),
    'machine.wait': never,
    ...options.handlers,
  };
  const agent = await lab.connect({ name: 'n1', ...options, handlers });
  const ask = <V extends NodeVerb>(
    verb: V,
    args: NodeArgs<V>,
    more: { request?: string; client?: string; signal?: AbortSignal } = {},
  ) => {
    const signal = new AbortController().signal;
    return operators.do(verb, {
      node: lab.node('n1'),
      request: `request-${++requests}`,
      args,
      signal,
      ...more,
    });
  };
  const end = async (command: string, stdout: string, on: FakeAgent = agent) => {
    await mkdir(join(directory, command), { recursive: true });
    await writeFile(join(directory, command, 'stdout.log'), stdout);
    await on.ended(command);
    await on.collected(command);
    await settled();
  };
  return { lab, directory, blobs, operators, agent, ask, end };
}

describe('an operator', () => {
  test('starts a command on a machine once for each request, and is told its end', async () => {
    const { directory, agent, ask, end } = await aConsole();
    expect(existsSync(join(directory, 'left by an earlier master'))).toBe(false);
    const { command, number } = await ask('start', { command: 'uptime' }, { request: 'the-request' });
    expect(number).toBe(1);
    expect(await ask('start', { command: 'uptime' }, { request: 'the-request' })).toEqual({
      command,
      number,
    });
    const ended = ask('ended', { command });
    await end(command, 'up 3 days\n');
    const { exit, stdout } = await ended;
    expect([exit, Buffer.from(stdout.tail, 'base64').toString()]).toEqual([
      { how: 'exited', code: 0 },
      'up 3 days\n',
    ]);
    expect(agent.asked).toEqual([`command.start ${command.slice(0, 4)}`]);
    expect(await rejection(ask('ended', { command: id('0') }))).toMatchObject({ code: 'NO_SUCH_COMMAND' });
  });

  test('stops and signals it', async () => {
    const { agent, ask } = await aConsole();
    const { command } = await ask('start', { command: 'sleep 1000' });
    await ask('kill', { command });
    await ask('stop', { command });
    const short = command.slice(0, 4);
    expect(agent.asked.slice(1)).toEqual([`command.kill ${short}`, `member.stop ${short} cancelled`]);
  });

  test('that goes for good has its commands ended, and nothing of them is kept', async () => {
    const { lab, directory, operators, agent, ask, end } = await aConsole();
    const leave = operators.presence.come('a-client');
    const [mine, others] = await Promise.all([
      ask('start', { command: 'one' }, { client: 'a-client' }),
      ask('start', { command: 'two' }),
    ]);
    await end(mine.command, 'text');
    leave();
    await lab.clock.pass(29_000);
    const leaveAgain = operators.presence.come('a-client');
    await lab.clock.pass(60_000);
    expect(operators.debugState()).toEqual({ commands: 2, clients: 1 });
    leaveAgain();
    await lab.clock.pass(30_000);
    expect(agent.asked.filter((line) => line.startsWith('member.forget'))).toEqual([
      `member.forget ${mine.command.slice(0, 4)}`,
    ]);
    await eventually(() => !existsSync(join(directory, mine.command)));
    expect(await rejection(ask('ended', { command: mine.command }))).toMatchObject({
      code: 'NO_SUCH_COMMAND',
    });
    expect(operators.debugState()).toEqual({ commands: 1, clients: 0 });
    await end(others.command, '');
    await operators.close();
    expect(existsSync(directory)).toBe(false);
  });

  test('is told when the machine is away, and when it stays away', async () => {
    const { lab, agent, ask } = await aConsole();
    const { command } = await ask('start', { command: 'sleep 1000' });
    const ended = rejection(ask('ended', { command }));
    const waiting = rejection(ask('wait', { for: { is: 'file', path: '/x' } }));
    await agent.cut();
    expect(await rejection(ask('start', { command: 'true' }))).toMatchObject({ code: 'NOT_CONNECTED' });
    expect(await ask('facts', {})).toMatchObject({ node: 'n1' });
    await lab.clock.pass(30_000);
    expect(await ended).toMatchObject({ code: 'NODE_LOST' });
    expect(await waiting).toMatchObject({
      message: expect.stringMatching(/away for more than 30 s/) as string,
    });
  });

  test('waits no longer than was said', async () => {
    const { lab, ask } = await aConsole();
    const waiting = rejection(ask('wait', { for: { is: 'file', path: '/x' }, timeout: 2 }));
    await settled();
    await lab.clock.pass(2000);
    expect(await waiting).toMatchObject({ code: 'TIMED_OUT', message: 'n1: there was no /x within 2 s' });
  });

  test('reboots a machine, and is answered when another boot id proves it; not one that a run has', async () => {
    const { lab, agent, ask } = await aConsole({ handlers: { 'machine.reboot': () => ({}) } });
    const answer = ask('reboot', { timeout: 60 });
    await settled();
    await agent.cut();
    await lab.clock.pass(20_000);
    // Its connection comes back, but it has not gone down yet.
    const same = await lab.connect({ name: 'n1', handlers: { 'machine.reboot': () => ({}) } });
    await same.cut();
    await lab.connect({ name: 'n1', boot: 'boot-2' });
    expect(await answer).toMatchObject({ boot: 'boot-2', away: 20 });
    lab.node('n1').holder = 7;
    expect(await rejection(ask('reboot', {}))).toMatchObject({
      code: 'NODE_HELD',
      message: 'n1 is not rebooted: run 7 has it',
    });
    expect(lab.clock.timers).toBe(0);
  });

  test('is told when a machine does not come back, or cannot be rebooted', async () => {
    const { lab, ask } = await aConsole({ handlers: { 'machine.reboot': () => ({}) } });
    const answer = rejection(ask('reboot', { timeout: 5 }));
    await settled();
    await lab.clock.pass(5000);
    expect(await answer).toMatchObject({
      code: 'TIMED_OUT',
      message: 'n1 did not come back from its reboot within 5 s',
    });
    const refused = await aConsole({
      handlers: {
        'machine.reboot': () => {
          throw new Error('no command for that');
        },
      },
    });
    expect(await rejection(refused.ask('reboot', {}))).toMatchObject({
      message: expect.stringMatching(/no command for that/) as string,
    });
  });

  test('puts nothing that the master does not have', async () => {
    const { blobs, ask } = await aConsole({ handlers: { 'files.write': () => ({ files: 0, bytes: 0 }) } });
    const missing = { digest: 'a'.repeat(64), size: 3 };
    const put = (manifest: { digest: string; size: number }) =>
      ask('put', { kind: 'file', manifest, path: 'x' });
    expect(await rejection(put(missing))).toMatchObject({ code: 'BAD_PARAMS' });
    const manifest = await putJson(blobs, [{ kind: 'file', path: 'x', mode: 0o644, ...missing }]);
    expect(await rejection(put(manifest))).toMatchObject({
      message: expect.stringMatching(/does not have 1 of the contents/) as string,
    });
    expect(await put(await putJson(blobs, []))).toEqual({ files: 0, bytes: 0 });
  });
});
