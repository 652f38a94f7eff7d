import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '@tutti/link';
import { PROTOCOL, Report } from '@tutti/protocol';
import { knock, rejection } from '@tutti/testkit';
import { describe, expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { type Master, type MasterOptions, startMaster } from '../src/master.ts';
import { reportYaml } from '../src/reports/report-yaml.ts';
import { quiet } from './lab.ts';
import { partial } from './reports/example-report.ts';
import { temporaryDirectory } from './temporary-directory.ts';

async function start(more: Partial<MasterOptions> = {}): Promise<Master> {
  const options = {
    state: join(await temporaryDirectory(), 'state'),
    listen: '127.0.0.1:0',
    software: '0.1.0',
  };
  const master = await startMaster({ ...options, log: quiet, ...more });
  onTestFinished(() => master.close());
  return master;
}

async function client({ url, state }: Pick<Master, 'url' | 'state'>) {
  const token = (await readFile(join(state, 'admin.token'), 'utf8')).trim();
  const session = await knock(url, token, systemClock);
  const welcome = await session.call('client.hello', { protocol: { ...PROTOCOL }, software: '0.1.0' });
  return { session, welcome };
}

const REST = {
  ...{ sessions: 0, watched: 0, spaces: 0, waiters: 0, timers: 0, queued: 0, unfinished: 0 },
  ...{
    owned: 0,
    abandoned: 0,
    followed: 0,
    notificationsOwed: 0,
    machinesCaredFor: 0,
    members: 0,
    nodes: [],
    requests: 0,
    watching: 0,
    joining: { sessions: 0, joiners: 0 },
    console: { clients: 0, commands: 0 },
  },
};

describe('a master', () => {
  test('listens on a port that the system chose, and tells where', async () => {
    const master = await start();
    expect(master.url).toMatch(/^ws:\/\/127\.0\.0\.1:\d+$/);
    const { session } = await client(master);
    expect(await session.call('nodes.list', {})).toEqual({ nodes: [], more: false });
    expect(JSON.parse(await readFile(join(master.state, 'master.json'), 'utf8'))).toEqual({
      url: master.url,
      pid: process.pid,
    });
  });

  test('listens on a Unix socket', async () => {
    const path = join(await temporaryDirectory(), 'master.sock');
    const master = await start({ listen: `unix:${path}` });
    expect(master.url).toBe(`unix:${path}`);
    await client(master);
  });

  test.for(['0.0.0.0:0', '[::]:0', 'example.org:8282', '10.1.2.3:8282'])(
    'does not listen beyond its machine: %s',
    async (listen) => {
      const state = join(await temporaryDirectory(), 'state');
      expect(await rejection(start({ listen, state }))).toMatchObject({
        code: 'UNSAFE_LISTEN',
        message: expect.stringContaining(listen),
      });
      await expect(stat(state)).rejects.toThrow('ENOENT');
    },
  );

  test('keeps its secret in a file that only its owner reads, and its identity, over restarts', async () => {
    const state = await temporaryDirectory();
    const first = await start({ state });
    const token = join(state, 'admin.token');
    expect((await stat(token)).mode & 0o777).toBe(0o600);
    const before = [await readFile(token, 'utf8'), (await client(first)).welcome.master];
    expect(before[0]?.trim()).toMatch(/^[\w-]{43}$/);
    await first.close();
    const second = await start({ state });
    expect([await readFile(token, 'utf8'), (await client(second)).welcome.master]).toEqual(before);
  });

  test('shares its state directory with no other that lives', async () => {
    const master = await start();
    expect(await rejection(start({ state: master.state }))).toMatchObject({
      code: 'STATE_IN_USE',
      message: expect.stringContaining(`pid ${process.pid}`),
    });
    await client(master);
    await master.close();
    await start({ state: master.state });
  });

  test('says which state directory it cannot use', async () => {
    const file = join(await temporaryDirectory(), 'file');
    await writeFile(file, '');
    expect(await rejection(start({ state: join(file, 'state') }))).toMatchObject({
      code: 'STATE_NOT_WRITABLE',
      message: expect.stringContaining(join(file, 'state')),
    });
  });

  test('whose address is taken frees its state directory', async () => {
    const other = await start();
    const state = await temporaryDirectory();
    const listen = other.url.replace('ws://', '');
    expect(await rejection(start({ state, listen }))).toMatchObject({ code: 'ADDRESS_IN_USE' });
    await start({ state });
  });

  test('that cannot say where it is does not stay behind its door', async () => {
    const state = await temporaryDirectory();
    const path = join(state, 'master.sock');
    await mkdir(join(state, 'master.json'));
    await expect(start({ state, listen: `unix:${path}` })).rejects.toThrow('EISDIR');
    await expect(stat(path)).rejects.toThrow('ENOENT');
  });

  test('closes what its predecessor left under way as ERROR', async () => {
    const state = await temporaryDirectory();
    const dir = join(state, 'runs/1-traffic');
    await mkdir(dir, { recursive: true });
    await writeFile(join(dir, '.master'), JSON.stringify({ pid: 1, start: '0', boot: 'another' }));
    await writeFile(join(dir, 'report.yaml'), reportYaml(partial));
    await start({ state });
    const report = Report.parse(parse(await readFile(join(dir, 'report.yaml'), 'utf8')));
    expect(report).toMatchObject({
      status: 'ERROR',
      cause: expect.stringContaining('the master was restarted while the run was under way'),
    });
    expect(await readdir(dir)).toEqual(['junit.xml', 'report.html', 'report.yaml', 'results.yml']);
  });

  test('leaves nothing when it is closed but its state', async () => {
    const master = await start();
    const { session } = await client(master);
    expect(master.debugState()).toMatchObject({ sessions: 1, watched: 1 });
    const closed = new Promise((resolve) => session.onClosed(resolve));
    await master.close();
    await closed;
    expect(master.debugState()).toEqual(REST);
    expect((await readdir(master.state)).toSorted()).toEqual([
      'admin.token',
      'blobs',
      'master.db',
      'master.id',
    ]);
  });
});
