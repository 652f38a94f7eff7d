import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener, setGlobalProxyFromEnv } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import { SUBPROTOCOL, TuttiError } from '@tutti/protocol';
import {
  eventually,
  FakeClock,
  refuseStreams,
  rejection,
  settled,
  stubEvents,
  stubHandlers,
} from '@tutti/testkit';
import { afterEach, describe, expect, test } from 'vitest';
import { Dialer, type DialerOptions, dial } from '../src/dialer.ts';
import { Heartbeat } from '../src/heartbeat.ts';
import type { LinkState } from '../src/reconnect.ts';
import { Session } from '../src/session.ts';
import type { Transport } from '../src/transport.ts';
import { Door, Place, TOKEN } from './door.ts';
import { fetchUpgrade } from './fetch-upgrade.ts';
import { HELLO, WELCOME } from './samples.ts';

const STOP = new TuttiError('CANCELLED', 'the agent stops');

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function place(where: 'tcp' | 'unix' = 'tcp'): Promise<Place> {
  const found = await Place.find(where);
  cleanups.push(() => found.remove());
  return found;
}

async function openDoor(at: Place, port = 0): Promise<Door> {
  const door = await Door.open(at, port);
  cleanups.push(() => door.close());
  return door;
}

/** A server that is no master: `port` once it listens, and the sockets that came. */
async function listening(server: Server): Promise<{ port: number; sockets: Set<Socket> }> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const address = server.address();
  return { port: address !== null && typeof address === 'object' ? address.port : 0, sockets };
}

const silentServer = () => listening(createServer((socket) => socket.resume()));
const httpServer = (answer: RequestListener) => listening(createHttpServer(answer));

/** The master's side of a connection that was let in; `hello` decides. */
function masterSession(transport: Transport, hello: () => Promise<typeof WELCOME>) {
  return new Session({
    transport,
    sends: 'master→agent',
    receives: 'agent→master',
    handlers: stubHandlers('agent→master', { hello }),
    events: stubEvents('agent→master'),
    accept: refuseStreams,
    clock: new FakeClock(),
    opening: 'hello',
  });
}

const welcoming = () => Promise.resolve(WELCOME);

/** A dialer with a record of its states; its clock stands still. */
function dialerTo(address: string, overrides: Partial<DialerOptions> = {}) {
  const clock = new FakeClock();
  const heartbeat = new Heartbeat(clock);
  const states: LinkState[] = [];
  const sessions: Session<'agent→master', 'master→agent'>[] = [];
  const dialer = new Dialer({
    address,
    endpoint: '/agent',
    token: () => TOKEN,
    clock,
    heartbeat,
    random: () => 0.5,
    greet: async (transport) => {
      const session = new Session({
        transport,
        sends: 'agent→master',
        receives: 'master→agent',
        handlers: stubHandlers('master→agent'),
        events: stubEvents('master→agent'),
        accept: refuseStreams,
        clock,
      });
      sessions.push(session);
      await session.call('hello', HELLO);
      return session;
    },
    onState: (state) => states.push(state),
    ...overrides,
  });
  cleanups.push(() => dialer.stop(STOP));
  const at = (...wanted: LinkState['at'][]) =>
    eventually(() => {
      expect(states.map((state) => state.at)).toEqual(wanted);
    });
  return { dialer, clock, heartbeat, states, sessions, at };
}

const dialTo = (address: string, token: string | undefined = TOKEN) =>
  dial({ address, endpoint: '/agent', token: () => token });

