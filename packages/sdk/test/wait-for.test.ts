import { channel } from 'node:diagnostics_channel';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { runCommand } from '../src/shell/command.ts';
import { waitForFile } from '../src/shell/wait-for-file.ts';
import { parseEndpoint, waitForTcp } from '../src/shell/wait-for-tcp.ts';

describe('wait-for tcp', () => {
  const servers: Server[] = [];

  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  async function listen(host: string, port = 0): Promise<number> {
    const server = createServer((socket) => socket.on('error', () => {}).destroy());
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(port, host, resolve));
    return (server.address() as AddressInfo).port;
  }

  async function freePort(host: string): Promise<number> {
    const port = await listen(host);
    await new Promise((resolve) => servers.pop()?.close(resolve));
    return port;
  }

  test('a port that accepts is enough', async () => {
    const port = await listen('127.0.0.1');
    expect(await runCommand(['wait-for', 'tcp', `127.0.0.1:${port}`])).toEqual({});
  });

  test('a port that refuses is tried until it accepts', async () => {
    const port = await freePort('127.0.0.1');
    let tries = 0;
    const count = (): void => {
      tries += 1;
    };
    channel('net.client.socket').subscribe(count);
    const waiting = waitForTcp({ host: '127.0.0.1', port }, 30);
    await vi.waitUntil(() => tries >= 3, { timeout: 9000 });
    channel('net.client.socket').unsubscribe(count);
    await listen('127.0.0.1', port);
    await expect(waiting).resolves.toBeUndefined();
  });

  const hasIpv6 = Object.values(networkInterfaces()).some((all) =>
    all?.some(({ address }) => address === '::1'),
  );

  test.skipIf(!hasIpv6)('localhost is all of its addresses (needs IPv6)', async () => {
    const port = await listen('::1');
    await expect(waitForTcp({ host: 'localhost', port }, 30)).resolves.toBeUndefined();
    await expect(waitForTcp(parseEndpoint(`[::1]:${port}`), 30)).resolves.toBeUndefined();
  });

  test('when the time is over the exit status is 124 and the message says what the last attempt met', async () => {
    const port = await freePort('127.0.0.1');
    const { status, stderr } = await runCommand([
      'wait-for',
      'tcp',
      `localhost:${port}`,
      '--timeout',
      '50ms',
    ]);
    expect(status).toBe(124);
    expect(stderr).toMatch(/^tutti: TIMED_OUT: .*ECONNREFUSED/);
  });

  test('a name that is not known (yet) is a reason to wait, not an error of its own', async () => {
    const { status, stderr } = await runCommand([
      'wait-for',
      'tcp',
      'no-such-host.invalid:80',
      '--timeout',
      '1ms',
    ]);
    expect(status).toBe(124);
    expect(stderr).toMatch(/^tutti: TIMED_OUT: /);
  });
});

describe('wait-for file', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tutti-wait-'));
    // Without its net: what is proved here is that the file system tells.
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  });
  afterEach(() => {
    vi.useRealTimers();
    rmSync(folder, { recursive: true, force: true });
  });

  test('a file that exists is enough', async () => {
    writeFileSync(join(folder, 'pid'), '');
    expect(await runCommand(['wait-for', 'file', join(folder, 'pid')])).toEqual({});
  });

  test('a file that appears is told', async () => {
    const waiting = waitForFile(join(folder, 'pid'), 30);
    writeFileSync(join(folder, 'other'), '');
    writeFileSync(join(folder, 'pid'), '');
    await expect(waiting).resolves.toBeUndefined();
  });

  test('a file that is renamed into place is told', async () => {
    writeFileSync(join(folder, 'pid.tmp'), '1');
    const waiting = waitForFile(join(folder, 'pid'), 30);
    renameSync(join(folder, 'pid.tmp'), join(folder, 'pid'));
    await expect(waiting).resolves.toBeUndefined();
  });

  test('folders that are not there yet may come one by one', async () => {
    const waiting = waitForFile(join(folder, 'a/b/c/pid'), 30);
    for (const path of ['a', 'a/b', 'a/b/c']) {
      mkdirSync(join(folder, path));
      await new Promise((resolve) => setImmediate(resolve));
    }
    writeFileSync(join(folder, 'a/b/c/pid'), '');
    await expect(waiting).resolves.toBeUndefined();
  });

  test('folders that come all at once, with the file, are enough', async () => {
    const waiting = waitForFile(join(folder, 'a/b/pid'), 30);
    mkdirSync(join(folder, 'new/b'), { recursive: true });
    writeFileSync(join(folder, 'new/b/pid'), '');
    renameSync(join(folder, 'new'), join(folder, 'a'));
    await expect(waiting).resolves.toBeUndefined();
  });

  test('a folder that is removed and made again is survived', async () => {
    mkdirSync(join(folder, 'run'));
    const waiting = waitForFile(join(folder, 'run/pid'), 30);
    rmSync(join(folder, 'run'), { recursive: true });
    mkdirSync(join(folder, 'run')); // under the old name, but the old watch sees nothing of it
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
    writeFileSync(join(folder, 'run/pid'), '');
    await expect(waiting).resolves.toBeUndefined();
  });

  test('what no watch can tell, the net finds', async () => {
    symlinkSync(join(folder, 'elsewhere'), join(folder, 'link'));
    mkdirSync(join(folder, 'far'));
    symlinkSync(join(folder, 'far/target'), join(folder, 'pid'));
    const waiting = waitForFile(join(folder, 'pid'), 30);
    writeFileSync(join(folder, 'far/target'), '');
    expect(existsSync(join(folder, 'pid'))).toBe(true);
    vi.advanceTimersByTime(1000);
    await expect(waiting).resolves.toBeUndefined();
  });

  test('when the time is over the exit status is 124', async () => {
    const { status, stderr } = await runCommand([
      'wait-for',
      'file',
      join(folder, 'pid'),
      '--timeout',
      '1ms',
    ]);
    expect(status).toBe(124);
    expect(stderr).toMatch(/^tutti: TIMED_OUT: wait-for file /);
  });
});
