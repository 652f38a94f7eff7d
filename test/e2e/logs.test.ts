/** `tutti logs`: what members write, live and afterwards, whatever happens to connection and master. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { agentsOf } from './support/pool.ts';
import { folder } from './support/results.ts';
import { type RunningMaster, startMaster, startTutti, tutti } from './support/tutti.ts';

async function submit(master: RunningMaster, ...args: string[]): Promise<void> {
  const { code, stderr } = await tutti(['submit', ...args], { env: master.env });
  if (code !== 0) throw new Error(stderr);
}

/** Counts until the file is there: each number once. */
const COUNTING = (stop: string) =>
  `n=0; while [ ! -e ${stop} ]; do n=$((n+1)); echo "line $n"; sleep 0.02; done; echo "total $n"`;

test('logs -f goes on across a killed master, and no line is lost or comes twice', async () => {
  const master = await startMaster();
  await agentsOf(master, 2);
  const stop = join(await folder({}), 'stop');
  await submit(master, '--role', `a=${COUNTING(stop)}`, '--role', `b=${COUNTING(stop)} >&2`);
  const logs = await startTutti(['logs', 'last', '-f'], { env: master.env, input: '' });
  await logs.waitForLine('a.0 | line 5');
  master.process.kill('SIGKILL');
  await master.process.ended;
  const next = await startMaster({ state: master.state, listen: new URL(master.url).host });
  await logs.waitForLine('is back after', { stream: 'stderr' });
  const before = logs.stdout.split('\n').length;
  await logs.waitForLine(new RegExp(`^b\\.0 \\| line ${before + 20}$`));
  await writeFile(stop, '');
  const { code, stdout } = await logs.ended;
  expect(code).toBe(0);
  for (const member of ['a.0', 'b.0']) {
    const lines = stdout
      .split('\n')
      .filter((line) => line.startsWith(`${member} | `))
      .map((line) => line.slice(`${member} | `.length));
    const total = lines.length - 1;
    expect(lines).toEqual([...Array.from({ length: total }, (_, n) => `line ${n + 1}`), `total ${total}`]);
  }
  // Looked at afterwards it is all the same.
  const after = await tutti(['logs', '1'], { env: next.env });
  expect(after.stdout.split('\n').toSorted()).toEqual(stdout.split('\n').toSorted());
});

test('logs are chosen by test, member, source and time; wrong names are told with the nearest', async () => {
  const master = await startMaster();
  await agentsOf(master, 2);
  const cwd = await folder({
    'suite.yaml': `suite: s
tests:
  - name: first
    roles: { server: "echo out; echo err >&2", client: "tutti barrier x --count 1; printf 'no end'" }
  - name: second
    roles: { server: "printf '\\\\377\\\\033[2J\\\\n'" }
`,
  });
  await tutti(['submit', 'suite.yaml', '--wait'], { env: master.env, cwd });
  const logs = (...args: string[]) => tutti(['logs', 'last', ...args], { env: master.env });
  const sorted = async (...args: string[]) => (await logs(...args)).stdout.trimEnd().split('\n').toSorted();
  expect(await sorted('first')).toEqual(['client.0 | no end', 'server.0 | err', 'server.0 | out']);
  expect(await sorted('first', 'server', '--source', 'stderr')).toEqual(['server.0 | err']);
  expect(await sorted('*', 'client*')).toEqual(['first/client.0 | no end']);
  expect((await logs('first', 'client.0', '--no-prefix')).stdout).toBe('no end');
  expect((await logs('--since', '2020-01-01')).stdout).not.toBe('');
  expect((await logs('--since', '2100-01-01')).stdout).toBe('');
  const lines = (await logs('second', '--json')).stdout.trimEnd().split('\n');
  expect(JSON.parse(lines[0]!)).toMatchObject({
    ...{ run: 1, test: 'second', attempt: 1, member: 'server.0', source: 'stdout', base64: '/xtbMko=' },
  });
  for (const [args, said] of [
    [['frist'], 'run 1 has no test "frist"; did you mean first?'],
    [['first', 'sever'], 'there is no member "sever"; did you mean server?'],
    [['first', 'x'], 'there is no member "x"; there is server.0, client.0'],
    [['--source', 'stdin'], '--source: there is no "stdin"'],
    [['--since', 'yesterday'], '--since takes a time span'],
  ] as const)
    expect(await logs(...args)).toMatchObject({ code: 64, stderr: expect.stringContaining(said) as string });
});

test('a client that stands still harms nobody, and has every line when it goes on', async () => {
  const master = await startMaster();
  await agentsOf(master, 1);
  const stop = join(await folder({}), 'stop');
  const lines = 100_000;
  const script = `while [ ! -e ${stop} ]; do sleep 0.05; done; seq -f '%.0f ${'x'.repeat(200)}' 1 ${lines}; echo end`;
  await submit(master, '--role', `a=echo begun; ${script}`);
  const still = await startTutti(['logs', '1', '-f', '--no-prefix'], { env: master.env, input: '' });
  await still.waitForLine('begun');
  still.kill('SIGSTOP');
  await writeFile(stop, '');
  expect((await tutti(['wait', '1'], { env: master.env })).code).toBe(0);
  const other = await tutti(['logs', '1', '--no-prefix'], { env: master.env });
  expect(other.stdout.split('\n')).toHaveLength(lines + 3);
  still.kill('SIGCONT');
  const { code, stdout } = await still.ended;
  expect(code).toBe(0);
  expect(stdout === other.stdout).toBe(true);
  const head = ['sh', '-c', '"$0" "$@" | head -1'];
  const some = await startTutti(['logs', '1'], { env: master.env, input: '', through: head });
  expect(await some.ended).toMatchObject({ code: 0, stderr: '', stdout: 'a.0 | begun\n' });
});