describe('dial', () => {
  test('with a wrong token, or with none, is refused with WRONG_TOKEN and leaves no socket behind', async () => {
    for (const where of ['tcp', 'unix'] as const) {
      const door = await openDoor(await place(where));
      expect(await rejection(dialTo(door.address, 'guess'))).toMatchObject({
        code: 'WRONG_TOKEN',
        message: "the connection's token is not this master's",
      });
      expect(
        await rejection(dial({ address: door.address, endpoint: '/agent', token: () => undefined })),
      ).toMatchObject({
        code: 'WRONG_TOKEN',
        message: 'the connection carries no token',
      });
      expect(door.accepted).toEqual([]);
      await eventually(() => door.sockets === 0);
    }
  });

  test('where nothing listens is NOT_CONNECTED and names the address', async () => {
    const door = await Door.open(await place());
    const { address } = door;
    await door.close();
    const error = await rejection(dialTo(address));
    expect(error).toMatchObject({ code: 'NOT_CONNECTED', retry: true });
    expect((error as Error).message).toMatch(new RegExp(`^no master answers at ${address}: .*ECONNREFUSED`));
    expect(await rejection(dialTo('unix:/nowhere/tutti.sock'))).toMatchObject({ code: 'NOT_CONNECTED' });
  });

  test('of an address that cannot be understood is BAD_ADDRESS', async () => {
    expect(await rejection(dialTo('unix:'))).toMatchObject({ code: 'BAD_ADDRESS' });
  });

  test('of an HTTP server that is no master says so, whatever it answers', async () => {
    const answers: [number, string | undefined][] = [
      [200, '<h1>It works!</h1>'],
      [404, JSON.stringify({ error: 'not found' })],
      [401, JSON.stringify({ code: 'NO_SUCH_CODE', message: 'x' })],
      [403, JSON.stringify({ code: 'WRONG_TOKEN', message: 7 })],
      [500, 'null'],
      [503, undefined],
    ];
    for (const [status, body] of answers) {
      const { port, sockets } = await httpServer((_request, response) =>
        response.writeHead(status).end(body),
      );
      const error = await rejection(dialTo(`http://127.0.0.1:${port}`));
      expect(error).toMatchObject({
        code: 'NOT_CONNECTED',
        message: `what answers at http://127.0.0.1:${port} is not a Tutti master (HTTP status ${status})`,
      });
      await eventually(() => sockets.size === 0);
    }
  });

  test('of an HTTP server whose answer never ends, or breaks off, ends all the same', async () => {
    const endless = await httpServer((_request, response) => {
      response.writeHead(200);
      const more = () => {
        while (response.write('x'.repeat(10_000)));
      };
      response.on('drain', more);
      more();
    });
    const broken = await httpServer((_request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('x', () => response.destroy());
    });
    for (const { port } of [endless, broken]) {
      expect(await rejection(dialTo(`ws://127.0.0.1:${port}`))).toMatchObject({
        message: `what answers at ws://127.0.0.1:${port} is not a Tutti master (HTTP status 200)`,
      });
    }
  });

  test('of a server that speaks something else than HTTP is NOT_CONNECTED', async () => {
    const { port } = await listening(createServer((socket) => socket.end('220 mail.example.org ESMTP\r\n')));
    expect(await rejection(dialTo(`127.0.0.1:${port}`))).toMatchObject({ code: 'NOT_CONNECTED' });
  });

  test('of a server that accepts and says nothing ends after 5 s', async () => {
    const { port, sockets } = await silentServer();
    const clock = new FakeClock();
    const dialling = rejection(
      dial({ address: `127.0.0.1:${port}`, endpoint: '/agent', token: () => TOKEN, clock }),
    );
    await eventually(() => sockets.size === 1);
    clock.advance(4999);
    await settled();
    expect(clock.timers).toBe(1);
    clock.advance(1);
    expect(await dialling).toMatchObject({
      code: 'NOT_CONNECTED',
      message: expect.stringMatching(/no WebSocket within 5 s$/) as string,
    });
    await eventually(() => sockets.size === 0);
    expect(clock.timers).toBe(0);
  });

  test('that is given up is CANCELLED and leaves no socket behind', async () => {
    const { port, sockets } = await silentServer();
    const stop = new AbortController();
    const options = {
      address: `127.0.0.1:${port}`,
      endpoint: '/agent',
      token: () => TOKEN,
      signal: stop.signal,
    } as const;
    const dialling = rejection(dial(options));
    await eventually(() => sockets.size === 1);
    stop.abort();
    expect(await dialling).toMatchObject({ code: 'CANCELLED' });
    await eventually(() => sockets.size === 0);
    expect(await rejection(dial(options))).toMatchObject({ code: 'CANCELLED' });
  });

  test('that succeeds leaves no timer and no listener behind', async () => {
    const door = await openDoor(await place());
    const clock = new FakeClock();
    const stop = new AbortController();
    const { address } = door;
    const transport = await dial({
      address,
      endpoint: '/agent',
      token: () => TOKEN,
      clock,
      signal: stop.signal,
    });
    expect(clock.timers).toBe(0);
    stop.abort();
    transport.send(Uint8Array.of(1));
    const accepted = await door.nth(0);
    await eventually(() => accepted.received > 0);
  });

  test('does not ask the proxy that the environment names', async () => {
    const door = await openDoor(await place());
    const proxy = await silentServer();
    const url = `http://127.0.0.1:${proxy.port}`;
    const restore = setGlobalProxyFromEnv({ http_proxy: url, https_proxy: url, HTTP_PROXY: url });
    cleanups.push(restore);
    await dialTo(door.address);
    expect(proxy.sockets.size).toBe(0);
  });
});

