import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { LIMITS, TuttiError } from '@tutti/protocol';
import { expect, test } from 'vitest';
import { until } from '../members/lab.ts';
import { SocketLab } from './socket-lab.ts';

const open = () => new SocketLab().open();

test('a sync verb goes to the master with who asks and since when, and its answer comes back', async () => {
  const lab = await open();
  const caller = await lab.caller();
  caller.send('request-1', 'barrier', { name: 'ready', count: 2 });
  await until('it is asked', () => lab.asked.length === 1);
  expect(lab.asked[0]).toMatchObject({
    verb: 'barrier',
    request: 'request-1',
    at: 1000,
    args: { name: 'ready', count: 2 },
  });
  expect(lab.server.pending()).toEqual(['request-1']);
  lab.asked[0]?.answer({ generation: 0, rank: 1, size: 2, data: {} });
  expect(await caller.next()).toEqual({
    id: 'request-1',
    result: { generation: 0, rank: 1, size: 2, data: {} },
  });
  expect(lab.server.pending()).toEqual([]);
});

test('a failure carries its code and its sentence', async () => {
  const lab = await open();
  const caller = await lab.caller();
  caller.send('request-1', 'get', { key: 'k' });
  await until('it is asked', () => lab.asked.length === 1);
  lab.asked[0]?.fail(new TuttiError('WAIT_BROKEN', 'nobody is left'));
  expect(await caller.next()).toEqual({
    id: 'request-1',
    error: { code: 'WAIT_BROKEN', message: 'nobody is left' },
  });
});

test('a repetition while it is pending is the same call, and the newest connection gets the answer', async () => {
  const lab = await open();
  const [first, second] = [await lab.caller(), await lab.caller()];
  first.send('request-1', 'barrier', { name: 'ready' });
  await until('it is asked', () => lab.asked.length === 1);
  lab.now = 2000;
  second.send('request-1', 'barrier', { name: 'ready' });
  second.send('request-2', 'topology');
  await second.next();
  first.socket.destroy();
  await until('the first is gone', () => lab.server.connections === 1);
  expect(lab.asked).toHaveLength(1);
  expect(lab.asked[0]?.signal.aborted).toBe(false);
  lab.asked[0]?.answer('released');
  expect(await second.next()).toEqual({ id: 'request-1', result: 'released' });
});

test('what is reported and marked has no secrets in it', async () => {
  const lab = await open();
  const caller = await lab.caller();
  const said = { name: 'login a secret word', status: 'warn', message: 'with a secret word' };
  await caller.ask('request-1', 'result', said);
  await caller.ask('request-2', 'mark', { name: 'a secret word' });
  const stars = '*'.repeat('a secret word'.length);
  const lines = readFileSync(join(lab.dir, 'events.0'), 'utf8').trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    { event: 'result', name: `login ${stars}`, status: 'warn', message: `with ${stars}` },
    { event: 'mark', name: stars },
  ]);
});

test('a repetition after the answer gets the same answer, and the master is not asked', async () => {
  const lab = await open();
  const caller = await lab.caller();
  caller.send('request-1', 'incr', { key: 'k' });
  await until('it is asked', () => lab.asked.length === 1);
  lab.asked[0]?.answer({ value: 1 });
  expect(await caller.next()).toEqual({ id: 'request-1', result: { value: 1 } });
  expect(await (await lab.caller()).ask('request-1', 'incr', { key: 'k' })).toEqual({
    id: 'request-1',
    result: { value: 1 },
  });
  expect(lab.asked).toHaveLength(1);
});

test('a failure that may pass is tried again by a repetition', async () => {
  const lab = await open();
  const caller = await lab.caller();
  caller.send('request-1', 'set', { key: 'k', value: 1 });
  await until('it is asked', () => lab.asked.length === 1);
  lab.asked[0]?.fail(new TuttiError('NOT_CONNECTED', 'down'));
  await caller.next();
  caller.send('request-1', 'set', { key: 'k', value: 1 });
  await until('it is asked again', () => lab.asked.length === 2);
  expect(lab.asked.map(({ request }) => request)).toEqual(['request-1', 'request-1']);
});

