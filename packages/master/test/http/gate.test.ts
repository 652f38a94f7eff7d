import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { LIMITS } from '@tutti/protocol';
import { eventually } from '@tutti/testkit';
import { describe, expect, test } from 'vitest';
import { Gate } from '../../src/http/gate.ts';
import { quiet } from '../lab.ts';
import { role, testSpec } from '../runs/a-test.ts';
import { temporaryDirectory } from '../temporary-directory.ts';
import { AUTHORIZED, apiLab, refusal, requestText, TOKEN } from './api-lab.ts';

const SPEC = { suite: 'suite', files: [], tests: [testSpec([role('client')])] };

describe('the gate', () => {
  test('lets in so many at a time, and the next when one is done', async () => {
    const hold = Promise.withResolvers<{ runs: []; more: false }>();
    const { ask, call, gate } = await apiLab({ limit: 2, calls: { 'runs.list': () => hold.promise } });
    const held = [call('runs.list'), call('runs.list')];
    await eventually(() => gate.debugState().requests === 2);
    const refused = await ask('/api/v1/openapi.json');
    expect(await refusal(refused)).toEqual([503, 'TOO_MANY_CALLS', 'more than 2 HTTP requests are open']);
    expect(refused.headers.get('retry-after')).toBe('1');
    hold.resolve({ runs: [], more: false });
    expect(await Promise.all(held)).toEqual([
      [200, { runs: [], more: false }],
      [200, { runs: [], more: false }],
    ]);
    await eventually(() => gate.debugState().requests === 0);
    expect((await ask('/api/v1/openapi.json')).status).toBe(200);
  });

  test('lets in so many readers of logs, and the next when one has gone', async () => {
    const { ask, submit, gate } = await apiLab();
    // Without machines it waits.
    await submit(
      { ...SPEC, tests: [{ ...SPEC.tests[0]!, roles: [role('client')] }] },
      { waitForNodes: true },
    );
    const stop = new AbortController();
    const follow = (signal?: AbortSignal) =>
      ask('/api/v1/runs/1/logs?follow=true', signal === undefined ? {} : { signal });
    const readers = await Promise.all(
      Array.from({ length: LIMITS.httpFeeds.value }, (_, n) => follow(n === 0 ? stop.signal : undefined)),
    );
    expect(readers.map(({ status }) => status)).toEqual(readers.map(() => 200));
    expect((await refusal(await follow())).slice(0, 2)).toEqual([503, 'TOO_MANY_CALLS']);
    stop.abort();
    await eventually(() => gate.debugState().requests === LIMITS.httpFeeds.value - 1);
    expect((await follow()).status).toBe(200);
  });

  test('loads the API when it is first asked for, once', async () => {
    const { call, loaded } = await apiLab();
    expect(loaded()).toBe(0);
    await Promise.all([call('nodes.list'), call('nodes.list'), call('nodes.list')]);
    expect(loaded()).toBe(1);
  });

  test('says so when the API cannot be loaded, and tries again', async () => {
    const { lab } = await apiLab();
    let tried = 0;
    const gate = new Gate({
      token: TOKEN,
      log: quiet,
      load: () => {
        tried += 1;
        return Promise.reject(new Error('api.js is gone'));
      },
    });
    const answers: [number, string][] = [];
    const response = () => ({
      once: () => {},
      writeHead: (status: number) => answers.push([status, '']),
      end: (text: string) => {
        answers.at(-1)![1] = text;
      },
    });
    for (let time = 1; time <= 2; time += 1) {
      gate.handle({ headers: AUTHORIZED, socket: { setKeepAlive: () => {} } } as never, response() as never);
      await eventually(() => answers.length === time);
      expect(tried).toBe(time);
    }
    expect(answers[0]).toEqual([500, '{"error":{"code":"INTERNAL","message":"api.js is gone"}}']);
    expect(lab.clock.timers).toBeGreaterThanOrEqual(0);
  });

  test('ends whatever is open when the master stops', async () => {
    const aborted = Promise.withResolvers<void>();
    const { call, gate, close } = await apiLab({
      calls: {
        'runs.list': (_, { signal }) =>
          new Promise((_resolve, reject) => {
            signal.addEventListener('abort', () => {
              aborted.resolve();
              reject(signal.reason as Error);
            });
          }),
      },
    });
    const waiting = call('runs.list').catch((error: unknown) => error);
    await eventually(() => gate.debugState().requests === 1);
    await close();
    await aborted.promise;
    expect(await waiting).toBeInstanceOf(TypeError);
    expect(gate.debugState()).toEqual({ requests: 0 });
  });

  test('is the same behind a Unix socket', async () => {
    const path = join(await temporaryDirectory(), 'master.sock');
    await apiLab({ address: { path } });
    const socket = connect(path);
    socket.setEncoding('utf8');
    socket.write(requestText('POST /api/v1/call/nodes.list'));
    let answer = '';
    socket.on('data', (text: string) => {
      answer += text;
    });
    await once(socket, 'close');
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK[^]*\{"nodes":\[\],"more":false\}$/);
  });
});
