/** Clients of the HTTP API that do harm: half requests, idle connections, garbage, readers that do not read or go away. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir, truncate, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { HttpClient } from './support/http-client.ts';
import { CLIENT, eventsOf, SERVER, submit } from './support/http-runs.ts';
import { agentsOf } from './support/pool.ts';
import { type RunningMaster, startMaster, temporaryDirectory } from './support/tutti.ts';

/** A connection that says what it is told to and hears what comes. */
function talk(
  master: RunningMaster,
  words = '',
): { socket: Socket; heard: () => string; closed: Promise<void> } {
  const socket = connect(Number(new URL(master.url).port), '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  let text = '';
  socket.setEncoding('latin1');
  socket.on('data', (chunk: string) => {
    text += chunk;
  });
  socket.on('error', () => {});
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  if (words !== '') socket.write(words);
  return { socket, heard: () => text, closed };
}

test('half a request, and none at all, are waited for 10 s', async () => {
  const master = await startMaster();
  const talks = [talk(master), talk(master, 'POST /api/v1/call/nodes.list HTTP/1.1\r\nhost: x\r\n')];
  await Promise.all(talks.map(({ closed }) => closed));
  for (const { heard } of talks) expect(heard()).toMatch(/^HTTP\/1\.1 408 /);
});

test('thousands of idle connections keep nobody out', async () => {
  const master = await startMaster();
  const client = await HttpClient.of(master);
  for (let opened = 0; opened < 4000; opened += 1) {
    const { socket } = talk(master);
    if (opened % 64 === 0) await new Promise((resolve) => socket.once('connect', resolve));
  }
  expect(await client.do('nodes.list', {})).toEqual({ nodes: [], more: false });
  await agentsOf(master, 1);
  expect(await client.do('nodes.list', {})).toMatchObject({ nodes: [{ name: 'n1' }] });
});

test('a client that goes in the middle of a download, or whose master is killed in it, harms nobody', async () => {
  const state = await temporaryDirectory();
  const master = await startMaster({ state });
  await agentsOf(master, 2);
  const client = await HttpClient.of(master);
  const run = await submit(client, 'quick', [SERVER, CLIENT]);
  await eventsOf(client, run);
  const dir = join(state, 'runs', `${run}-by-http`, 'big');
  await mkdir(dir);
  await writeFile(join(dir, 'file'), '');
  await truncate(join(dir, 'file'), 2e9);
  const get = `GET /api/v1/runs/${run}/files/big/file HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${client.token}\r\n\r\n`;
  const rss = () =>
    Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${master.process.pid}/status`, 'utf8'))?.[1]);
  const before = rss();
  /** Has asked for it, and has had its beginning. */
  const asking = async () => {
    const socket = connect(Number(new URL(master.url).port), '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    socket.on('error', () => {});
    socket.write(get);
    await once(socket, 'data');
    // What comes now waits on the way, and then at the master.
    return socket.pause();
  };
  for (let time = 0; time < 20; time += 1) (await asking()).destroy();
  // Those that do not read cost no memory either.
  const mute = await Promise.all(Array.from({ length: 20 }, asking));
  expect(await client.do('nodes.list', {})).toMatchObject({ more: false });
  expect(rss() - before).toBeLessThan(200_000);
  master.process.kill('SIGKILL');
  await Promise.all(
    mute.map((socket) => {
      const closed = once(socket, 'close');
      socket.resume();
      return closed;
    }),
  );
  const next = await startMaster({ state });
  const other = await HttpClient.of(next);
  expect((await other.ask('run.report', { run })).status).toBe(200);
});

test('what is no HTTP, in the middle of what is', async () => {
  const master = await startMaster();
  const client = await HttpClient.of(master);
  const whole = `GET /api/v1/openapi.json HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${client.token}\r\n\r\n`;
  const garbage = randomBytes(100_000).toString('latin1');
  for (const words of [garbage, whole + garbage, whole.repeat(20) + garbage, whole.slice(0, 30) + garbage]) {
    await talk(master, words).closed;
  }
  // Many in one go are each answered, by what was asked for or by that there are too many.
  const head = `GET /api/v1/runs/7/report HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${client.token}\r\n`;
  const many = 3000;
  const pipelined = talk(master, `${`${head}\r\n`.repeat(many - 1)}${head}connection: close\r\n\r\n`);
  await pipelined.closed;
  expect(pipelined.heard().match(/HTTP\/1\.1 (404|503) /g)).toHaveLength(many);
  expect(await client.do('nodes.list', {})).toEqual({ nodes: [], more: false });
});
