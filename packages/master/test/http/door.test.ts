import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, stat, writeFile } from 'node:fs/promises';
import { createServer, Server } from 'node:http';
import { type AddressInfo, connect, createServer as createSocketServer } from 'node:net';
import { join } from 'node:path';
import { type ListenAddress, Session, type Transport } from '@tutti/link';
import { PROTOCOL, TuttiError } from '@tutti/protocol';
import {
  eventually,
  FakeClock,
  knock,
  refuseStreams,
  rejection,
  stubEvents,
  stubHandlers,
} from '@tutti/testkit';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { Door } from '../../src/http/door.ts';
import { MASTER } from '../lab.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

const TOKEN = 'open-sesame';
const LOOPBACK: ListenAddress = { host: '127.0.0.1', port: 0 };
const EMPTY = { sessions: 0, watched: 0 };

/** A door behind which clients are served: they are let in when they say hello. */
function aDoor(address: ListenAddress = LOOPBACK, ready: () => Promise<void> = async () => {}) {
  const clock = new FakeClock();
  const served: Pick<Session, 'transport' | 'closed' | 'ping'>[] = [];
  const serve = (transport: Transport) => {
    const session = new Session({
      transport,
      sends: 'master→client',
      receives: 'client→master',
      handlers: stubHandlers('client→master', {
        'client.hello': () => ({ master: MASTER, software: '0.1.0' }),
      }),
      events: stubEvents('client→master'),
      accept: refuseStreams,
      clock,
      opening: 'client.hello',
    });
    served.push(session);
    return session;
  };
  const door = new Door({ address, token: TOKEN, clock, agent: serve, client: serve, ready });
  onTestFinished(() => door.close());
  return { clock, door, served };
}

const hello = { protocol: { ...PROTOCOL }, software: '0.1.0' };
const http = (url: string) => url.replace('ws:', 'http:');

