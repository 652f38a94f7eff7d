import { once } from 'node:events';
import type { Socket } from 'node:net';
import { SUBPROTOCOL } from '@tutti/protocol';
import { eventually, Relay } from '@tutti/testkit';
import { describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { dial } from '../src/dialer.ts';
import { Door, Place, TOKEN, type Where } from './door.ts';
import { numbered, Recorder } from './recorder.ts';
import { type Network, transportContract } from './transport-contract.ts';

/** A dialled WebSocket and the one the door made of it, through a relay that can be slow. */
async function realNetwork(where: Where, from: 'dialler' | 'door'): Promise<Network> {
  const [behind, before] = await Promise.all([Place.find(where), Place.find(where)]);
  const door = await Door.open(behind);
  const relay = await Relay.open(before.listen, door.target);
  const address = before.address(where === 'tcp' ? relay.port : 0);
  let count = 0;
  return {
    connect: async () => {
      const dialled = await dial({ address, endpoint: '/agent', token: () => TOKEN });
      const accepted = await door.nth(count);
      const relayed = relay.connections[count];
      if (relayed === undefined) throw new Error('the connection did not come through the relay');
      count += 1;
      const { toServer, toClient } = relayed;
      const cut = () => relayed.sever();
      return from === 'dialler'
        ? { sender: dialled, receiver: accepted, there: toServer, back: toClient, cut }
        : { sender: accepted, receiver: dialled, there: toClient, back: toServer, cut };
    },
    pass: async () => {},
    close: async () => {
      await relay.close();
      await door.close();
      await Promise.all([behind.remove(), before.remove()]);
    },
  };
}

for (const where of ['tcp', 'unix'] as const) {
  for (const from of ['dialler', 'door'] as const) {
    transportContract(`a WebSocket over ${where}, from the ${from}`, () => realNetwork(where, from));
  }
}

describe('a WebSocket that misbehaves', () => {
  async function strangerAt(body: (stranger: WebSocket, got: Recorder, door: Door) => Promise<void>) {
    const place = await Place.find('tcp');
    const door = await Door.open(place);
    const stranger = new WebSocket(`${door.address}/agent`, SUBPROTOCOL, {
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    try {
      await once(stranger, 'open');
      await body(stranger, new Recorder(await door.nth(0)), door);
    } finally {
      await door.close();
    }
  }

  test('a text frame is BAD_FRAME, the peer is told so, and nothing after it is heard', async () => {
    await strangerAt(async (stranger, got) => {
      const closed = once(stranger, 'close') as Promise<[number, Buffer]>;
      stranger.send('hello');
      stranger.send(numbered(1));
      const [code, reason] = await closed;
      expect(code).toBe(4000);
      expect(reason.toString()).toMatch(/^BAD_FRAME a text frame/);
      await eventually(() => got.closed.length > 0);
      expect(got.closed).toMatchObject([{ code: 'BAD_FRAME' }]);
      expect(got.messages).toEqual([]);
    });
  });

  test('bytes that are no WebSocket frame are BAD_FRAME', async () => {
    await strangerAt(async (stranger, got) => {
      const { socket } = internals(stranger);
      stranger.on('error', () => {});
      socket.write(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
      await eventually(() => got.closed.length > 0);
      expect(got.closed).toMatchObject([{ code: 'BAD_FRAME' }]);
    });
  });

  test('a peer that says goodbye and then keeps the socket open is cut off', async () => {
    await strangerAt(async (stranger, got, door) => {
      const { socket } = internals(stranger);
      // A masked close frame without a reason; what comes in return is not read.
      socket.pause();
      socket.write(Buffer.from([0x88, 0x80, 0, 0, 0, 0]));
      await eventually(() => got.closed.length > 0 && door.sockets === 0);
      expect(got.closed).toMatchObject([{ code: 'NOT_CONNECTED' }]);
    });
  });

  test('a close frame with a code and reason of somebody else is NOT_CONNECTED', async () => {
    await strangerAt(async (stranger, got) => {
      stranger.close(4000, 'WRONG_TOKENS are bad');
      await eventually(() => got.closed.length > 0);
      expect(got.closed).toMatchObject([{ code: 'NOT_CONNECTED' }]);
    });
  });

  test('a normal closure without a reason says that the peer closed it', async () => {
    await strangerAt(async (stranger, got) => {
      stranger.close(1000);
      await eventually(() => got.closed.length > 0);
      expect(got.closed).toMatchObject([
        { code: 'NOT_CONNECTED', message: 'the peer closed the connection' },
      ]);
    });
  });
});

test('over TCP a transport knows its peer, on a Unix socket there is no address', async () => {
  for (const where of ['tcp', 'unix'] as const) {
    const place = await Place.find(where);
    const door = await Door.open(place);
    const dialled = await dial({ address: door.address, endpoint: '/agent', token: () => TOKEN });
    const accepted = await door.nth(0);
    const address = where === 'tcp' ? '127.0.0.1' : undefined;
    expect(accepted.remoteAddress).toBe(address);
    expect(dialled.remoteAddress).toBe(address);
    if (where === 'tcp') {
      expect(dialled.peer).toBe(`127.0.0.1:${door.port}`);
      expect(accepted.peer).toMatch(/^127\.0\.0\.1:\d+$/);
    } else expect([dialled.peer, accepted.peer]).toEqual(['a local socket', 'a local socket']);
    await door.close();
    await place.remove();
  }
});

/** The socket below a WebSocket, to put bytes on it that `ws` would not. */
function internals(ws: WebSocket): { socket: Socket } {
  return { socket: (ws as unknown as { _socket: Socket })._socket };
}
