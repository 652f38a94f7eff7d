/** What a call means for the life of the process that makes it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FakeAgent } from './fake-agent.ts';
import { SHIM } from './languages.ts';
import { barrierReady } from './spellings.ts';

const INDEX = join(import.meta.dirname, '../src/index.ts');
let agent: FakeAgent;
const children: ChildProcess[] = [];

beforeEach(async () => {
  agent = await new FakeAgent().listen();
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await agent[Symbol.asyncDispose]();
});

function node(...args: string[]): ChildProcess {
  const env = { ...process.env, TUTTI_SOCKET: agent.path };
  const child = spawn(process.execPath, args, { env, stdio: ['pipe', 'ignore', 'inherit'] });
  children.push(child);
  return child;
}

function script(text: string): ChildProcess {
  return node('--input-type=module', '-e', `import { barrier } from ${JSON.stringify(INDEX)};\n${text}`);
}

test('a waiting script lives, also while there is no agent, and ends when it is answered', async () => {
  // An hour of timeout: if its timer were left behind, the script would not end within this test.
  const child = script(`await barrier('ready', { timeout: '1h' });`);
  const first = await agent.next();
  await first.request;
  await agent.die();
  await agent.listen();
  await (await agent.next()).answer(barrierReady.answer);
  expect(await once(child, 'exit')).toEqual([0, null]);
});

test('a script that exits without awaiting takes its wait with it', async () => {
  const child = script(`barrier('ready'); process.stdin.on('end', () => process.exit(3)).resume();`);
  const connection = await agent.next();
  await connection.request;
  child.stdin?.end();
  await connection.closed;
  expect(await once(child, 'exit')).toEqual([3, null]);
});

test.each(['SIGTERM', 'SIGINT'] as const)(
  '%s ends the shell command at once, and so withdraws its wait',
  async (signal) => {
    const child = node(SHIM, 'barrier', 'ready');
    const connection = await agent.next();
    await connection.request;
    child.kill(signal);
    await connection.closed;
    expect(await once(child, 'exit')).toEqual([null, signal]);
  },
);

test('a call that fails names the line of the script that made it', async () => {
  const text = `process.on('uncaughtException', ({ stack }) => { console.error(stack); });
async function meet() {
  await barrier('ready');
}
await meet();`;
  const env = { ...process.env, TUTTI_SOCKET: agent.path };
  const source = `import { barrier } from ${JSON.stringify(INDEX)};\n${text}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], { env });
  children.push(child);
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  await (await agent.next()).refuse('BARRIER_BROKEN', 'client.1 has ended');
  await once(child, 'close');
  expect(said).toMatch(/^TuttiError: client\.1 has ended$/m);
  expect(said).toMatch(/at meet \(file:.*:4:9\)\n\s+at file:.*:6:7/);
});
