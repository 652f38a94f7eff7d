/** What setup starts lives until teardown has ended, and no longer: whoever is killed, or cancels, meanwhile. */
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { agentsOf, stateOf } from './support/pool.ts';
import { folder, named, stdoutOf } from './support/results.ts';
import {
  eventually,
  processesWith,
  type RunningMaster,
  readReport,
  reportMistakes,
  startAgent,
  startMaster,
  startTutti,
  temporaryDirectory,
  tutti,
} from './support/tutti.ts';

/** A server that answers a line with its own process id, and holds the output of the script that started it. */
const SERVER = `
import { createServer } from 'node:net';
import { rmSync, writeFileSync } from 'node:fs';
const { DIR } = process.env;
const server = createServer((socket) => socket.end(\`\${process.pid}\\n\`));
server.listen(\`\${DIR}/server.sock\`, () => writeFileSync(\`\${DIR}/server.pid\`, String(process.pid)));
process.on('SIGTERM', () => {
  writeFileSync(\`\${DIR}/tidy\`, 'yes');
  process.exit();
});
`;

const ASK = `
import { connect } from 'node:net';
connect(\`\${process.env.DIR}/server.sock\`).on('error', ({ message }) => { console.log(message); process.exitCode = 1; }).pipe(process.stdout);
`;

/** `between`: what the second test does before it asks the server. */
async function suite(between: string): Promise<{ cwd: string; dir: string; pid(): Promise<number> }> {
  const dir = await temporaryDirectory();
  const cwd = await folder({
    'server.mjs': SERVER,
    'ask.mjs': ASK,
    'suite.yaml': `
suite: served
grace: 30s
env: { DIR: '${dir}' }
roles: { a: node ask.mjs }
setup: |
  node server.mjs &
  tutti wait-for file "$DIR/server.pid"
  echo started
teardown: node ask.mjs
tests:
  - name: first
  - name: second
    roles:
      a: |
        ${between}
        node ask.mjs
`,
  });
  return { cwd, dir, pid: async () => Number(await readFile(join(dir, 'server.pid'), 'utf8')) };
}

function lives(pid: number): boolean {
  return processesWith('server.mjs').some((found) => found.pid === pid);
}

/** The second test waits until the file is there. */
const UNTIL_GO = `touch "$DIR/second"; tutti wait-for file "$DIR/go"`;

async function reachSecond({ dir }: { dir: string }): Promise<void> {
  await eventually(() => existsSync(join(dir, 'second')), { timeout: 30_000 });
}

/** All of the run found one server, which is gone now, after it was given the time to tidy up. */
async function wasServed(results: string, dir: string, pid: number): Promise<void> {
  const report = readReport(join(results, 'tutti-results/latest'));
  expect(reportMistakes(report)).toEqual([]);
  expect(report.status).toBe('PASS');
  const parts = [named(report, 'first'), named(report, 'second'), report.teardown];
  for (const part of parts) {
    if (part === undefined) throw new Error('the report has no teardown');
    expect(await stdoutOf(results, part, 'a.0')).toBe(`${pid}\n`);
  }
  if (report.setup === undefined) throw new Error('the report has no setup');
  expect(await stdoutOf(results, report.setup, 'a.0')).toBe('started\n');
  expect(lives(pid)).toBe(false);
  expect(existsSync(join(dir, 'tidy'))).toBe(true);
}

test('tests and teardown find the server that setup started; after the run it is gone', async () => {
  const made = await suite(':');
  const run = await tutti(['run', '--local', 'suite.yaml'], { cwd: made.cwd });
  expect(run).toMatchObject({ code: 0 });
  await wasServed(made.cwd, made.dir, await made.pid());
});

/** A run of the suite that stands in its second test, on one machine. */
async function betweenTests() {
  const master = await startMaster();
  const [agent] = await agentsOf(master, 1);
  if (agent === undefined) throw new Error('no agent');
  const made = await suite(UNTIL_GO);
  const run = await startTutti(['run', 'suite.yaml'], { cwd: made.cwd, env: master.env, input: '' });
  await reachSecond(made);
  const pid = await made.pid();
  expect(lives(pid)).toBe(true);
  return { ...made, master, agent, run, pid, go: () => writeFile(join(made.dir, 'go'), '') };
}

async function isIdle(master: Pick<RunningMaster, 'env'>): Promise<void> {
  await eventually(async () => (await stateOf(master as RunningMaster, 'n1')) === 'idle', { every: 100 });
}

test('an agent killed between the tests has its successor keep the server, and end it', async () => {
  const { master, agent, run, pid, go, cwd, dir } = await betweenTests();
  agent.process.kill('SIGKILL');
  await agent.process.ended;
  await startAgent(master, { name: 'n1', state: agent.state });
  expect(lives(pid)).toBe(true);
  await go();
  expect(await run.ended).toMatchObject({ code: 0 });
  await wasServed(cwd, dir, pid);
  await isIdle(master);
});

test('a master killed between the tests has its successor know of the server, and end it', async () => {
  const { master, run, pid, go, cwd, dir } = await betweenTests();
  master.process.kill('SIGKILL');
  await master.process.ended;
  const listen = new URL(master.url.replace(/^ws/, 'http')).host;
  const after = await startMaster({ state: master.state, listen });
  await eventually(async () => (await stateOf(after, 'n1')) === 'running', { timeout: 20_000, every: 100 });
  expect(lives(pid)).toBe(true);
  await go();
  expect(await run.ended).toMatchObject({ code: 0 });
  await wasServed(cwd, dir, pid);
  await isIdle(after);
});

test('a run that is cancelled is torn down beside the server, and then the server ends', async () => {
  const { master, run, pid, cwd, dir } = await betweenTests();
  run.kill('SIGINT');
  expect(await run.ended).toMatchObject({ code: 130 });
  const report = readReport(join(cwd, 'tutti-results/latest'));
  expect(named(report, 'second').status).toBe('INTERRUPTED');
  if (report.teardown === undefined) throw new Error('the report has no teardown');
  expect(await stdoutOf(cwd, report.teardown, 'a.0')).toBe(`${pid}\n`);
  expect(lives(pid)).toBe(false);
  expect(existsSync(join(dir, 'tidy'))).toBe(true);
  await isIdle(master);
});
