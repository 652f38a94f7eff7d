/** Waiting for a unit: a bus of its own tells that something has changed, and a command what it is then. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { methodCall } from '../../src/waits/bus-signals.ts';
import { type Systemd, untilActive } from '../../src/waits/unit.ts';
import { until } from '../members/lab.ts';

const never = new AbortController().signal;

interface Machine {
  dir: string;
  systemd: Systemd;
  /** What systemctl says from now on. */
  say: (text: string) => void;
  asked: () => number;
}

function machine(): Machine {
  const dir = mkdtempSync(join(tmpdir(), 'tutti-unit-'));
  // A look that nobody waits for any more may still write that it has looked.
  onTestFinished(() => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }));
  mkdirSync(join(dir, 'systemd'));
  const state = join(dir, 'state');
  const systemctl = join(dir, 'systemctl');
  const count = join(dir, 'count');
  writeFileSync(systemctl, `#!/bin/sh\ncat '${state}'\necho "$*" >>'${count}'\n`, { mode: 0o755 });
  writeFileSync(count, '');
  writeFileSync(state, 'ActiveState=inactive\nResult=success\n');
  return {
    dir,
    systemd: { sign: join(dir, 'systemd'), bus: join(dir, 'bus'), systemctl },
    say: (text) => writeFileSync(state, text),
    asked: () => readFileSync(count, 'utf8').split('\n').length - 1,
  };
}

/** A bus as the system's, for this user; undefined where the machine has none. */
async function bus({ dir, systemd }: Machine): Promise<ChildProcess | undefined> {
  const config = join(dir, 'bus.conf');
  writeFileSync(
    config,
    `<busconfig><type>session</type><listen>unix:path=${systemd.bus}</listen>
     <policy context="default"><allow send_destination="*"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>`,
  );
  const daemon = spawn('dbus-daemon', ['--config-file', config, '--nofork', '--print-address'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  onTestFinished(() => void daemon.kill('SIGKILL'));
  try {
    await once(daemon, 'spawn');
  } catch {
    return undefined;
  }
  await once(createInterface({ input: daemon.stdout }), 'line');
  return daemon;
}

test('a unit that is active is found at once; one that has failed ends the wait', async () => {
  const here = machine();
  here.say('ActiveState=active\nResult=success\n');
  await untilActive('sshd', 'n1', never, here.systemd);
  expect(readFileSync(join(here.dir, 'count'), 'utf8')).toBe('show --property=ActiveState,Result -- sshd\n');
  here.say('ActiveState=failed\nResult=exit-code\n');
  await expect(untilActive('sshd', 'n1', never, here.systemd)).rejects.toMatchObject({
    code: 'WAIT_BROKEN',
    message: 'unit sshd on n1 has failed (exit-code)',
  });
});

test('a machine without systemd, and names that are none, are refused', async () => {
  const here = machine();
  const without = { ...here.systemd, sign: join(here.dir, 'nothing') };
  await expect(untilActive('sshd', 'n1', never, without)).rejects.toMatchObject({
    code: 'NO_SYSTEMD',
    message: 'n1 is not run by systemd, so it has no unit sshd',
  });
  for (const unit of ['*', '--all', 'a b', 'x;y'])
    await expect(untilActive(unit, 'n1', never, here.systemd)).rejects.toMatchObject({ code: 'BAD_PARAMS' });
  expect(here.asked()).toBe(0);
});

test('without a bus it is looked for, and ends when nobody wants it', async () => {
  const here = machine();
  const waiting = untilActive('sshd', 'n1', never, here.systemd);
  await until('it has been asked', () => here.asked() > 0);
  here.say('ActiveState=active\n');
  await waiting;
  here.say('ActiveState=activating\n');
  const stop = new AbortController();
  const given = untilActive('sshd', 'n1', stop.signal, here.systemd);
  stop.abort(new Error('gone'));
  await expect(given).rejects.toThrow('gone');
});

/** A bus that says nothing until it is told to. */
async function quietBus({ systemd }: Machine): Promise<{ heard: () => string; signal: () => void }> {
  let heard = '';
  const callers: Socket[] = [];
  const server = createServer((socket) => {
    callers.push(socket);
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      if (heard === '') socket.write('OK 1234deadbeef\r\n');
      heard += bytes.toString('latin1');
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(systemd.bus, resolve);
  });
  onTestFinished(() => void server.close());
  return { heard: () => heard, signal: () => callers.forEach((caller) => void caller.write('anything')) };
}

test('a change is looked at when the bus tells of it, and not before', async () => {
  const here = machine();
  const { heard, signal } = await quietBus(here);
  const waiting = untilActive('sshd', 'n1', never, here.systemd);
  // Before it listened, and then.
  await until('it has looked twice', () => here.asked() === 2);
  await until('it has subscribed', () => heard().includes('Subscribe'));
  expect(heard()).toMatch(/^\0AUTH EXTERNAL (3\d)+\r\nBEGIN\r\n/);
  const began = performance.now();
  here.say('ActiveState=active\n');
  signal();
  await waiting;
  expect(performance.now() - began).toBeLessThan(4000);
  expect(here.asked()).toBe(3);
});

test('the bus takes what is sent to it, and its signals are wakes', async ({ skip }) => {
  const here = machine();
  if ((await bus(here)) === undefined) return skip();
  const began = performance.now();
  const waiting = untilActive('sshd', 'n1', never, here.systemd);
  await until('it listens', () => matchRules(here).includes('org.freedesktop.systemd1.Unit'));
  here.say('ActiveState=active\n');
  send(here);
  await waiting;
  // The net would have been later.
  expect(performance.now() - began).toBeLessThan(4500);
});

test('a method call has the bytes that the specification asks for', () => {
  const bytes = methodCall(
    {
      path: '/org/freedesktop/DBus',
      interface: 'org.freedesktop.DBus',
      member: 'AddMatch',
      destination: 'org.freedesktop.DBus',
      argument: 'ab',
    },
    7,
  );
  expect(bytes.subarray(0, 4)).toEqual(Buffer.from([0x6c, 1, 1, 1]));
  expect(bytes.readUInt32LE(4)).toBe('ab'.length + 5);
  expect(bytes.readUInt32LE(8)).toBe(7);
  const fields = bytes.readUInt32LE(12);
  const body = bytes.subarray(Math.ceil((16 + fields) / 8) * 8);
  expect(body).toEqual(Buffer.from([2, 0, 0, 0, 0x61, 0x62, 0]));
});

/** The rules of everybody on the bus. */
function matchRules({ systemd }: Machine): string {
  try {
    return execFileSync(
      'busctl',
      [
        `--address=unix:path=${systemd.bus}`,
        'call',
        'org.freedesktop.DBus',
        '/org/freedesktop/DBus',
        'org.freedesktop.DBus.Debug.Stats',
        'GetAllMatchRules',
      ],
      { stdio: ['ignore', 'pipe', 'ignore'] },
    ).toString();
  } catch {
    return '';
  }
}

function send({ systemd }: Machine): void {
  execFileSync('busctl', [
    `--address=unix:path=${systemd.bus}`,
    'emit',
    '/org/freedesktop/systemd1/unit/sshd_2eservice',
    'org.freedesktop.DBus.Properties',
    'PropertiesChanged',
    'sa{sv}as',
    'org.freedesktop.systemd1.Unit',
    '0',
    '0',
  ]);
}