test('a caller that goes withdraws what it waits for; a repetition carries the original time', async () => {
  const lab = await open();
  const first = await lab.caller();
  first.send('request-1', 'barrier', { name: 'ready' });
  await until('it is asked', () => lab.asked.length === 1);
  first.socket.destroy();
  await until('it is withdrawn', () => lab.asked[0]?.signal.aborted === true);
  expect(lab.server.pending()).toEqual([]);
  lab.now = 5000;
  const second = await lab.caller();
  second.send('request-1', 'barrier', { name: 'ready' });
  await until('it is asked again', () => lab.asked.length === 2);
  expect(lab.asked[1]).toMatchObject({ at: 1000 });
});

test('a caller that only closes its sending side has gone too', async () => {
  const lab = await open();
  const caller = await lab.caller();
  caller.send('request-1', 'barrier', { name: 'ready' });
  caller.socket.end();
  await until('it is withdrawn', () => lab.asked[0]?.signal.aborted === true);
  expect(lab.server.pending()).toEqual([]);
});

test('the member’s end withdraws every wait before the socket goes', async () => {
  const lab = await open();
  const caller = await lab.caller();
  caller.send('request-1', 'barrier', { name: 'ready' });
  await until('it is asked', () => lab.asked.length === 1);
  await lab.server.close();
  expect(lab.asked[0]?.signal.aborted).toBe(true);
  expect(await caller.next()).toMatchObject({ error: { code: 'CANCELLED' } });
  expect(existsSync(lab.path)).toBe(false);
});

test('an agent that goes withdraws nothing', async () => {
  const lab = await open();
  const caller = await lab.caller();
  caller.send('request-1', 'barrier', { name: 'ready' });
  await until('it is asked', () => lab.asked.length === 1);
  lab.server.detach();
  expect(await caller.next()).toBeUndefined();
  expect(lab.asked[0]?.signal.aborted).toBe(false);
  lab.asked[0]?.answer('for the test to end');
});

