/** A master and agents as daemons, and commands that talk to them: what runs where, what is fetched, who is let in. */
import { existsSync, statSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decode, encode } from '@tutti/protocol';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { agentsOf, nodesOf, stateOf } from './support/pool.ts';
import { folder, member, named, stdoutOf } from './support/results.ts';
import { traces } from './support/traces.ts';
import {
  eventually,
  readReport,
  reportMistakes,
  startAgent,
  startMaster,
  startTutti,
  temporaryDirectory,
  tutti,
} from './support/tutti.ts';

test('tutti nodes lists the machines as a table and as JSON', async () => {
  const master = await startMaster();
  expect(await tutti(['nodes'], { env: master.env })).toMatchObject({
    code: 0,
    stdout: 'no machines are connected; start "tutti agent" on some\n',
  });
  const agent = await startAgent(master, {
    name: 'web-10',
    labels: { rack: '7', gpu: '' },
    args: ['--address', '10.1.2.3'],
  });
  await startAgent(master, { name: 'web-9' });
  const { stdout } = await tutti(['nodes'], { env: master.env });
  expect(stdout).toMatch(
    /^NAME +STATE +RUN +ADDRESS +OS +CPUS +LABELS\nweb-9 +idle +- +\S+ .*\nweb-10 +idle +- +10\.1\.2\.3 .* rack=7 gpu\n$/,
  );
  agent.process.kill('SIGTERM');
  expect(await agent.process.ended).toMatchObject({ code: 0 });
  await eventually(async () => (await stateOf(master, 'web-10')) === 'offline');
  expect(await nodesOf(master)).toMatchObject([
    { name: 'web-9', state: 'idle', facts: { arch: process.arch } },
    { name: 'web-10', state: 'offline', labels: { rack: '7', gpu: '' } },
  ]);
  master.process.kill('SIGTERM');
  expect(await master.process.ended).toMatchObject({ code: 0 });
  const nobody = await tutti(['nodes'], { env: master.env });
  expect(nobody.code).toBe(64);
  expect(nobody.stderr).toContain('(NO_MASTER)');
});

test('results of a run on a master elsewhere are fetched, with --no-logs the reports only; what a machine has is not sent again', async () => {
  const master = await startMaster();
  const agents = await agentsOf(master, 2);
  const told = await traces();
  const payload = 'x'.repeat(2_000_000);
  const cwd = await folder({
    'suite.yaml': `
      suite: far away
      roles:
        a: { run: ./a.sh, count: 2 }
      tests:
        - name: sends a lot`,
    'a.sh': `#!/bin/sh -e\n${told.tell}\nwc -c payload\nmkdir $TUTTI_OUT/d\necho kept >$TUTTI_OUT/d/kept\nchmod 750 $TUTTI_OUT/d/kept\nln -s d/kept $TUTTI_OUT/link\ntutti barrier done\n`,
    payload,
  });
  const first = await tutti(['run', 'suite.yaml'], { cwd, env: master.env });
  expect(first).toMatchObject({ code: 0 });
  expect(first.stdout).toContain('report: tutti-results/latest/report.yaml');
  const report = readReport(join(cwd, 'tutti-results/latest'));
  expect(reportMistakes(report)).toEqual([]);
  expect(report).toMatchObject({ run: 1, suite: 'far away', status: 'PASS' });
  const only = named(report, 'sends a lot');
  expect(await stdoutOf(cwd, only, 'a.1')).toBe('2000000 payload\n');
  const fetched = join(cwd, 'tutti-results/1-far-away');
  expect(await readFile(join(fetched, member(only, 'a.0').dir, 'out/d/kept'), 'utf8')).toBe('kept\n');
  expect(statSync(join(fetched, member(only, 'a.0').dir, 'out/d/kept')).mode & 0o777).toBe(0o750);
  expect(await readFile(join(fetched, member(only, 'a.0').dir, 'out/link'), 'utf8')).toBe('kept\n');
  expect(await readFile(join(fetched, 'junit.xml'), 'utf8')).toContain('<testsuite');
  expect(told.left()).toEqual([]);

  const stored = () => agents.map(({ state }) => blobsIn(state));
  const before = await Promise.all(stored());
  const second = await tutti(['run', 'suite.yaml', '--no-logs', '--report', 'reports'], {
    cwd,
    env: master.env,
  });
  expect(second).toMatchObject({ code: 0 });
  expect((await readdir(join(cwd, 'reports/2-far-away'))).toSorted()).toEqual([
    'junit.xml',
    'report.html',
    'report.yaml',
    'results.yml',
  ]);
  const after = await Promise.all(stored());
  for (const [i, blobs] of before.entries()) {
    // The same file in the same place: a second transfer would have replaced it by another.
    expect(after[i]).toMatchObject(blobs);
    expect(Object.values(blobs).filter(({ size }) => size === payload.length)).toHaveLength(1);
  }
  for (const { state } of agents) {
    await eventually(async () => (await readdir(join(state, 'members'))).length === 0);
  }
});

