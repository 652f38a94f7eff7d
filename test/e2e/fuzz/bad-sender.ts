/** Peers that carry the right token and nothing else that is right. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { encode, SUBPROTOCOL } from '@tutti/protocol';
import { WebSocket } from 'ws';
import { helloOf, oddFrame, type Random } from './frames.ts';

export interface Target {
  url: string;
  token: string;
}

export type Ended = 'by the master' | 'by itself';

const PATIENCE_MS = 10_000;

export function open({ url, token }: Target, endpoint: '/agent' | '/client'): Promise<WebSocket> {
  const socket = new WebSocket(url + endpoint, SUBPROTOCOL, {
    headers: { authorization: `Bearer ${token}` },
    perMessageDeflate: false,
  });
  socket.on('error', () => {});
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve(socket));
    socket.once('close', () => reject(new Error('not let in')));
  });
}

/** One connection that says odd things until it is cut off, or has said `most`. Returns how many frames it sent. */
export async function saySomething(
  target: Target,
  { agent, name, random, most }: { agent: string; name: string; random: Random; most: number },
): Promise<{ frames: number; ended: Ended }> {
  const socket = await open(target, random() < 0.9 ? '/agent' : '/client');
  let cut = false;
  socket.once('close', () => {
    cut = true;
  });
  if (random() < 0.95) {
    socket.send(encode({ kind: 'call', id: 0, name: 'hello', params: helloOf(agent, name) }));
    // Whatever comes before the welcome ends the conversation.
    await Promise.race([once(socket, 'message'), once(socket, 'close')]);
  }
  let frames = 0;
  while (!cut && frames < most) {
    // A few at a time: what follows a frame that ends the conversation is not looked at any more.
    for (let n = 0; n < 4; n += 1) {
      frames += 1;
      socket.send(oddFrame(random, frames), { binary: random() > 0.002 });
    }
    await answered(socket);
  }
  const ended = cut ? 'by the master' : 'by itself';
  socket.terminate();
  return { frames, ended };
}

/** What was sent has been looked at: a WebSocket's own ping is answered after it, or the connection is gone. */
function answered(socket: WebSocket): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      socket.off('pong', done);
      socket.off('close', done);
      resolve();
    };
    if (socket.readyState !== socket.OPEN) return resolve();
    socket.on('pong', done);
    socket.on('close', done);
    socket.ping();
  });
}

/** Resolves with the close code when the master ends the connection; rejects when it does not. */
export async function cutOff(socket: WebSocket): Promise<number> {
  if (socket.readyState === socket.CLOSED) return 1006;
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const [code] = (await once(socket, 'close', { signal })) as [number];
  return code;
}

/** Announces a frame of 100 MiB and begins to send it. Resolves when the master has ended the connection. */
export async function announceTooMuch({ url, token }: Target): Promise<void> {
  const { port, hostname } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => {});
  const request = [
    'GET /agent HTTP/1.1',
    'host: localhost',
    'connection: upgrade',
    'upgrade: websocket',
    'sec-websocket-version: 13',
    'sec-websocket-key: MDEyMzQ1Njc4OWFiY2RlZg==',
    `sec-websocket-protocol: ${SUBPROTOCOL}`,
    `authorization: Bearer ${token}`,
  ];
  socket.write(`${request.join('\r\n')}\r\n\r\n`);
  await once(socket, 'data');
  // RFC 6455, section 5.2: binary, final, masked, with a length of 64 bits.
  const header = Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0x06, 0x40, 0, 0, 1, 2, 3, 4]);
  const ended = once(socket, 'close', { signal: AbortSignal.timeout(PATIENCE_MS) });
  socket.write(header);
  socket.write(Buffer.alloc(1024 * 1024));
  socket.resume();
  await ended;
}
