/** `tutti exec`: commands on machines from a shell of this one, and what comes of them. */
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { agentsOf } from './support/pool.ts';
import {
  eventually,
  kill,
  processesWith,
  type RunningAgent,
  type RunningMaster,
  repository,
  startAgent,
  startMaster,
  startTutti,
  temporaryDirectory,
  tutti,
} from './support/tutti.ts';

const COMMAND = join(repository, 'packages/cli/bin/tutti');

type Exec = (...args: string[]) => ReturnType<typeof tutti>;

async function lab(): Promise<{ master: RunningMaster; agent: RunningAgent; exec: Exec }> {
  const master = await startMaster();
  const agent = await startAgent(master, { name: 'n1' });
  return { master, agent, exec: (...args) => tutti(['exec', ...args], { env: master.env }) };
}
/** What terminals on this agent have left after a while: processes, and directories. */
async function left({ state }: RunningAgent, timeout = 10_000): Promise<string[]> {
  const terminals = join(state, 'terminals');
  const found = async () => [
    ...processesWith(terminals).map(({ commandLine }) => commandLine),
    ...(await readdir(terminals)),
  ];
  await eventually(async () => (await found()).length === 0, { timeout }).catch(() => {});
  return found();
}

test('what it writes comes out where it was written to, and its exit status is its own', async () => {
  const { agent, exec } = await lab();
  const own = await exec('n1', '--', 'echo out; echo err >&2; exit 5');
  expect([own.code, own.stdout, own.stderr]).toEqual([5, 'out\n', 'err\n']);
  const words = await exec(
    '--env',
    'A=a b',
    '--cwd',
    '/tmp',
    'n1',
    '--',
    'sh',
    '-c',
    'echo "$A" $PWD "$0"',
    '$HOME *',
  );
  expect(words.stdout).toBe('a b /tmp $HOME *\n');
  expect((await exec('n1', '--', 'kill -9 $$')).code).toBe(137);
  const missing = await exec('n1', '--', 'no-such-program', 'x');
  expect([missing.code, missing.stderr]).toEqual([127, expect.stringContaining('not found') as string]);
  const late = await exec('--timeout', '300ms', 'n1', '--', 'echo before; sleep 1000');
  expect([late.code, late.stdout]).toEqual([124, 'before\n']);
  const nowhere = await exec('--cwd', '/nowhere', 'n1', '--', 'true');
  expect([nowhere.code, nowhere.stderr]).toEqual([
    2,
    expect.stringContaining('n1 has no directory /nowhere') as string,
  ]);
  const daemon = await exec('n1', '--', 'sleep 1000 & echo started');
  expect([daemon.code, daemon.stdout]).toEqual([0, 'started\n']);
  expect(await left(agent)).toEqual([]);
});

test('several machines: each line says where it is from, and the worst counts', async () => {
  const { master, agent, exec } = await lab();
  await startAgent(master, { name: 'web-1', labels: { rack: 'a' } });
  await startAgent(master, { name: 'web-2', labels: { rack: 'b' } });
  const on = async (...args: string[]) => {
    const { code, stdout } = await exec(...args);
    return [code, stdout.split('\n').filter(Boolean).toSorted()];
  };
  expect(await on('web-[1-2],n1', '--', 'echo here; printf more')).toEqual([
    0,
    ['n1    | here', 'n1    | more', 'web-1 | here', 'web-1 | more', 'web-2 | here', 'web-2 | more'],
  ]);
  expect(await on('-w', 'labels.rack == "b"', '--', 'echo chosen; exit 3')).toEqual([3, ['chosen']]);
  const json = await exec('--json', 'web-[1-2]', '--', 'echo hi; exit 2');
  expect(JSON.parse(json.stdout)).toEqual([
    expect.objectContaining({ node: 'web-1', exit: 2, stdout: 'hi\n', stdoutSize: 3, stderr: '' }) as unknown,
    expect.objectContaining({ node: 'web-2', exit: 2, stdout: 'hi\n' }) as unknown,
  ]);
  const unknown = await exec('web-1,web-3', '--', 'echo nowhere');
  expect([unknown.code, unknown.stdout]).toEqual([64, '']);
  expect(unknown.stderr).toContain('the master knows no machine "web-3"; did you mean "web-1"?');
  agent.process.kill('SIGKILL');
  await agent.process.ended;
  const away = await exec('web-1,n1', '--', 'echo here');
  expect([away.code, away.stdout]).toEqual([2, 'web-1 | here\n']);
  expect(away.stderr).toContain('n1 is not connected');
});