describe('the door', () => {
  test('tells that it is healthy, and that there is nothing else for HTTP', async () => {
    const { door } = aDoor();
    const url = http(await door.open());
    for (const [path, status, text] of [
      ['/healthz', 200, 'ok\n'],
      ['/readyz', 200, 'ok\n'],
      ['/', 404, 'not found\n'],
      ['/agent', 404, 'not found\n'],
    ] as const) {
      const response = await fetch(url + path);
      expect([response.status, await response.text()]).toEqual([status, text]);
    }
  });

  test('tells why no new work is taken at present', async () => {
    const { door } = aDoor(LOOPBACK, () => Promise.reject(new TuttiError('DISK_FULL', 'no room')));
    const response = await fetch(`${http(await door.open())}/readyz`);
    expect([response.status, await response.text()]).toEqual([503, 'no room\n']);
  });

  /** The whole answer to an upgrade request. */
  async function upgrade(url: string, path: string, token?: string): Promise<string> {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    const headers = [
      `GET ${path} HTTP/1.1`,
      'host: localhost',
      'connection: upgrade',
      'upgrade: websocket',
      'sec-websocket-version: 13',
      'sec-websocket-key: MDEyMzQ1Njc4OWFiY2RlZg==',
      'sec-websocket-protocol: tutti.1',
      ...(token === undefined ? [] : [`authorization: Bearer ${token}`]),
    ];
    socket.write(`${headers.join('\r\n')}\r\n\r\n`);
    let answer = '';
    for await (const chunk of socket) answer += String(chunk);
    return answer;
  }

  test.for([
    ['a wrong one', 'guess', "the connection's token is not this master's"],
    ['none', undefined, 'the connection carries no token'],
  ] as const)(
    'shows out a connection with %s for a token, and says so in its answer',
    async ([, token, message]) => {
      const { door } = aDoor();
      const [head = '', body = ''] = (await upgrade(await door.open(), '/agent', token)).split('\r\n\r\n');
      expect(head).toMatch(/^HTTP\/1\.1 401 Unauthorized\r\n/);
      expect(JSON.parse(body)).toEqual({ code: 'WRONG_TOKEN', message });
      expect(door.debugState()).toEqual(EMPTY);
    },
  );

  test('knows two endpoints and no other', async () => {
    const { door } = aDoor();
    const url = await door.open();
    const [head = '', body = ''] = (await upgrade(url, '/x?token=1', TOKEN)).split('\r\n\r\n');
    expect(head).toMatch(/^HTTP\/1\.1 404 Not Found\r\n/);
    expect(JSON.parse(body)).toEqual({ code: 'BAD_ADDRESS', message: 'there is no endpoint /x' });
  });

  test('shows out a peer that has not said hello within 10 s, and nobody else', async () => {
    const { clock, door, served } = aDoor();
    const url = await door.open();
    const polite = await knock(url, TOKEN, clock);
    await polite.call('client.hello', hello);
    const mute = await knock(url, TOKEN, clock);
    const closed = new Promise((resolve) => mute.onClosed(resolve));
    await eventually(() => served.length === 2);
    // Bytes keep coming: it is alive, and still says nothing.
    for (let second = 0; second < 10; second += 1) {
      const heard = served.map(({ transport }) => transport.received);
      for (const session of [polite, mute]) session.ping();
      await eventually(() => served.every(({ transport }, n) => transport.received > heard[n]!));
      expect(served[1]?.closed).toBeUndefined();
      clock.advance(1000);
    }
    expect(await closed).toMatchObject({ code: 'HELLO_FIRST', message: 'no hello within 10 s' });
    expect(polite.closed).toBeUndefined();
    expect(door.debugState()).toEqual({ sessions: 1, watched: 1 });
  });

  test('ends every session when it is closed, and says why', async () => {
    const { clock, door } = aDoor();
    const url = await door.open();
    const session = await knock(url, TOKEN, clock);
    await session.call('client.hello', hello);
    const closed = new Promise((resolve) => session.onClosed(resolve));
    await door.close();
    expect(await closed).toMatchObject({ code: 'NOT_CONNECTED', message: 'the master is shutting down' });
    expect(door.debugState()).toEqual(EMPTY);
    expect(clock.timers).toBe(0);
    await expect(fetch(`${http(url)}/healthz`)).rejects.toThrow('fetch failed');
  });

  test('is closed also while connections hang half-way', async () => {
    const { door } = aDoor();
    const url = await door.open();
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.on('error', () => {});
    await once(socket, 'connect');
    socket.write('GET /agent HTTP/1.1\r\n');
    await door.close();
    expect(door.debugState()).toEqual(EMPTY);
  });

  test('closes the connection that is idle longest when there are too many, and no WebSocket', async () => {
    const { clock } = aDoor();
    const session = (transport: Transport) =>
      new Session({
        transport,
        sends: 'master→client',
        receives: 'client→master',
        handlers: stubHandlers('client→master', {
          'client.hello': () => ({ master: MASTER, software: '0.1.0' }),
        }),
        events: stubEvents('client→master'),
        accept: refuseStreams,
        clock,
        opening: 'client.hello',
      });
    const door = new Door({
      ...{ address: LOOPBACK, token: TOKEN, clock, agent: session, client: session, ready: async () => {} },
      idleConnections: 2,
    });
    onTestFinished(() => door.close());
    const url = await door.open();
    const agent = await knock(url, TOKEN, clock);
    await agent.call('client.hello', hello);
    const closed: number[] = [];
    for (let n = 0; n < 5; n += 1) {
      const socket = connect(Number(new URL(url).port), '127.0.0.1');
      onTestFinished(() => void socket.destroy());
      socket.on('close', () => closed.push(n));
      await once(socket, 'connect');
    }
    await eventually(() => closed.length === 3);
    expect(closed).toEqual([0, 1, 2]);
    expect(agent.closed).toBeUndefined();
    expect((await fetch(`${http(url)}/healthz`)).status).toBe(200);
  });

  test('goes on when a connection could not be accepted, and says so', async () => {
    const errors: Error[] = [];
    const { clock } = aDoor();
    const serve = () => {
      throw new Error('nobody comes');
    };
    const door = new Door({
      ...{ address: LOOPBACK, token: TOKEN, clock, agent: serve, client: serve, ready: async () => {} },
      onError: (error) => errors.push(error),
    });
    onTestFinished(() => door.close());
    const listen = vi.spyOn(Server.prototype, 'listen');
    await door.open();
    const server = listen.mock.contexts[0] as Server | undefined;
    listen.mockRestore();
    server?.emit('error', new Error('EMFILE'));
    expect(errors.map(({ message }) => message)).toEqual(['EMFILE']);
  });
});

