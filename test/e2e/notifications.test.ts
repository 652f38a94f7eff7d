/** Webhooks, as a receiver sees them: a real HTTP server that answers, fails, and a master that is killed. */
import { createHmac } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Notification } from '@tutti/protocol';
import { expect, onTestFinished, test } from 'vitest';
import { agentsOf } from './support/pool.ts';
import { folder } from './support/results.ts';
import { eventually, startMaster, temporaryDirectory, tutti } from './support/tutti.ts';

interface Delivery extends Notification {
  readonly path: string;
  readonly genuine: boolean;
}

const SECRET = 'known to both';

/** `answer` gives the status for the nth request. */
async function receiver(answer: (n: number) => number) {
  const heard: Delivery[] = [];
  let requests = 0;
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const status = answer(requests);
      requests += 1;
      const signature = `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`;
      heard.push({
        ...Notification.parse(JSON.parse(body)),
        path: request.url ?? '',
        genuine: request.headers['x-tutti-signature'] === signature,
      });
      response.writeHead(status).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, heard };
}

async function secretFile(mode: number): Promise<string> {
  const path = join(await temporaryDirectory(), 'webhook.secret');
  await writeFile(path, `${SECRET}\n`, { mode });
  return path;
}

const events = (heard: readonly Delivery[]) => heard.map(({ event, path }) => `${event} ${path}`);

test('a run tells the webhooks of its master and its own, signed; what a killed master owed is told by the next', async () => {
  let refuses = false;
  const hook = await receiver(() => (refuses ? 503 : 204));
  const args = ['--webhook', `${hook.url}/all`, '--webhook-secret-file', await secretFile(0o600)];
  const master = await startMaster({ args });
  await agentsOf(master, 1);
  const cwd = await folder({
    'suite.yaml': 'suite: told\nroles: { a: exit 1 }\ntests: [{ name: one }, { name: two }]\n',
  });
  const first = await tutti(['run', 'suite.yaml', '--notify', `${hook.url}/own`], { cwd, env: master.env });
  expect(first.code).toBe(1);
  await eventually(() => hook.heard.length === 6, { timeout: 10_000, every: 20 });
  for (const path of ['/all', '/own'])
    expect(events(hook.heard).filter((line) => line.endsWith(path))).toEqual([
      `started ${path}`,
      `first-failure ${path}`,
      `finished ${path}`,
    ]);
  expect(hook.heard.every(({ genuine }) => genuine)).toBe(true);
  expect(hook.heard.find(({ event }) => event === 'first-failure')?.failure).toMatchObject({
    test: 'one',
    status: 'FAIL',
  });
  expect(hook.heard.find(({ event }) => event === 'finished')?.run).toMatchObject({
    suite: 'told',
    status: 'FAIL',
    exit: 1,
    summary: { total: 2, fail: 2 },
  });

  refuses = true;
  hook.heard.length = 0;
  await tutti(['run', 'suite.yaml'], { cwd, env: master.env });
  await eventually(() => hook.heard.length > 0, { timeout: 10_000, every: 20 });
  const [refused] = hook.heard;
  master.process.kill('SIGKILL');
  await master.process.ended;
  refuses = false;
  hook.heard.length = 0;
  await startMaster({ state: master.state, listen: master.url.replace('ws://', ''), args });
  await eventually(() => hook.heard.length === 3, { timeout: 20_000, every: 20 });
  expect(events(hook.heard)).toEqual(['started /all', 'first-failure /all', 'finished /all']);
  expect(hook.heard[0]?.delivery).toBe(refused?.delivery);
  expect(hook.heard[0]?.run.number).toBe(2);
});

test('a run on this machine alone tells its webhook too', async () => {
  const hook = await receiver(() => 200);
  const args = ['run', '--local', '--role', 'a=true', '--notify', hook.url];
  expect((await tutti(args)).code).toBe(0);
  expect(events(hook.heard)).toEqual(['started /', 'finished /']);
});

test('addresses and secret files that will not do are refused before anything runs', async () => {
  const refused = async (...args: string[]) => {
    const { code, stderr } = await tutti(args);
    expect(code).toBe(64);
    return stderr;
  };
  const run = ['run', '--local', '--role', 'a=true', '--notify'];
  expect(await refused(...run, 'ftp://x.example/')).toContain('--notify: this is no http or https address');
  expect(await refused(...run, 'https://me:word@x.example/')).toContain('with a user or a password');
  const state = await temporaryDirectory();
  const master = ['master', '--state', state, '--webhook-secret-file'];
  expect(await refused(...master, await secretFile(0o644))).toContain('can be read by others; chmod 600');
  expect(await refused(...master, join(state, 'none'))).toContain('cannot be read');
});