test('who shows a wrong token, or none, is turned away and told what to do', async () => {
  const master = await startMaster();
  const wrong = join(await temporaryDirectory(), 'token');
  await writeFile(wrong, 'guess\n');
  const url = master.url;
  const attempts = [
    { args: ['nodes', '--token-file', wrong], says: "the connection's token is not this master's" },
    { args: ['nodes'], says: 'the connection carries no token' },
    {
      args: ['run', '--role', 'a=true', '--token-file', wrong],
      says: "the connection's token is not this master's",
    },
    { args: ['nodes', '--token-file', '/nonexistent'], says: 'the token file /nonexistent cannot be read' },
    {
      args: ['agent', '--name', 'n', '--token-file', wrong],
      says: "the connection's token is not this master's",
    },
    { args: ['agent', '--name', 'n'], says: 'there is no token to show to the master' },
  ];
  for (const { args, says } of attempts) {
    const { code, stderr } = await tutti(args, { env: { TUTTI_MASTER: url } });
    expect({ args, code }).toEqual({ args, code: 2 });
    expect(stderr).toContain(`tutti: ${says}`);
    expect(stderr).toContain('TUTTI_TOKEN_FILE or TUTTI_TOKEN. (WRONG_TOKEN)');
  }
  expect(statSync(master.tokenFile).mode & 0o777).toBe(0o600);
  // The secret is in no log.
  const secret = (await readFile(master.tokenFile, 'utf8')).trim();
  expect(master.process.stderr).not.toContain(secret);
});

test.for([
  {
    theirs: 2,
    says: 'agent old speaks protocol 2.0, this master 1.1: upgrade this master (agent old is newer)',
  },
  {
    theirs: 0,
    says: 'agent old speaks protocol 0.0, this master 1.1: upgrade agent old (this master is newer)',
  },
])(
  'an agent of protocol major $theirs is refused, and told which side to upgrade',
  async ({ theirs, says }) => {
    const master = await startMaster();
    const token = (await readFile(master.tokenFile, 'utf8')).trim();
    const ws = new WebSocket(`${master.url}/agent`, 'tutti.1', {
      headers: { authorization: `Bearer ${token}` },
    });
    const answer = Promise.withResolvers<unknown>();
    ws.on('error', answer.reject);
    ws.on('message', (bytes: Buffer) => answer.resolve(decode(bytes)));
    ws.on('open', () => ws.send(encode({ kind: 'call', id: 1, name: 'hello', params: hello(theirs) })));
    expect(await answer.promise).toMatchObject({
      kind: 'failure',
      id: 1,
      failure: { code: 'PROTOCOL_MISMATCH', message: says },
    });
    ws.terminate();
    expect(await nodesOf(master)).toEqual([]);
  },
);