test('bytes are bytes, in both directions, and a reader that waits is waited for', {
  timeout: 60_000,
}, async () => {
  const { master, agent } = await lab();
  const bytes = randomBytes(3_000_000);
  const cat = spawn(COMMAND, ['exec', 'n1', '--', 'cat'], { env: { ...process.env, ...master.env } });
  cat.stdin.end(bytes);
  const back: Buffer[] = [];
  for await (const chunk of cat.stdout) back.push(chunk as Buffer);
  expect(Buffer.concat(back).equals(bytes)).toBe(true);

  const flood = spawn(COMMAND, ['exec', '-n', 'n1', '--', 'head -c 100000000 /dev/zero'], {
    env: { ...process.env, ...master.env },
  });
  // It is not read at first: then nobody holds more than a few windows of it.
  await once(flood.stdout, 'readable');
  const pids = [agent, master].map(({ process: { pid } }) => pid);
  const held = pids.map(rss);
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of flood.stdout) {
    hash.update(chunk as Buffer);
    size += (chunk as Buffer).byteLength;
  }
  expect(size).toBe(100_000_000);
  expect(hash.digest('hex')).toBe(createHash('sha256').update(Buffer.alloc(100_000_000)).digest('hex'));
  const after = pids.map(rss);
  for (const [at, before] of held.entries()) expect(after[at]! - before).toBeLessThan(60 * 1024 * 1024);
  expect(await left(agent)).toEqual([]);

  function rss(pid: number): number {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
  }
});

test('a reader that has seen enough ends it, and so does Ctrl-C', async () => {
  const { master, agent } = await lab();
  const head = spawn('sh', ['-c', `${COMMAND} exec n1 -- yes | head -2`], {
    env: { ...process.env, ...master.env },
  });
  const [status] = (await once(head, 'exit')) as [number];
  expect(status).toBe(0);
  expect(await left(agent)).toEqual([]);
  const long = await startTutti(['exec', '-n', 'n1', '--', 'echo begun; sleep 1000'], { env: master.env });
  await long.waitForLine(/begun/, { stream: 'stdout' });
  long.kill('SIGINT');
  expect((await long.ended).code).toBe(130);
  expect(await left(agent)).toEqual([]);
});

test('of a member of a test under way: its directory, its environment', async () => {
  const master = await startMaster();
  await agentsOf(master, 1);
  const folder = await temporaryDirectory();
  await writeFile(join(folder, 'wait.sh'), 'touch here; exec sleep 600\n');
  const submitted = await tutti(['submit', '--role', 'server=sh wait.sh', '--file', 'wait.sh'], {
    env: master.env,
    cwd: folder,
  });
  const run = submitted.stdout.trim();
  const exec = (...args: string[]) => tutti(['exec', ...args], { env: master.env });
  await eventually(async () => (await exec(`${run}/server.0`, '--', 'test -e here')).code === 0);
  const asked = await exec(
    '--run',
    run,
    '--member',
    'server',
    '--',
    'echo $TUTTI_MEMBER $(basename $PWD); ls here',
  );
  expect([asked.stderr, asked.code, asked.stdout]).toEqual(['', 0, 'server.0 work\nhere\n']);
  const nobody = await exec(`${run}/client.0`, '--', 'true');
  expect([nobody.code, nobody.stderr]).toEqual([2, expect.stringContaining('no member client.0') as string]);
  await tutti(['cancel', run], { env: master.env });
});

test('an agent or a client that is killed leaves nothing behind', { timeout: 90_000 }, async () => {
  const { master, agent } = await lab();
  const client = await startTutti(['exec', '-n', 'n1', '--', 'echo begun; sleep 1000 & sleep 1000'], {
    env: master.env,
  });
  await client.waitForLine(/begun/, { stream: 'stdout' });
  agent.process.kill('SIGKILL');
  await agent.process.ended;
  const again = await startAgent(master, { name: 'n1', state: agent.state });
  const { code, stderr } = await client.ended;
  expect([code, stderr]).toEqual([2, expect.stringContaining('the terminal on n1 is gone') as string]);
  expect(await left(again)).toEqual([]);
  const other = await startTutti(['exec', '-n', 'n1', '--', 'echo begun; sleep 1000'], { env: master.env });
  await other.waitForLine(/begun/, { stream: 'stdout' });
  for (const { pid, commandLine } of processesWith(master.url))
    if (commandLine.includes('tutti.js exec')) kill(pid);
  expect(await left(again, 60_000)).toEqual([]);
  expect(await readFile(join(again.state, 'agent.id'), 'utf8')).not.toBe('');
});
