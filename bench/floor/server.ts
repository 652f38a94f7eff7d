/** The floor's server: bare `ws` and `msgpackr`; counts arrivals and broadcasts one message that is encoded already. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { pack, unpack } from 'msgpackr';
import { WebSocketServer } from 'ws';
import { answer } from '../harness/answer.ts';
import { usage } from '../harness/usage.ts';

const release = pack(['release']);

async function open(n: number): Promise<string> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
  let arrived = 0;
  server.on('connection', (ws) => {
    ws.on('message', (data: Buffer) => {
      const [kind] = unpack(data) as [string];
      if (kind === 'echo') ws.send(data);
      else {
        arrived += 1;
        if (arrived < n) return;
        arrived = 0;
        for (const client of server.clients) client.send(release);
      }
    });
  });
  await once(server, 'listening');
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

answer({ open, usage });