describe('an address', () => {
  test('on a port that is taken is refused, naming it', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    onTestFinished(() => void other.close());
    const { port } = other.address() as AddressInfo;
    expect(await rejection(aDoor({ host: '127.0.0.1', port }).door.open())).toMatchObject({
      code: 'ADDRESS_IN_USE',
      message: `127.0.0.1:${port} is in use by another process`,
    });
  });

  test('that this machine does not have is refused, naming it', async () => {
    const address = { host: '192.0.2.1', port: 0 };
    expect(await rejection(aDoor(address).door.open())).toMatchObject({
      code: 'BAD_ADDRESS',
      message: expect.stringContaining('the master cannot listen on 192.0.2.1:0'),
    });
  });

  test('in IPv6 is told in brackets', async () => {
    const { door } = aDoor({ host: '::1', port: 0 });
    const url = await door.open().catch((error: unknown) => error);
    // A machine may have IPv6 switched off.
    if (typeof url !== 'string') expect(url).toMatchObject({ code: 'BAD_ADDRESS' });
    else expect(url).toMatch(/^ws:\/\/\[::1\]:\d+$/);
  });
});

describe('a Unix socket', () => {
  test('is for its owner alone, and gone when the door is closed', async () => {
    const path = join(await temporaryDirectory(), 'master.sock');
    const { clock, door } = aDoor({ path });
    expect(await door.open()).toBe(`unix:${path}`);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const session = await knock(`unix:${path}`, TOKEN, clock);
    await session.call('client.hello', hello);
    await door.close();
    await expect(access(path)).rejects.toThrow('ENOENT');
  });

  test('that a dead master left is replaced', async () => {
    const path = join(await temporaryDirectory(), 'master.sock');
    const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
    await once(spawn(process.execPath, ['-e', script]), 'exit');
    expect((await stat(path)).isSocket()).toBe(true);
    const { clock, door } = aDoor({ path });
    const session = await knock(await door.open(), TOKEN, clock);
    await session.call('client.hello', hello);
  });

  test('of a living master is left alone, and refused', async () => {
    const path = join(await temporaryDirectory(), 'master.sock');
    const living = createSocketServer().listen(path);
    await once(living, 'listening');
    onTestFinished(() => void living.close());
    expect(await rejection(aDoor({ path }).door.open())).toMatchObject({
      code: 'ADDRESS_IN_USE',
      message: `${path} is in use by another process`,
    });
    expect((await stat(path)).isSocket()).toBe(true);
  });

  test('does not take the place of a file', async () => {
    const path = join(await temporaryDirectory(), 'notes.txt');
    await writeFile(path, 'mine');
    expect(await rejection(aDoor({ path }).door.open())).toMatchObject({ code: 'ADDRESS_IN_USE' });
    expect((await stat(path)).size).toBe(4);
  });

  test('in a directory that does not exist is refused', async () => {
    const path = join(await temporaryDirectory(), 'no/master.sock');
    expect(await rejection(aDoor({ path }).door.open())).toMatchObject({ code: 'BAD_ADDRESS' });
  });
});
