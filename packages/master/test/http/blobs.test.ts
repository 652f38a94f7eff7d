import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { LIMITS } from '@tutti/protocol';
import { eventually } from '@tutti/testkit';
import { expect, test } from 'vitest';
import { apiLab, raw, requestText } from './api-lab.ts';

const digestOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const BYTES = Buffer.alloc(300_000, 'tutti');
const DIGEST = digestOf(BYTES);

test('a file is staged under its digest, and found there', async () => {
  const { lab, put, call, ask } = await apiLab();
  const blobs = [{ digest: DIGEST, size: BYTES.byteLength }];
  expect(await call('blob.missing', { blobs })).toEqual([200, { missing: [0] }]);
  const response = await put(BYTES);
  expect([response.status, await response.json()]).toEqual([200, blobs[0]]);
  expect(await call('blob.missing', { blobs })).toEqual([200, { missing: [] }]);
  expect((await readFile(lab.blobs.path(DIGEST))).equals(BYTES)).toBe(true);
  expect((await put(BYTES)).status).toBe(200);
  const back = await ask(`/api/v1/blobs/${DIGEST}`, { headers: { range: 'bytes=0-4' } });
  expect([back.status, await back.text()]).toEqual([206, 'tutti']);
});

test('an empty file is one, too', async () => {
  const { put } = await apiLab();
  expect((await put(Buffer.alloc(0))).status).toBe(200);
});

test('a file of another digest is refused, and nothing of it stays', async () => {
  const { lab, ask } = await apiLab();
  const response = await ask(`/api/v1/blobs/${DIGEST}`, { method: 'PUT', body: Buffer.from('another') });
  expect([response.status, await response.json()]).toMatchObject([
    409,
    { error: { code: 'DIGEST_MISMATCH' } },
  ]);
  expect(await lab.blobs.has(DIGEST)).toBe(false);
  expect((await ask(`/api/v1/blobs/${DIGEST}`)).status).toBe(404);
});

test('one that broke off is sent again from its beginning, and is whole', async () => {
  const { url, gate, lab, put } = await apiLab();
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.write(requestText(`PUT /api/v1/blobs/${DIGEST}`, { 'content-length': `${BYTES.byteLength}` }));
  socket.write(BYTES.subarray(0, 200_000));
  const partial = `${lab.blobs.path(DIGEST)}.part`;
  await eventually(async () => (await readFile(partial).catch(() => '')).length > 100_000);
  socket.destroy();
  await eventually(() => gate.debugState().requests === 0);
  expect((await put(BYTES)).status).toBe(200);
  expect((await readFile(lab.blobs.path(DIGEST))).equals(BYTES)).toBe(true);
  expect(lab.clock.timers).toBe(0);
});

test('what was kept of one that broke off is not believed', async () => {
  const { lab, put } = await apiLab();
  const writer = await lab.blobs.writer(DIGEST, BYTES.byteLength);
  await writer.write(Buffer.from('damaged'));
  await writer.abort();
  const first = await put(BYTES);
  expect([first.status, await first.json()]).toMatchObject([409, { error: { code: 'DIGEST_MISMATCH' } }]);
  expect((await put(BYTES)).status).toBe(200);
});

test('one that is too large, or of no known length, is refused before it is read', async () => {
  const { url } = await apiLab();
  const tooLarge = `${LIMITS.httpBlob.value + 1}`;
  const path = `PUT /api/v1/blobs/${DIGEST}`;
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.setEncoding('utf8');
  let answer = '';
  socket.on('data', (text: string) => {
    answer += text;
  });
  socket.write(requestText(path, { 'content-length': tooLarge }));
  await eventually(() => answer.includes('"BODY_TOO_LARGE"'));
  expect(answer).toMatch(/^HTTP\/1\.1 413 /);
  socket.destroy();
  expect(await raw(url, requestText(path, { 'transfer-encoding': 'chunked' }, '0\r\n\r\n'))).toMatch(
    /^HTTP\/1\.1 400 [^]*Content-Length/,
  );
});

test('whoever sends nothing for a minute is cut off', async () => {
  const { url, lab, gate } = await apiLab();
  const answer = raw(url, requestText(`PUT /api/v1/blobs/${DIGEST}`, { 'content-length': '10' }, 'abc'));
  await eventually(() => lab.clock.timers === 1);
  lab.clock.advance(60_000);
  await answer;
  await eventually(() => gate.debugState().requests === 0);
  expect(lab.clock.timers).toBe(0);
});

test('a blob is nothing but what has its digest', async () => {
  const { lab, ask } = await apiLab();
  await writeFile(`${lab.dir}/blobs/secret`, 'sesame');
  for (const name of ['secret', '..%2fsecret', '%2e%2e'])
    expect((await ask(`/api/v1/blobs/${name}`)).status, name).not.toBe(200);
});