describe('the door', () => {
  test('refuses a peer that offers another protocol version, and says what it speaks', async () => {
    const door = await openDoor(await place());
    const ask = async (protocols: string) => {
      const response = await fetchUpgrade(door.port, {
        authorization: `Bearer ${TOKEN}`,
        'sec-websocket-protocol': protocols,
      });
      return response;
    };
    for (const protocols of ['tutti.2', 'chat, tutti.10', '']) {
      const { status, body } = await ask(protocols);
      expect(status).toBe(426);
      expect(JSON.parse(body)).toMatchObject({
        code: 'PROTOCOL_MISMATCH',
        message: expect.stringContaining(`this master speaks "${SUBPROTOCOL}"`) as string,
      });
    }
    expect((await ask(`tutti.2, ${SUBPROTOCOL}`)).status).toBe(101);
    expect(door.accepted).toHaveLength(1);
  });

  test('does not wait for a refused peer to hang up', async () => {
    const door = await openDoor(await place());
    const { status } = await fetchUpgrade(door.port, { 'sec-websocket-protocol': SUBPROTOCOL });
    expect(status).toBe(401);
    await eventually(() => door.sockets === 0);
  });

  test('takes its token as a bearer only', async () => {
    const door = await openDoor(await place());
    for (const authorization of [`Basic ${TOKEN}`, TOKEN, 'Bearer ', `Bearer ${TOKEN} `.replace(' ', '  ')]) {
      const { status } = await fetchUpgrade(door.port, {
        authorization,
        'sec-websocket-protocol': SUBPROTOCOL,
      });
      expect(status).toBe(401);
    }
  });
});

