/** The HTTP API before fake agents: a real door on a port or socket, real files, a clock that tests step. */
import { createHash, randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { join } from 'node:path';
import { jsonBytes, type ListenAddress } from '@tutti/link';
import type { RunSpec } from '@tutti/protocol';
import { onTestFinished } from 'vitest';
import { type ClientCalls, clientCalls } from '../../src/clients/client-calls.ts';
import { watchNodes } from '../../src/clients/watch-nodes.ts';
import { watchRuns } from '../../src/clients/watch-runs.ts';
import { Console } from '../../src/commands/console.ts';
import { openApi } from '../../src/http/api.ts';
import { Door } from '../../src/http/door.ts';
import { Gate } from '../../src/http/gate.ts';
import { OperatorsPower } from '../../src/machines/operators-power.ts';
import { MASTER, quiet } from '../lab.ts';
import { RunsLab } from '../runs/runs-lab.ts';

export const TOKEN = 'open-sesame';
export const AUTHORIZED = { authorization: `Bearer ${TOKEN}` };

export interface ApiLabOptions {
  readonly address?: ListenAddress;
  /** Instead of those of the catalogue. */
  readonly calls?: Partial<ClientCalls>;
  /** Requests at one time. */
  readonly limit?: number;
}

export async function apiLab({
  address = { host: '127.0.0.1', port: 0 },
  calls = {},
  limit,
}: ApiLabOptions = {}) {
  const lab = await RunsLab.open();
  const { masterClock: clock, registry, runs, blobs, broker, store, news } = lab;
  const power = new OperatorsPower({
    registry,
    rules: () => lab.machineRules,
    carryOut: (...command) => lab.carryOut(...command),
    log: quiet,
  });
  const watches = { nodes: watchNodes(clock, registry, runs), runs: watchRuns(clock, runs) };
  const console = await Console.open({
    ...{ master: MASTER, directory: join(lab.dir, 'console'), clock, live: lab.live, blobs, log: quiet },
    room: () => undefined,
  });
  const all = clientCalls({
    ...{ master: MASTER, software: '0.1.0', clock, registry, power, runs, broker, console, blobs, watches },
    runList: store.runList,
    history: store.history,
  });
  let loaded = 0;
  const gate = new Gate({
    token: TOKEN,
    log: quiet,
    load: () => {
      loaded += 1;
      return openApi({ calls: { ...all, ...calls }, runs, blobs, news, clock, log: quiet });
    },
    ...(limit === undefined ? {} : { limit }),
  });
  const nobody = () => {
    throw new Error('nobody comes by WebSocket');
  };
  const door = new Door({
    ...{ address, token: TOKEN, clock, agent: nobody, client: nobody, ready: async () => {} },
    api: (request, response) => gate.handle(request, response),
  });
  const url = (await door.open()).replace('ws:', 'http:');
  const close = async () => {
    await door.close();
    await console.close();
    await gate.close();
    watches.nodes.close();
    watches.runs.close();
  };
  onTestFinished(close);

  const ask = (path: string, init: RequestInit = {}) =>
    fetch(`${url}${path}`, {
      ...init,
      headers: { ...AUTHORIZED, ...(init.headers as Record<string, string>) },
    });
  /** A call by POST: its status and what came. */
  const call = async (name: string, params: unknown = {}): Promise<[status: number, body: never]> => {
    const response = await ask(`/api/v1/call/${name}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(params),
    });
    return [response.status, (await response.json()) as never];
  };
  const put = async (bytes: Uint8Array) => {
    const digest = createHash('sha256').update(bytes).digest('hex');
    return ask(`/api/v1/blobs/${digest}`, { method: 'PUT', body: Buffer.from(bytes) });
  };
  /** Stages a run's spec and submits it, all by HTTP. */
  const submit = async (spec: RunSpec, more: object = {}): Promise<number> => {
    const { blob, bytes } = jsonBytes(spec);
    await put(bytes);
    const [status, body] = await call('run.submit', {
      id: randomBytes(16).toString('hex'),
      spec: blob,
      owned: false,
      ...more,
    });
    if (status !== 200) throw new Error(JSON.stringify(body));
    return (body as { run: number }).run;
  };
  return { lab, gate, door, url, close, ask, call, put, submit, loaded: () => loaded };
}

/** Sends bytes as they are to a port; all that comes until the other side closes. */
export async function raw(url: string, bytes: string | Uint8Array): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  // A connection that is cut off in the middle has said what it had to say.
  const gone = new Promise<void>((resolve) => {
    socket.once('close', () => resolve());
    socket.on('error', () => {});
  });
  let text = '';
  socket.setEncoding('latin1');
  socket.on('data', (chunk: string) => {
    text += chunk;
  });
  socket.write(bytes);
  await gone;
  return text;
}

/** A request of its own connection, as text. */
export function requestText(head: string, headers: Record<string, string> = {}, body = ''): string {
  const all = { host: 'localhost', connection: 'close', ...AUTHORIZED, ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  return `${[`${head} HTTP/1.1`, ...lines].join('\r\n')}\r\n\r\n${body}`;
}

/** Status, code and message of a refusal. */
export async function refusal(response: Response): Promise<[status: number, code: string, message: string]> {
  const { error } = (await response.json()) as { error: { code: string; message: string } };
  return [response.status, error.code, error.message];
}