test('a second machine with a name in use is refused, naming both; the first stays', async () => {
  const master = await startMaster();
  const first = await startAgent(master, { name: 'twin' });
  const second = await tutti(['agent', '--state', await temporaryDirectory(), '--name', 'twin'], {
    env: master.env,
  });
  expect(second.code).toBe(2);
  const [, has, asks] =
    /the name "twin" is in use: agent (\w+) at 127\.0\.0\.1:\d+ has it, agent (\w+) at 127\.0\.0\.1:\d+ asks for it/.exec(
      second.stderr,
    ) ?? [];
  expect(has).toBe((await idOf(first.state)).slice(0, 8));
  expect(asks).toMatch(/^[0-9a-f]{8}$/);
  expect(second.stderr).toContain('Start one of the two with another --name. (NAME_IN_USE)');
  expect(await stateOf(master, 'twin')).toBe('idle');
});

test('a second agent process with the same identity takes over; the first one ends and says why', async () => {
  const master = await startMaster();
  const first = await startAgent(master, { name: 'same' });
  const copy = await temporaryDirectory();
  await writeFile(join(copy, 'agent.id'), await readFile(join(first.state, 'agent.id')));
  await startAgent(master, { name: 'same', state: copy });
  const { code, stderr } = await first.process.ended;
  expect(code).toBe(2);
  expect(stderr).toContain('(SUPERSEDED)');
  expect(await stateOf(master, 'same')).toBe('idle');
});

test('a second agent on one state directory is refused', async () => {
  const master = await startMaster();
  const { state, process } = await startAgent(master, { name: 'a' });
  const { code, stderr } = await tutti(['agent', '--state', state, '--name', 'b'], { env: master.env });
  expect(code).toBe(2);
  expect(stderr).toMatch(
    new RegExp(`${RegExp.escape(state)} is used by the agent with pid ${process.pid}\n.*\\(STATE_IN_USE\\)`),
  );
});

test.skipIf(process.getuid?.() !== 0)(
  'a copy of a living machine is refused, naming both; when that one is silent, it has been rebooted',
  async () => {
    const master = await startMaster();
    const first = await startAgent(master, { name: 'image' });
    const copy = await temporaryDirectory();
    await writeFile(join(copy, 'agent.id'), await readFile(join(first.state, 'agent.id')));
    await writeFile(join(copy, 'boot'), '01234567-89ab-cdef-0123-456789abcdef\n');
    const args = ['agent', '--state', copy, '--name', 'image'];
    // Another boot id, as far as this process can see.
    const through = [
      'unshare',
      '--mount',
      'sh',
      '-c',
      `mount --bind ${copy}/boot /proc/sys/kernel/random/boot_id && exec "$@"`,
      'sh',
    ]; // prettier-ignore
    const cloned = await (await startTutti(args, { env: master.env, through, input: '' })).ended;
    expect(cloned.code).toBe(2);
    expect(cloned.stderr).toMatch(
      /agent \w{8} is alive twice: "image" at 127\.0\.0\.1:\d+ and "image" at 127\.0\.0\.1:\d+\n.*\(CLONED_IDENTITY\)/,
    );
    expect(await stateOf(master, 'image')).toBe('idle');

    first.process.kill('SIGSTOP');
    const rebooted = await startTutti(args, { env: master.env, through, input: '' });
    await rebooted.waitForLine(/^ready /);
    expect(await stateOf(master, 'image')).toBe('idle');
  },
);

test('a run that needs more machines than there are is refused: how many it needs, how many there are', async () => {
  const master = await startMaster();
  await agentsOf(master, 2);
  const { code, stderr } = await tutti(['run', '--role', 'server=true', '--role', 'client:3=true'], {
    env: master.env,
  });
  expect(code).toBe(3);
  expect(stderr).toContain(
    'the run needs 4 nodes (client 3, server), the master knows 2 nodes\n' +
      'Ask for less, connect more agents, wait for them with --wait-for-nodes, or use --local. (NOT_ENOUGH_NODES)',
  );
});

