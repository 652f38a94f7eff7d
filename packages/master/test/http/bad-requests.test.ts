import { LIMITS } from '@tutti/protocol';
import { eventually } from '@tutti/testkit';
import { describe, expect, test } from 'vitest';
import { apiLab, raw, refusal, requestText, TOKEN } from './api-lab.ts';

const JSON_BODY = { 'content-type': 'application/json' };

describe('what is asked wrongly', () => {
  test.for([
    [
      'POST',
      '/api/v1/call/nodes.lst',
      404,
      'UNKNOWN_CALL',
      'unknown call "nodes.lst"; did you mean nodes.list?',
    ],
    [
      'POST',
      '/api/v1/call/run.watch',
      404,
      'UNKNOWN_CALL',
      'run.watch works by a session; over HTTP it is GET /api/v1/runs/{run}/events',
    ],
    ['POST', '/api/v1/call/__proto__', 404, 'UNKNOWN_CALL', 'unknown call "__proto__"'],
    ['POST', '/api/v1/call/a/b', 404, 'NO_SUCH_ROUTE', 'there is no /api/v1/call/a/b'],
    ['GET', '/api/v1/call/nodes.list', 405, 'WRONG_METHOD', '/api/v1/call/nodes.list is for POST, not GET'],
    ['DELETE', '/api/v1/runs/1/report', 405, 'WRONG_METHOD', 'is for GET or HEAD, not DELETE'],
    ['PATCH', `/api/v1/blobs/${'0'.repeat(64)}`, 405, 'WRONG_METHOD', 'is for PUT or GET or HEAD, not PATCH'],
    ['GET', '/api/v1', 404, 'NO_SUCH_ROUTE', 'there is no /api/v1'],
    ['GET', '/api/v2/openapi.json', 404, 'NO_SUCH_ROUTE', 'there is no /api/v2/openapi.json'],
    ['GET', '/api/v1/runs/1/reports', 404, 'NO_SUCH_ROUTE', 'there is no /api/v1/runs/1/reports'],
    ['GET', '/api/v1/%zz', 400, 'BAD_PARAMS', 'the request cannot be read: '],
    ['GET', '/api/v1/runs/1/report', 404, 'NO_SUCH_RUN', 'the master knows no run 1; it has had none yet'],
    ['GET', '/api/v1/runs/0/report', 400, 'BAD_PARAMS', '/api/v1/runs/{run}/report: run: '],
    ['GET', '/api/v1/runs/1.5/report', 400, 'BAD_PARAMS', 'run: must be a whole number'],
    ['GET', '/api/v1/runs/1/report?format=pdf', 400, 'BAD_PARAMS', 'the query: format: '],
    [
      'GET',
      '/api/v1/runs/1/report?fromat=html',
      400,
      'BAD_PARAMS',
      'the query: (the whole): Unrecognized key: "fromat"',
    ],
    [
      'GET',
      '/api/v1/runs/1/logs?source=stdin',
      400,
      'BAD_PARAMS',
      'the query: source: must be stdout or stderr',
    ],
    ['GET', '/api/v1/runs/1/logs?follow=yes', 400, 'BAD_PARAMS', 'the query: follow: must be true or false'],
    ['GET', '/api/v1/runs/1/logs?ago=-1', 400, 'BAD_PARAMS', 'the query: ago: must be a number'],
    ['PUT', '/api/v1/blobs/xyz', 400, 'BAD_PARAMS', 'digest: a digest is 64 lower-case hex digits'],
  ] as const)('%s %s: %i', async ([method, path, status, code, message]) => {
    const { ask } = await apiLab();
    const response = await ask(path, { method });
    const [found, foundCode, text] = await refusal(response);
    expect([found, foundCode]).toEqual([status, code]);
    expect(text).toContain(message);
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    if (status === 405)
      expect(response.headers.get('allow')).toBe(/for (.*), not/.exec(message.replaceAll(' or ', ', '))?.[1]);
  });

  test.for([
    ['no JSON', JSON_BODY, '{"run":', 400, 'BAD_PARAMS'],
    ['not UTF-8', JSON_BODY, Buffer.from([0x22, 0xff, 0x22]), 400, 'BAD_PARAMS'],
    ['nothing, said to be JSON', JSON_BODY, '', 400, 'BAD_PARAMS'],
    ['another prototype', JSON_BODY, '{"run":1,"__proto__":{"x":1}}', 400, 'BAD_PARAMS'],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, 'run=1', 415, 'WRONG_CONTENT_TYPE'],
    ['text', { 'content-type': 'text/plain' }, '{"run":1}', 415, 'WRONG_CONTENT_TYPE'],
    ['of no kind', { 'content-type': '' }, '{"run":1}', 415, 'WRONG_CONTENT_TYPE'],
    ['a kind that is none', { 'content-type': '%%%' }, '{"run":1}', 415, 'WRONG_CONTENT_TYPE'],
    ['packed', { ...JSON_BODY, 'content-encoding': 'gzip' }, 'x', 415, 'WRONG_CONTENT_TYPE'],
    ['too long', JSON_BODY, JSON.stringify({ x: 'x'.repeat(LIMITS.httpBody.value) }), 413, 'BODY_TOO_LARGE'],
    ['nested a hundred thousand deep', JSON_BODY, '['.repeat(100_000), 400, 'BAD_PARAMS'],
  ] as const)('a body that is %s', async ([, headers, body, status, code]) => {
    const { ask } = await apiLab();
    const response = await ask('/api/v1/call/run.ps', { method: 'POST', headers, body });
    expect((await refusal(response)).slice(0, 2)).toEqual([status, code]);
  });

  test('a name that is longer than any is quoted in part', async () => {
    const { call, ask } = await apiLab();
    const [status, body] = await call('x'.repeat(3000));
    expect([status, body]).toEqual([
      404,
      { error: { code: 'UNKNOWN_CALL', message: `unknown call "${'x'.repeat(128)}"` } },
    ]);
    const [tooLong, code, message] = await refusal(
      await ask(`/api/v1/call/${'x'.repeat(9000)}`, { method: 'POST' }),
    );
    expect([tooLong, code]).toEqual([400, 'BAD_PARAMS']);
    expect(message.length).toBeLessThan(1000);
  });

  test('a body without end is cut off at its bound', async () => {
    const { url } = await apiLab();
    const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
    const head = requestText('POST /api/v1/call/run.ps', { ...JSON_BODY, 'transfer-encoding': 'chunked' });
    const answer = await raw(url, head + chunk.repeat(17));
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer).toContain('"BODY_TOO_LARGE"');
  });

  test.for([
    ['none', {}, 'the request carries no token'],
    ['a wrong one', { authorization: 'Bearer guess' }, "the request's token is not this master's"],
    ['another scheme', { authorization: `Basic ${btoa(`x:${TOKEN}`)}` }, 'the request carries no token'],
  ] as const)('%s for a token', async ([, headers, message]) => {
    const { url, loaded } = await apiLab();
    for (const path of ['/api/v1/openapi.json', '/api/v1/call/nodes.list', '/api/v1/nothing', '/api/%zz']) {
      const response = await fetch(url + path, { headers });
      expect(await refusal(response)).toEqual([401, 'WRONG_TOKEN', message]);
      expect(response.headers.get('www-authenticate')).toBe('Bearer');
    }
    // Strangers cost nothing that was not there.
    expect(loaded()).toBe(0);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
  });

  test('what a stranger sends is not read', async () => {
    const { url } = await apiLab();
    const head = requestText('POST /api/v1/call/run.ps', {
      authorization: '',
      connection: 'keep-alive',
      'content-length': '1000000000',
    });
    // It ends although neither side has said all.
    expect(await raw(url, head)).toMatch(/^HTTP\/1\.1 401 [^]*"WRONG_TOKEN"/);
  });

  test('garbage behind a request ends its connection, after its answer', async () => {
    const { url, gate } = await apiLab();
    const first = requestText('GET /api/v1/openapi.json', { connection: 'keep-alive' });
    const answer = await raw(url, `${first}\x00\xff\r\nno request at all\r\n\r\n`);
    expect(answer).toMatch(/HTTP\/1\.1 400 Bad Request/);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    await eventually(() => gate.debugState().requests === 0);
  });

  test('a client that would rather speak HTTP/2 is answered all the same', async () => {
    const { url } = await apiLab();
    const offer = {
      connection: 'close, Upgrade, HTTP2-Settings',
      upgrade: 'h2c',
      'http2-settings': 'AAMAAABk',
    };
    const answer = await raw(url, requestText('POST /api/v1/call/nodes.list', offer));
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK[^]*\{"nodes":\[\],"more":false\}$/);
  });

  test('many requests in one go are each answered', async () => {
    const { url } = await apiLab();
    const many = requestText('GET /api/v1/runs/7/report', { connection: 'keep-alive' }).repeat(50);
    const answer = await raw(url, many + requestText('GET /api/v1/openapi.json'));
    expect(answer.match(/HTTP\/1\.1 404 Not Found/g)).toHaveLength(50);
    expect(answer.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(1);
  });
});