describe('a dialer', () => {
  for (const where of ['tcp', 'unix'] as const) {
    test(`over ${where} waits for a master with growing patience, and connects when one appears`, async () => {
      const at = await place(where);
      const { port } = await Door.open(at).then(async (door) => {
        const found = { port: door.port };
        await door.close();
        return found;
      });
      const { dialer, clock, states, at: reaches } = dialerTo(at.address(port));
      dialer.start();
      await reaches('dialing', 'waiting');
      expect(states.at(-1)).toMatchObject({ attempt: 1, delayMs: 125, error: { code: 'NOT_CONNECTED' } });
      clock.advance(124);
      expect(dialer.state.at).toBe('waiting');
      clock.advance(1);
      await reaches('dialing', 'waiting', 'dialing', 'waiting');
      expect(states.at(-1)).toMatchObject({ attempt: 2, delayMs: 250 });

      const door = await openDoor(at, port);
      clock.advance(250);
      masterSession(await door.nth(0), welcoming);
      await reaches('dialing', 'waiting', 'dialing', 'waiting', 'dialing', 'open');
    });
  }

  test('connects again after a lost connection, first without much patience', async () => {
    const door = await openDoor(await place());
    const { dialer, clock, states, heartbeat, at } = dialerTo(door.address);
    dialer.start();
    const first = masterSession(await door.nth(0), welcoming);
    await at('dialing', 'open');
    expect(heartbeat.size).toBe(1);
    first.close(new TuttiError('MASTER_STOPPING', 'going down'));
    await at('dialing', 'open', 'waiting');
    expect(states.at(-1)).toMatchObject({ attempt: 1, delayMs: 125, error: { code: 'MASTER_STOPPING' } });
    expect(heartbeat.size).toBe(0);
    clock.advance(125);
    masterSession(await door.nth(1), welcoming);
    await at('dialing', 'open', 'waiting', 'dialing', 'open');
    expect(heartbeat.size).toBe(1);
  });

  test('ends in refused when its token is wrong, and dials no more', async () => {
    const door = await openDoor(await place());
    const { dialer, clock, states, at } = dialerTo(door.address, { token: () => 'guess' });
    dialer.start();
    await at('dialing', 'refused');
    expect(states.at(-1)).toMatchObject({ error: { code: 'WRONG_TOKEN' } });
    expect(clock.timers).toBe(0);
    dialer.start();
    expect(dialer.state.at).toBe('refused');
  });

  test('ends in refused when hello is refused for good, and its connection is closed', async () => {
    const door = await openDoor(await place());
    const { dialer, clock, at } = dialerTo(door.address);
    dialer.start();
    masterSession(await door.nth(0), () => Promise.reject(new TuttiError('NAME_IN_USE', 'n1 is taken')));
    await at('dialing', 'refused');
    expect(dialer.state).toMatchObject({ error: { code: 'NAME_IN_USE', message: 'n1 is taken' } });
    await eventually(() => door.sockets === 0);
    expect(clock.timers).toBe(0);
  });

  test('ends in refused when its open session is superseded', async () => {
    const door = await openDoor(await place());
    const { dialer, at } = dialerTo(door.address);
    dialer.start();
    const session = masterSession(await door.nth(0), welcoming);
    await at('dialing', 'open');
    session.close(new TuttiError('SUPERSEDED', 'a newer one came'));
    await at('dialing', 'open', 'refused');
    expect(dialer.state).toMatchObject({ error: { code: 'SUPERSEDED' } });
  });

  test('tries again when hello fails for now, and when the greeting itself breaks', async () => {
    const door = await openDoor(await place());
    const { dialer, clock, states, at } = dialerTo(door.address);
    dialer.start();
    masterSession(await door.nth(0), () => Promise.reject(new TuttiError('MASTER_STOPPING', 'not now')));
    await at('dialing', 'waiting');
    expect(states.at(-1)).toMatchObject({ attempt: 1, error: { code: 'MASTER_STOPPING' } });
    clock.advance(125);
    masterSession(await door.nth(1), welcoming);
    await at('dialing', 'waiting', 'dialing', 'open');

    const broken = dialerTo(door.address, {
      greet: () => {
        throw new Error('bug');
      },
    });
    broken.dialer.start();
    await broken.at('dialing', 'waiting');
    expect(broken.states.at(-1)).toMatchObject({ error: { code: 'INTERNAL' } });
    await eventually(() => door.sockets === 1);
  });

  test('gives up on a master that lets it in and then says nothing', async () => {
    const door = await openDoor(await place());
    const { dialer, clock, states, sessions, at } = dialerTo(door.address);
    dialer.start();
    await door.nth(0);
    await eventually(() => sessions.length === 1);
    clock.advance(9999);
    expect(dialer.state.at).toBe('dialing');
    clock.advance(1);
    await at('dialing', 'waiting');
    expect(states.at(-1)).toMatchObject({ error: { code: 'TIMED_OUT' } });
    await eventually(() => door.sockets === 0);
  });

  test('asks for its token anew each time', async () => {
    const door = await openDoor(await place());
    const tokens = ['', TOKEN];
    const { dialer, clock, at } = dialerTo(door.address, {
      token: () => {
        const token = tokens.shift();
        if (token === '') throw new TuttiError('DISK_FULL', 'the token file cannot be read');
        return token;
      },
    });
    dialer.start();
    await at('dialing', 'waiting');
    clock.advance(125);
    masterSession(await door.nth(0), welcoming);
    await at('dialing', 'waiting', 'dialing', 'open');
    expect(tokens).toEqual([]);
  });

  test('that is started twice dials once, and dials at once when it is started while it waits', async () => {
    const door = await openDoor(await place());
    let dials = 0;
    const token = () => {
      dials += 1;
      return TOKEN;
    };
    const { dialer, clock, at } = dialerTo(door.address, { token });
    dialer.start();
    dialer.start();
    expect(dials).toBe(1);
    masterSession(await door.nth(0), () => Promise.reject(new TuttiError('MASTER_STOPPING', 'not now')));
    await at('dialing', 'waiting');
    dialer.start();
    expect(dials).toBe(2);
    // The timer of the wait is gone; what is left is the deadline of the dialling.
    expect(clock.timers).toBe(1);
    masterSession(await door.nth(1), welcoming);
    await at('dialing', 'waiting', 'dialing', 'open');
    expect(door.accepted).toHaveLength(2);
    expect(dials).toBe(2);
  });

  test('greets the master with a first ping, and watches it', async () => {
    const door = await openDoor(await place());
    const { dialer, sessions, heartbeat, at } = dialerTo(door.address);
    dialer.start();
    masterSession(await door.nth(0), welcoming);
    await at('dialing', 'open');
    await eventually(() => sessions[0]?.offset.value !== undefined);
    expect(heartbeat.size).toBe(1);
  });

  test('reports a session that is lost before greet returns as lost, not as open', async () => {
    const door = await openDoor(await place());
    const { dialer, heartbeat, at } = dialerTo(door.address, {
      greet: async (transport) => {
        const session = new Session({
          transport,
          sends: 'agent→master',
          receives: 'master→agent',
          handlers: stubHandlers('master→agent'),
          events: stubEvents('master→agent'),
          accept: refuseStreams,
          clock: new FakeClock(),
        });
        session.close(new TuttiError('NOT_CONNECTED', 'gone already'));
        return session;
      },
    });
    dialer.start();
    await at('dialing', 'waiting');
    expect(heartbeat.size).toBe(0);
  });
});

