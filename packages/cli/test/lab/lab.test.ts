/** What holds on the host's network and in namespaces alike; needs no privilege. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { expect, test } from 'vitest';
import { startLab } from '../../src/lab/index.ts';
import { ask, fakeLab, fakeTutti, processesWith, remains, tell, temporaryDirectory } from './lab-fixture.ts';

test("on the host's network it says so, and the daemons are ready to serve", async () => {
  const tmpRoot = await temporaryDirectory();
  const lab = await fakeLab({ tmpRoot });
  expect(lab).toMatchObject({
    net: 'host',
    reason: "2 agents on this host's network",
    token: 'secret',
    nodes: [
      { name: 'n1', address: '127.0.0.1' },
      { name: 'n2', address: '127.0.0.1' },
    ],
  });
  const [dir] = readdirSync(tmpRoot);
  expect(lab.url).toBe(`unix:${tmpRoot}/${dir}/m.sock`);
  expect(statSync(`${tmpRoot}/${dir}`).mode & 0o777).toBe(0o700);
  expect(await ask(lab, { node: 'n2' })).toHaveProperty('addresses');
});

test('stopping leaves nothing, and may be asked for twice', async () => {
  const tmpRoot = await temporaryDirectory();
  const lab = await fakeLab({ tmpRoot });
  expect(processesWith(tmpRoot)).toHaveLength(4);
  await Promise.all([lab.stop(), lab.stop()]);
  expect(remains(tmpRoot)).toEqual([]);
});

test('a daemon that does not end when told to is killed, and named', async () => {
  const tmpRoot = await temporaryDirectory();
  const lines: string[] = [];
  const lab = await fakeLab({ tmpRoot, stopMs: 100, log: (line) => lines.push(line) }, { deaf: 'n1' });
  await lab.stop();
  expect(lines).toContain('agent n1 of the local lab did not end when told to; killed');
  expect(remains(tmpRoot)).toEqual([]);
});

test('what a daemon has left behind goes too', async () => {
  const tmpRoot = await temporaryDirectory();
  const lab = await fakeLab({ tmpRoot }, { litter: 'n2' });
  expect(processesWith(tmpRoot).filter((line) => line.includes('sleep 600'))).toHaveLength(1);
  await lab.stop();
  expect(remains(tmpRoot)).toEqual([]);
});

test.for(['master', 'n2'])('%s dying at start fails the start with its last words', async (name) => {
  const tmpRoot = await temporaryDirectory();
  const what = name === 'master' ? 'the master' : 'agent n2';
  await expect(fakeLab({ tmpRoot }, { die: name })).rejects.toThrow(
    `${what} of the local lab exited with status 3 before it was ready; its last words:\n  first line\n  the disk is on fire`,
  );
  expect(remains(tmpRoot)).toEqual([]);
});

test('a command that does not exist fails the start and is named', async () => {
  const tmpRoot = await temporaryDirectory();
  await expect(fakeLab({ tmpRoot, command: ['/no/such/tutti'] })).rejects.toThrow(
    /master.*\n.*\/no\/such\/tutti: not found/,
  );
  expect(remains(tmpRoot)).toEqual([]);
});

test('a directory that cannot be made fails the start', async () => {
  await expect(fakeLab({ tmpRoot: '/no/such/dir' })).rejects.toThrow(/sweeper.*\n.*\/no\/such\/dir/);
});

test('a daemon that does not get ready is named when the deadline has passed', async () => {
  const tmpRoot = await temporaryDirectory();
  await expect(fakeLab({ tmpRoot, startMs: 4_000 }, { mute: 'n2' })).rejects.toMatchObject({
    code: 'TIMED_OUT',
    message: 'the local lab was not ready within 4 s; waiting for agent n2; its last words:\n  thinking',
  });
  expect(remains(tmpRoot)).toEqual([]);
});

for (const stage of ['master ready', 'network ready']) {
  test(`cancelled at "${stage}" it leaves nothing`, async () => {
    const tmpRoot = await temporaryDirectory();
    const stop = new AbortController();
    const log = (line: string) => {
      if (line.includes(stage)) stop.abort();
    };
    await expect(fakeLab({ tmpRoot, net: 'auto', log, signal: stop.signal })).rejects.toMatchObject({
      code: 'CANCELLED',
    });
    expect(remains(tmpRoot)).toEqual([]);
  });
}

test('cancelled as soon as its directory exists, it leaves nothing', async () => {
  const tmpRoot = await temporaryDirectory();
  const stop = new AbortController();
  const starting = fakeLab({ tmpRoot, signal: stop.signal });
  starting.catch(() => undefined);
  await expect.poll(() => readdirSync(tmpRoot), { interval: 1, timeout: 5_000 }).toHaveLength(1);
  stop.abort();
  await expect(starting).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(remains(tmpRoot)).toEqual([]);
});

test('cancelled before the start it starts nothing, and keeps the reason', async () => {
  const tmpRoot = await temporaryDirectory();
  const reason = new Error('enough');
  await expect(fakeLab({ tmpRoot, signal: AbortSignal.abort(reason) })).rejects.toMatchObject({
    code: 'CANCELLED',
    cause: reason,
  });
  expect(remains(tmpRoot)).toEqual([]);
});

test('a daemon that dies later is told through `failed`; the rest lives until stopped', async () => {
  const tmpRoot = await temporaryDirectory();
  const lab = await fakeLab({ tmpRoot });
  await tell(lab, { node: 'n1', exit: 7 });
  await expect(lab.failed).rejects.toThrow(
    'agent n1 of the local lab exited with status 7; its last words:\n  told to exit',
  );
  expect(await ask(lab, { node: 'n2' })).toHaveProperty('addresses');
  await lab.stop();
  expect(remains(tmpRoot)).toEqual([]);
});

test('a killed sweeper is a failure, and is replaced to sweep', async () => {
  const tmpRoot = await temporaryDirectory();
  const lab = await fakeLab({ tmpRoot });
  const [sweeper] = processesWith(tmpRoot).filter((line) => line.includes('tutti-sweeper'));
  process.kill(Number.parseInt(sweeper!, 10), 'SIGKILL');
  await expect(lab.failed).rejects.toThrow('the sweeper of the local lab was killed by SIGKILL');
  await lab.stop();
  expect(remains(tmpRoot)).toEqual([]);
});

test('two labs at once do not disturb each other', async () => {
  const tmpRoot = await temporaryDirectory();
  const [one, two] = await Promise.all([
    fakeLab({ tmpRoot, net: 'auto' }),
    fakeLab({ tmpRoot, net: 'auto' }),
  ]);
  expect(one.url).not.toBe(two.url);
  await one.stop();
  expect(existsSync(two.url.replace('unix:', ''))).toBe(true);
  expect(await ask(two, { node: 'n1' })).toHaveProperty('addresses');
  await two.stop();
  expect(remains(tmpRoot)).toEqual([]);
});

test('a lab without agents is refused', async () => {
  const nowhere = { net: 'host', runsDir: '/nowhere', command: fakeTutti() } as const;
  await expect(startLab({ ...nowhere, agents: 0 })).rejects.toMatchObject({ code: 'USAGE' });
});
