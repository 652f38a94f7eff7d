/** Deliveries to a real HTTP server, well-behaved and not. */
import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Delivery, poster } from '../../src/notify/post.ts';

const never = new AbortController().signal;
const deliver = poster({ software: '1.2.3', secret: 'a secret', timeoutMs: 2000 });

interface Heard {
  readonly url: string | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

async function receiver(answer: (response: ServerResponse) => void) {
  const heard: Heard[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      heard.push({ url: request.url, headers: request.headers, body });
      answer(response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/hook?token=hidden`, host: `127.0.0.1:${port}`, heard, server };
}

const delivery = (url: string): Delivery => ({ id: 'd'.repeat(32), event: 'started', url, body: '{"ä": 1}' });

describe('a delivery', () => {
  test('is a signed POST of the very bytes', async () => {
    const { url, heard } = await receiver((response) => response.writeHead(204).end());
    expect(await deliver(delivery(url), never)).toEqual({ is: 'delivered' });
    expect(heard).toHaveLength(1);
    const [{ headers, body, url: path } = { headers: {}, body: '', url: '' }] = heard;
    expect(path).toBe('/hook?token=hidden');
    expect(body).toBe('{"ä": 1}');
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'user-agent': 'tutti/1.2.3',
      'x-tutti-event': 'started',
      'x-tutti-delivery': 'd'.repeat(32),
      'x-tutti-signature': `sha256=${createHmac('sha256', 'a secret').update(body).digest('hex')}`,
    });
  });

  test('without a secret is not signed', async () => {
    const { url, heard } = await receiver((response) => response.end());
    await poster({ software: '1' })(delivery(url), never);
    expect(heard[0]?.headers).not.toHaveProperty('x-tutti-signature');
  });

  test.each([500, 503, 404, 429])('that is answered %i has failed', async (status) => {
    const { url, host } = await receiver((response) => response.writeHead(status).end('no'));
    expect(await deliver(delivery(url), never)).toEqual({ is: 'failed', why: `${host} answered ${status}` });
  });

  test('to a receiver that is gone is not tried again', async () => {
    const { url, host } = await receiver((response) => response.writeHead(410).end());
    expect(await deliver(delivery(url), never)).toEqual({ is: 'gone', why: `${host} answered 410` });
  });

  test('is not redirected', async () => {
    const other = await receiver((response) => response.end());
    const { url, host } = await receiver((response) =>
      response.writeHead(307, { location: other.url }).end(),
    );
    expect(await deliver(delivery(url), never)).toEqual({ is: 'failed', why: `${host} answered 307` });
    expect(other.heard).toEqual([]);
  });

  test('to a receiver that hangs ends', async () => {
    const { url, host } = await receiver(() => {});
    const hasty = poster({ software: '1', timeoutMs: 50 });
    expect(await hasty(delivery(url), never)).toEqual({
      is: 'failed',
      why: `${host} did not answer within 0.05 s`,
    });
  });

  test('to a receiver that sends without end ends', async () => {
    const { url } = await receiver((response) => {
      response.writeHead(200);
      response.write('x'.repeat(1000));
    });
    expect(await deliver(delivery(url), never)).toEqual({ is: 'delivered' });
  });

  test('to nobody, or to one that closes, says so without the address', async () => {
    const { url, host, server } = await receiver((response) => response.destroy());
    const why = async () => ((await deliver(delivery(url), never)) as { why?: string }).why;
    expect(await why()).toContain(`${host} cannot be reached`);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    expect(await why()).toBe(`${host} cannot be reached: ECONNREFUSED`);
    expect(await why()).not.toContain('hidden');
  });

  test('is ended by the end of the master', async () => {
    const { url } = await receiver(() => {});
    const over = new AbortController();
    const delivering = deliver(delivery(url), over.signal);
    over.abort();
    expect(await delivering).toMatchObject({ is: 'failed' });
  });
});