describe('stopping a dialer', () => {
  test('before it was started keeps it from ever dialling', async () => {
    const { dialer, clock, states } = dialerTo('unix:/nowhere');
    dialer.stop(STOP);
    dialer.start();
    await settled();
    expect(states).toEqual([{ at: 'stopped' }]);
    expect(clock.timers).toBe(0);
  });

  test('while it waits takes its timer along', async () => {
    const { dialer, clock, at } = dialerTo('unix:/nowhere/tutti.sock');
    dialer.start();
    await at('dialing', 'waiting');
    dialer.stop(STOP);
    expect(clock.timers).toBe(0);
    await at('dialing', 'waiting', 'stopped');
  });

  test('while it dials closes the socket at once', async () => {
    const { port, sockets } = await silentServer();
    const { dialer, clock, at } = dialerTo(`127.0.0.1:${port}`);
    dialer.start();
    await eventually(() => sockets.size === 1);
    dialer.stop(STOP);
    await eventually(() => sockets.size === 0);
    await at('dialing', 'stopped');
    expect(clock.timers).toBe(0);
  });

  test('while it greets closes the connection, and the master is told why', async () => {
    const door = await openDoor(await place());
    const { dialer, sessions, clock, at } = dialerTo(door.address);
    dialer.start();
    const master = masterSession(await door.nth(0), () => new Promise(() => {}));
    await eventually(() => master.debugState().serving === 1);
    dialer.stop(STOP);
    await eventually(() => master.closed !== undefined && sessions[0]?.closed !== undefined);
    expect(master.closed).toMatchObject({ code: 'CANCELLED', message: STOP.message });
    await at('dialing', 'stopped');
    await eventually(() => clock.timers === 0);
  });

  test('just when the socket has opened closes it, and the master is told why', async () => {
    const door = await openDoor(await place());
    const clock = new FakeClock();
    // The deadline is taken back when the socket opens; the stop comes before anything else does.
    const stopping = {
      monotonicMs: () => clock.monotonicMs(),
      wallMs: () => clock.wallMs(),
      after: (ms: number, callback: () => void) => {
        const cancel = clock.after(ms, callback);
        return () => {
          cancel();
          queueMicrotask(() => dialer.stop(STOP));
        };
      },
    };
    const { dialer, at } = dialerTo(door.address, { clock: stopping });
    dialer.start();
    const master = masterSession(await door.nth(0), welcoming);
    await eventually(() => master.closed !== undefined);
    expect(master.closed).toMatchObject({ code: 'CANCELLED', message: STOP.message });
    await at('dialing', 'stopped');
  });

  test('just when the greeting succeeds closes the session all the same', async () => {
    const door = await openDoor(await place());
    const greeting = Promise.withResolvers<void>();
    const { dialer, sessions, heartbeat, at } = dialerTo(door.address, {
      greet: async (transport) => {
        const session = new Session({
          transport,
          sends: 'agent→master',
          receives: 'master→agent',
          handlers: stubHandlers('master→agent'),
          events: stubEvents('master→agent'),
          accept: refuseStreams,
          clock: new FakeClock(),
        });
        sessions.push(session);
        await greeting.promise;
        return session;
      },
    });
    dialer.start();
    const master = masterSession(await door.nth(0), welcoming);
    await eventually(() => sessions.length === 1);
    greeting.resolve();
    dialer.stop(STOP);
    await eventually(() => master.closed !== undefined && sessions[0]?.closed !== undefined);
    expect(heartbeat.size).toBe(0);
    await at('dialing', 'stopped');
  });

  test('while it is open closes the session, and the master is told why', async () => {
    const door = await openDoor(await place());
    const { dialer, clock, heartbeat, at } = dialerTo(door.address);
    dialer.start();
    const master = masterSession(await door.nth(0), welcoming);
    await at('dialing', 'open');
    dialer.stop(STOP);
    dialer.stop(new TuttiError('INTERNAL', 'too late'));
    await eventually(() => master.closed !== undefined);
    expect(master.closed).toMatchObject({ code: 'CANCELLED', message: STOP.message });
    await at('dialing', 'open', 'stopped');
    expect([heartbeat.size, clock.timers]).toEqual([0, 0]);
  });

  test('from within a report of its state is heeded', async () => {
    const states: string[] = [];
    const { dialer, clock } = dialerTo('unix:/nowhere/tutti.sock', {
      onState: ({ at }) => {
        states.push(at);
        if (at === 'waiting') dialer.stop(STOP);
      },
    });
    dialer.start();
    await eventually(() => states.includes('stopped'));
    expect(states).toEqual(['dialing', 'waiting', 'stopped']);
    expect(clock.timers).toBe(0);
  });
});
