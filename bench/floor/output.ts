/** The floor of output: bytes through one bare WebSocket into a file, a process each for the two ends. */
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import { answer } from '../harness/answer.ts';

const CHUNK = Buffer.alloc(65_536, 'all work and no play makes jack a dull boy\n');

answer({
  /** Writes what comes into `file`; resolves with the address. */
  async receive(file: string): Promise<string> {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
    server.on('connection', (ws) => {
      const out = createWriteStream(file);
      out.on('drain', () => ws.resume());
      ws.on('message', (data: Buffer) => {
        if (!out.write(data)) ws.pause();
      });
    });
    await once(server, 'listening');
    return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
  },
  /** As many bytes as are wanted, each chunk when the one before has left. */
  async send({ url, bytes }: { url: string; bytes: number }): Promise<void> {
    const ws = new WebSocket(url, { perMessageDeflate: false });
    await once(ws, 'open');
    for (let left = bytes; left > 0; left -= CHUNK.length) {
      const chunk = CHUNK.subarray(0, Math.min(left, CHUNK.length));
      await new Promise<void>((sent, failed) => ws.send(chunk, (error) => (error ? failed(error) : sent())));
    }
  },
});