test('a result is on the disk when it is answered, and once however often it is sent', async () => {
  const lab = await open();
  const [one, two] = [await lab.caller(), await lab.caller()];
  const args = { name: 'tcp', status: 'pass', measure: 941, unit: 'Mbit/s' };
  expect(
    await Promise.all([one.ask('request-1', 'result', args), two.ask('request-2', 'result', args)]),
  ).toHaveLength(2);
  expect(await one.ask('request-1', 'result', args)).toEqual({ id: 'request-1', result: {} });
  const lines = readFileSync(join(lab.dir, 'events.0'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as object);
  expect(lines).toHaveLength(2);
  expect(lines[0]).toEqual({ event: 'result', at: 1000, request: expect.any(String) as string, ...args });
});

test('addresses and topology are answered here', async () => {
  const lab = await open();
  const caller = await lab.caller();
  expect(await caller.ask('request-1', 'addr', { member: 'client' })).toMatchObject({
    result: { addresses: ['10.0.0.2'] },
  });
  expect(await caller.ask('request-2', 'addr', { member: 'client.1' })).toMatchObject({
    result: { addresses: ['10.0.0.3'] },
  });
  expect(await caller.ask('request-3', 'addr', { member: 'clinet' })).toMatchObject({
    error: { code: 'BAD_PARAMS', message: 'addr: member: the test has no "clinet"; did you mean "client"?' },
  });
  expect(await caller.ask('request-4', 'topology')).toMatchObject({
    result: { self: 'server.0', members: { length: 3 } },
  });
  expect(lab.asked).toEqual([]);
});

test.each([
  ['an unknown verb', { id: 'request-1', call: 'barier' }, 'UNKNOWN_CALL', 'did you mean "barrier"?'],
  ['a verb of the prototype', { id: 'request-1', call: 'constructor' }, 'UNKNOWN_CALL', 'there are'],
  ['a missing argument', { id: 'request-1', call: 'barrier', args: {} }, 'BAD_PARAMS', 'barrier: name:'],
  [
    'a wrong type',
    { id: 'request-1', call: 'barrier', args: { name: 'a', count: '2' } },
    'BAD_PARAMS',
    'barrier: count:',
  ],
  [
    'a wrong status',
    { id: 'request-1', call: 'result', args: { name: 'a', status: 'ok' } },
    'BAD_PARAMS',
    'result: status:',
  ],
  ['no call', { id: 'request-1' }, 'BAD_PARAMS', 'call:'],
  ['no id', { call: 'keys' }, 'BAD_PARAMS', 'id:'],
  ['an id that is too short', { id: 'x', call: 'keys' }, 'BAD_PARAMS', 'id:'],
  ['no object', 7, 'BAD_PARAMS', 'request'],
])('%s is answered with what is wrong, and the connection goes on', async (_what, request, code, message) => {
  const lab = await open();
  const caller = await lab.caller();
  caller.socket.write(`${JSON.stringify(request)}\n`);
  const answer = await caller.next();
  expect(answer).toMatchObject({ error: { code, message: expect.stringContaining(message) as string } });
  expect(await caller.ask('request-9', 'addr', { member: 'server' })).toHaveProperty('result');
});

test('requests are understood however their bytes are cut', async () => {
  const lab = await open();
  const caller = await lab.caller();
  const text =
    '{"id":"request-1","call":"addr","args":{"member":"sérver ✓"}}\n\n{"id":"request-2","call":"topology"}\n';
  for (const byte of Buffer.from(text)) {
    await new Promise((resolve) => caller.socket.write(Buffer.from([byte]), resolve));
  }
  expect(await caller.next()).toMatchObject({
    id: 'request-1',
    error: { message: expect.stringContaining('sérver ✓') as string },
  });
  expect(await caller.next()).toMatchObject({ id: 'request-2', result: {} });
});

test('a line that never ends is refused and closed on; the next caller is served', async () => {
  const lab = await open();
  const caller = await lab.caller();
  caller.socket.write(Buffer.alloc(LIMITS.localLine.value + 1, 'x'));
  expect(await caller.next()).toMatchObject({ id: '', error: { code: 'BAD_PARAMS' } });
  expect(await caller.next()).toBeUndefined();
  expect(await (await lab.caller()).ask('request-1', 'topology')).toHaveProperty('result');
});

test('garbage harms only who sends it', async () => {
  const lab = await open();
  for (let round = 0; round < 50; round += 1) {
    const caller = await lab.caller();
    caller.socket.end(
      Buffer.concat([randomBytes(2000), Buffer.from('\n{"id":"request-1","call":"keys"}\n')]),
    );
    while ((await caller.next()) !== undefined);
  }
  expect(await (await lab.caller()).ask('request-1', 'topology')).toHaveProperty('result');
  await until('the others are gone', () => lab.server.connections === 1);
  expect(lab.asked.filter(({ signal }) => !signal.aborted)).toEqual([]);
});

test('a flood of requests is bounded', async () => {
  const lab = await open();
  const caller = await lab.caller();
  for (let n = 0; n < 1030; n += 1) caller.send(`request-${n}`, 'barrier', { name: `b${n}` });
  expect(await caller.next()).toMatchObject({ id: 'request-1024', error: { code: 'TOO_MANY_CALLS' } });
  expect(lab.asked).toHaveLength(1024);
});

test('more connections than there may be are turned away, and places are free again', async () => {
  const lab = await new SocketLab().open(2);
  const [first, second] = [await lab.caller(), await lab.caller()];
  await first.ask('request-1', 'topology');
  await second.ask('request-2', 'topology');
  await expect(once((await lab.caller()).socket, 'close')).resolves.toBeDefined();
  first.socket.destroy();
  await until('it is gone', () => lab.server.connections === 1);
  expect(await (await lab.caller()).ask('request-4', 'topology')).toHaveProperty('result');
});

test('a caller that does not read its answers is cut off', async () => {
  const lab = await open();
  const caller = await lab.caller();
  caller.socket.pause();
  let closed = false;
  caller.socket.on('close', () => {
    closed = true;
  });
  const value = 'x'.repeat(250_000);
  for (let n = 0; n < 64; n += 1) caller.send(`request-${n}`, 'get', { key: 'k' });
  await until('all are asked', () => lab.asked.length === 64);
  for (const each of lab.asked) each.answer({ found: true, value });
  await until('it is gone', () => lab.server.connections === 0);
  caller.socket.resume();
  await until('it knows', () => closed);
  expect(await (await lab.caller()).ask('request-100', 'topology')).toHaveProperty('result');
});

test('the socket is for its user alone', async () => {
  const lab = await open();
  expect(statSync(lab.path).mode & 0o777).toBe(0o600);
  expect(statSync(lab.path).isSocket()).toBe(true);
});

test('a master that never answers a withdrawal does not keep the member from ending', async () => {
  const lab = await new SocketLab().open(undefined, { deaf: true });
  const caller = await lab.caller();
  caller.send('request-1', 'barrier', { name: 'ready' });
  await until('it is asked', () => lab.asked.length === 1);
  await lab.server.close();
  expect(await caller.next()).toBeUndefined();
});
