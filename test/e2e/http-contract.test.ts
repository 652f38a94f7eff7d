/** Every call and every route of the HTTP API, once done and once refused by a real master: all is as the OpenAPI document says. */
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Report } from '@tutti/protocol';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { HttpClient } from './support/http-client.ts';
import { CLIENT, eventsOf, FAILING, newId, SERVER, submit, WAITING } from './support/http-runs.ts';
import { agentsOf } from './support/pool.ts';
import { Machine } from './support/reboot.ts';
import { eventually, type RunningMaster, startMaster, temporaryDirectory } from './support/tutti.ts';

test('every call and every route answers as its document says, done and refused', {
  timeout: 180_000,
}, async () => {
  const state = await temporaryDirectory();
  await writeFile(join(state, 'nodes.yaml'), 'machines:\n  - power: { on: "echo lights on" }\n');
  const master = await startMaster({ state });
  await agentsOf(master, 2);
  const machine = await Machine.start(master, 'zz');
  const client = await HttpClient.of(master);
  const run = await submit(client, 'quick', [SERVER, CLIENT]);
  await eventsOf(client, run);
  const nobody = 999;
  const digest = '0'.repeat(64);
  const request = () => newId();

  const hello = { protocol: { major: 1, minor: 0 }, software: 'test' };
  await client.do('client.hello', hello);
  expect(await client.refusal('client.hello', { ...hello, protocol: { major: 99, minor: 0 } })).toBe(
    'PROTOCOL_MISMATCH',
  );
  for (const name of ['nodes.list', 'nodes.health', 'runs.list', 'nodes.watch', 'runs.watch'])
    await client.do(name, {});
  expect(await client.refusal('nodes.list', { after: '/' })).toBe('BAD_PARAMS');
  expect(await client.refusal('nodes.health', { after: 7 })).toBe('BAD_PARAMS');
  expect(await client.refusal('runs.list', { before: 0 })).toBe('BAD_PARAMS');
  expect(await client.refusal('nodes.watch', { timeout: -1 })).toBe('BAD_PARAMS');
  expect(await client.refusal('runs.watch', { since: 'now' })).toBe('BAD_PARAMS');
  const order = { nodes: ['n1'], order: 'drained', on: true, reason: 'a look' };
  await client.do('node.order', order);
  await client.do('node.order', { ...order, on: false });
  expect(await client.refusal('node.order', { ...order, nodes: ['n9'] })).toBe('NO_SUCH_NODE');
  await client.do('node.label', { nodes: ['n1'], set: { rack: 'a' }, remove: [] });
  expect(await client.refusal('node.label', { nodes: ['n9'], set: {}, remove: [] })).toBe('NO_SUCH_NODE');
  const power = { request: newId(), node: 'n1', action: 'on', force: false };
  expect(await client.do('node.power', power)).toEqual({ output: 'lights on\n' });
  expect(await client.refusal('node.power', { ...power, request: newId(), action: 'off' })).toBe('NO_POWER');
  expect(await client.refusal('blob.missing', { blobs: [{ digest: 'x', size: 0 }] })).toBe('BAD_PARAMS');
  expect(await client.refusal('run.submit', { id: newId(), spec: { digest, size: 1 }, owned: false })).toBe(
    'DIGEST_MISMATCH',
  );

  const waiting = await submit(client, 'waits', [WAITING]);
  for (const name of ['run.ps', 'run.explain']) {
    await client.do(name, { run: waiting });
    expect(await client.refusal(name, { run: nobody })).toBe('NO_SUCH_RUN');
  }
  const live = await client.ask('run.report', { run: waiting });
  expect(Report.parse(parse(live.text)).status).toBe('RUNNING');
  await client.do('run.cancel', { run: waiting, reason: 'enough' });
  expect((await eventsOf(client, waiting)).at(-1)?.data).toMatchObject({ status: 'INTERRUPTED' });
  expect(await client.refusal('run.cancel', { run, reason: 'too late' })).toBe('RUN_FINISHED');
  const pauses = await submit(client, 'pauses', [WAITING, FAILING], {}, { pauseOnFailure: 60 });
  await eventually(async () => {
    const { test: at } = await client.do<{ test: { state: string } }>('run.ps', { run: pauses });
    expect(at.state).toBe('paused');
  });
  await client.do('run.freeze', { run: pauses, member: 'server.0', frozen: true });
  const decision = { run: pauses, how: 'abort', by: 'a program', request: newId() };
  await client.do('run.resume', decision);
  // Asked again, as after a lost answer, it is the same decision.
  await client.do('run.resume', decision);
  expect((await eventsOf(client, pauses)).at(-1)?.data).toMatchObject({ status: 'INTERRUPTED' });
  expect(await client.refusal('run.resume', { ...decision, request: newId() })).toBe('NOT_PAUSED');
  expect(await client.refusal('run.freeze', { run: pauses, member: 'server.0', frozen: true })).toBe(
    'NOT_PAUSED',
  );
  await client.do('test.history', { test: 'quick' });
  expect(await client.refusal('test.history', { test: 'nix' })).toBe('NO_SUCH_TEST');
  const again = await client.do<{ run: number }>('run.rerun', { id: newId(), run, failed: false });
  await eventsOf(client, again.run);
  expect(await client.refusal('run.rerun', { id: newId(), run, failed: true })).toBe('NOTHING_TO_RERUN');

  await onMachine(client, machine, master);

  for (const name of ['run.report', 'run.files', 'run.logs', 'run.events']) {
    await client.do(name, undefined, { run });
    expect(await client.refusal(name, undefined, { run: nobody })).toBe('NO_SUCH_RUN');
  }
  await client.do('run.file', undefined, { run, path: 'report.yaml' });
  expect(await client.refusal('run.file', undefined, { run, path: 'report.yml' })).toBe('NO_SUCH_FILE');
  expect(await client.refusal('run.file', undefined, { run, path: '../2-by-http/report.yaml' })).toBe(
    'PATH_ESCAPES',
  );
  const beyond = await client.ask('run.report', { run }, undefined, { range: 'bytes=1000000-' });
  expect(beyond.status).toBe(416);
  const unchanged = (await client.ask('run.report', { run })).headers['etag']!;
  expect((await client.ask('run.report', { run }, undefined, { 'if-none-match': unchanged })).status).toBe(
    304,
  );
  const told = await client.ask('run.events', { run }, undefined, { 'last-event-id': 'finished' });
  expect([told.status, told.text]).toEqual([204, '']);
  const octets = { 'content-type': 'application/octet-stream' };
  expect((await client.ask('blob.put', { digest }, Buffer.from('x'), octets)).status).toBe(409);
  const mine = createHash('sha256').update('mine').digest('hex');
  await client.do('blob.put', Buffer.from('mine'), { digest: mine }, octets);
  expect(await client.do<string>('blob.get', undefined, { digest: mine })).toBe('mine');
  expect(await client.refusal('blob.get', undefined, { digest })).toBe('NO_SUCH_FILE');
  for (const name of ['openapi', 'healthz', 'readyz']) await client.do(name);
  await client.ask('openapi.head');
  await client.ask('run.report.head', { run });
  await client.ask('run.file.head', { run, path: 'report.yaml' });
  await client.ask('blob.get.head', { digest: mine });

  expect(client.problems).toEqual([]);
  const all = [...client.contract.operations().keys()];
  expect(all.length).toBeGreaterThan(20);
  expect(all.filter((id) => !client.done.has(id))).toEqual([]);
  // What cannot be asked wrongly is not refused but for the token.
  const plain = ['openapi', 'healthz', 'readyz'];
  expect(all.filter((id) => !client.refused.has(id) && !id.endsWith('.head') && !plain.includes(id))).toEqual(
    [],
  );

  /** What is done on machines. */
  async function onMachine(by: HttpClient, rebooting: Machine, of: RunningMaster): Promise<void> {
    const at = { node: 'n1' };
    const elsewhere = { node: 'n9' };
    const started = await by.do<{ command: string }>('node.start', {
      request: request(),
      at,
      args: { command: 'echo hi' },
    });
    const command = { command: started.command };
    expect(await by.do('node.ended', { request: request(), at, args: command })).toMatchObject({
      exit: { code: 0 },
    });
    await by.do('node.stop', { request: request(), at, args: command });
    const sleeping = await by.do<{ command: string }>('node.start', {
      request: request(),
      at,
      args: { command: 'sleep 600' },
    });
    await by.do('node.kill', { request: request(), at, args: { command: sleeping.command, signal: 'KILL' } });
    await by.do('node.ended', { request: request(), at, args: { command: sleeping.command } });
    const dir = await temporaryDirectory();
    await writeFile(join(dir, 'from'), 'there');
    const got = await by.do<{ kind: string; manifest: { digest: string; size: number } }>('node.get', {
      ...{ request: request(), at, args: { path: join(dir, 'from') } },
    });
    await by.do('node.put', { request: request(), at, args: { ...got, path: join(dir, 'to') } });
    expect(await readFile(join(dir, 'to'), 'utf8')).toBe('there');
    await by.do('node.wait', {
      request: request(),
      at,
      args: { for: { is: 'file', path: join(dir, 'to') } },
    });
    await by.do('node.facts', { request: request(), at, args: {} });
    const opened = await by.do<{ terminal: string }>('node.open', {
      request: request(),
      at,
      args: { command: 'cat; exit 3', screen: { columns: 80, rows: 24 } },
    });
    const bytes = (text: string) => Buffer.from(text).toString('base64');
    await by.do('node.write', {
      ...{ request: request(), at, args: { ...opened, at: 0, bytes: bytes('hi\n\x04') } },
    });
    await by.do('node.resize', { request: request(), at, args: { ...opened, columns: 90, rows: 30 } });
    const read = await by.do<{ pieces: { bytes: string }[] }>('node.read', {
      ...{ request: request(), at, args: { ...opened, from: 0 } },
    });
    expect(Buffer.from(read.pieces[0]?.bytes ?? '', 'base64').toString()).toContain('hi');
    expect(await by.do('node.attend', { request: request(), at, args: opened })).toMatchObject({
      exit: { code: 3 },
    });
    await by.do('node.close', { request: request(), at, args: opened });
    const back = by.do('node.reboot', { request: request(), at: { node: rebooting.name }, args: {} });
    await eventually(() => rebooting.toldToReboot, { timeout: 20_000 });
    await rebooting.crash();
    await rebooting.boot(of);
    expect(await back).toMatchObject({ boot: expect.stringContaining('boot') });
    const some = { command: newId() };
    for (const [name, args] of [
      ['node.start', { command: 'true' }],
      ['node.ended', some],
      ['node.stop', some],
      ['node.kill', some],
      ['node.put', { ...got, path: join(dir, 'to') }],
      ['node.get', { path: '/nowhere' }],
      ['node.wait', { for: { is: 'file', path: '/nowhere' } }],
      ['node.reboot', {}],
      ['node.facts', {}],
      ['node.open', {}],
      ['node.read', { terminal: newId(), from: 0 }],
      ['node.write', { terminal: newId(), at: 0, bytes: '' }],
      ['node.resize', { terminal: newId(), columns: 80, rows: 24 }],
      ['node.attend', { terminal: newId() }],
      ['node.close', { terminal: newId() }],
    ] as const)
      expect(await by.refusal(name, { request: request(), at: elsewhere, args }), name).toBe('NO_SUCH_NODE');
  }
});