test('a run waits, and says so, until the machines it needs are free', async () => {
  const master = await startMaster();
  await agentsOf(master, 2);
  const first = await startTutti(
    ['run', '--role', 'a:2=while ! tutti get go; do sleep 0.1; done', '--timeout', '40s'],
    {
      env: master.env,
      input: '',
    },
  );
  await first.waitForLine('running a.0 on n1, a.1 on n2');
  const second = await startTutti(['run', '--role', 'b=true'], { env: master.env, input: '' });
  await second.waitForLine('run 2 adhoc: queued, needs 1 node (b); 2 match, 0 are free');
  const refused = await tutti(['run', '--role', 'c:3=true'], { env: master.env });
  expect(refused.stderr).toContain('the run needs 3 nodes (c 3), the master knows 2 nodes');
  first.kill('SIGINT');
  expect(await first.ended).toMatchObject({ code: 130 });
  expect(await second.ended).toMatchObject({ code: 0 });
});

test('Ctrl-C of the client ends the members on their machines; what they wrote is fetched', async () => {
  const master = await startMaster();
  await agentsOf(master, 1);
  const told = await traces();
  const cwd = await temporaryDirectory();
  const run = await startTutti(['run', '--role', `a=${told.tell}; echo begun; tutti set x 1; sleep 1000`], {
    cwd,
    env: master.env,
    input: '',
  });
  await eventually(() => told.told === 1, { timeout: 20_000 });
  await eventually(async () => {
    const log = await readFile(
      join(master.state, 'runs/latest/tests/01-adhoc/attempt-1/a.0/stdout.log'),
      'utf8',
    );
    return log === 'begun\n';
  });
  run.kill('SIGINT');
  expect(await run.ended).toMatchObject({ code: 130 });
  const report = readReport(join(cwd, 'tutti-results/latest'));
  expect(report).toMatchObject({ status: 'INTERRUPTED' });
  expect(report.tests[0]?.cause).toBe('cancelled by SIGINT');
  expect(await stdoutOf(cwd, report.tests[0], 'a.0')).toBe('begun\n');
  await eventually(() => told.left().length === 0);
  expect(await stateOf(master, 'n1')).toBe('idle');
});

test('while the master is away the client says so, and Ctrl-C ends it at once', async () => {
  const master = await startMaster();
  await agentsOf(master, 1);
  const told = await traces();
  const cwd = await temporaryDirectory();
  const run = await startTutti(['run', '--role', `a=${told.tell}; sleep 1000`], {
    cwd,
    env: master.env,
    input: '',
  });
  await eventually(() => told.told === 1, { timeout: 20_000 });
  master.process.kill('SIGKILL');
  await eventually(() => run.stderr.includes(`the connection to the master at ${master.url} is lost`));
  run.kill('SIGINT');
  const { code, stderr } = await run.ended;
  expect(code).toBe(130);
  expect(stderr).toContain(
    `the master at ${master.url} cancels the run when it finds that nobody waits for it`,
  );
});

function hello(major: number): Record<string, unknown> {
  const id = '0'.repeat(32);
  const facts = { addresses: [], os: 'x', kernel: 'x', arch: 'x', cpus: 1, memory: 1 };
  const about = { software: 'x', agent: id, process: id, boot: 'x', name: 'old', labels: {}, facts };
  return { protocol: { major, minor: 0 }, ...about, members: [], waits: [] };
}

async function idOf(state: string): Promise<string> {
  return (await readFile(join(state, 'agent.id'), 'utf8')).trim();
}

/** What an agent's digest cache holds, and in which file. */
async function blobsIn(
  state: string,
): Promise<Record<string, { size: number; ino: number; birthtimeMs: number }>> {
  const dir = join(state, 'blobs');
  if (!existsSync(dir)) return {};
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  return Object.fromEntries(
    entries
      .filter((entry) => entry.isFile())
      .map((entry) => {
        const { size, ino, birthtimeMs } = statSync(join(entry.parentPath, entry.name));
        return [entry.name, { size, ino, birthtimeMs }];
      }),
  );
}
