import { connect } from 'node:net';
import { eventually } from '@tutti/testkit';
import { describe, expect, test } from 'vitest';
import { MachineRules } from '../../src/machines/machine-rules.ts';
import { id, MASTER } from '../lab.ts';
import { role, testSpec } from '../runs/a-test.ts';
import { apiLab, requestText } from './api-lab.ts';

const SPEC = { suite: 'suite', files: [], tests: [testSpec([role('client')])] };
const JSON_BODY = { 'content-type': 'application/json' };

describe('a call', () => {
  test('is answered as in a session', async () => {
    const { lab, call } = await apiLab();
    await lab.quick('n1');
    expect(await call('nodes.list')).toMatchObject([
      200,
      { nodes: [{ name: 'n1', state: 'idle' }], more: false },
    ]);
    expect(await call('client.hello', { protocol: { major: 1, minor: 0 }, software: 'x' })).toEqual([
      200,
      { master: MASTER, software: '0.1.0' },
    ]);
  });

  test('without a body has no parameters', async () => {
    const { ask } = await apiLab();
    const response = await ask('/api/v1/call/nodes.list', { method: 'POST' });
    expect([response.status, await response.json()]).toEqual([200, { nodes: [], more: false }]);
  });

  test('submits a run, once, however often it is asked', async () => {
    const { lab, put, call } = await apiLab();
    await lab.quick('n1');
    const bytes = Buffer.from(JSON.stringify(SPEC));
    const staged = (await (await put(bytes)).json()) as object;
    const asked = { id: id('1'), spec: staged, owned: false };
    expect(await call('run.submit', asked)).toEqual([200, { run: 1 }]);
    expect(await call('run.submit', asked)).toEqual([200, { run: 1 }]);
    await lab.runs.get(1).finished;
    expect(await call('runs.list')).toMatchObject([200, { runs: [{ run: 1, status: 'PASS' }] }]);
  });

  test('cannot own a run: nobody would notice that its client has gone', async () => {
    const { call } = await apiLab();
    const asked = { id: id('1'), spec: { digest: '0'.repeat(64), size: 1 }, owned: true };
    expect(await call('run.submit', asked)).toEqual([
      400,
      { error: { code: 'BAD_PARAMS', message: expect.stringContaining('run.submit: owned: only a client') } },
    ]);
  });

  test.for([
    ['run.ps', {}, 'run.ps: run: must be a number'],
    ['run.ps', { run: 'one' }, 'run.ps: run: must be a number'],
    ['run.ps', [], 'run.ps: (the whole): must be a mapping'],
    ['run.ps', null, 'run.ps: run: must be a number'],
    ['node.order', { nodes: ['n1', 7], order: 'drained', on: true }, 'node.order: nodes.1: must be a text'],
    ['node.order', { nodes: [], order: 'drained', on: true }, 'node.order: nodes: '],
  ] as const)('%s of %j names the field that is wrong', async ([name, params, message]) => {
    const { call } = await apiLab();
    const [status, { error }] = (await call(name, params)) as [
      number,
      { error: { code: string; message: string } },
    ];
    expect([status, error.code]).toEqual([400, 'BAD_PARAMS']);
    expect(error.message).toContain(message);
  });

  test('has what it needs where its client has gone: node.power is carried through, once', async () => {
    const { lab, url, gate, call } = await apiLab();
    await lab.quick('n1');
    lab.machineRules = new MachineRules('/', [{ where: 'true', power: { on: { run: 'true' } } }] as never);
    const carried = Promise.withResolvers<{ ok: true; tail: string }>();
    let commands = 0;
    lab.carryOut = () => {
      commands += 1;
      return carried.promise;
    };
    const asked = { request: id('7'), node: 'n1', action: 'on', force: false };
    const body = JSON.stringify(asked);
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.write(
      requestText('POST /api/v1/call/node.power', { ...JSON_BODY, 'content-length': `${body.length}` }, body),
    );
    await eventually(() => commands === 1);
    socket.destroy();
    await eventually(() => gate.debugState().requests === 0);
    carried.resolve({ ok: true, tail: 'it is on' });
    expect(await call('node.power', asked)).toEqual([200, { output: 'it is on' }]);
    expect(commands).toBe(1);
  });

  test('that waits is withdrawn when its client goes away', async () => {
    const told = Promise.withResolvers<unknown>();
    const { url, gate } = await apiLab({
      calls: {
        'run.ps': (_, { signal }) =>
          new Promise((_resolve, reject) => {
            signal.addEventListener('abort', () => {
              told.resolve(signal.reason);
              reject(signal.reason as Error);
            });
          }),
      },
    });
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.write(
      requestText('POST /api/v1/call/run.ps', { ...JSON_BODY, 'content-length': '9' }, '{"run":1}'),
    );
    await eventually(() => gate.debugState().requests === 1);
    socket.destroy();
    expect(await told.promise).toMatchObject({ code: 'CANCELLED', message: 'the client went away' });
    await eventually(() => gate.debugState().requests === 0);
  });

  test('whose handler has a defect is answered INTERNAL', async () => {
    const { call } = await apiLab({
      calls: {
        'runs.list': () => {
          throw new TypeError('x is undefined');
        },
      },
    });
    expect(await call('runs.list')).toEqual([
      500,
      { error: { code: 'INTERNAL', message: 'x is undefined' } },
    ]);
  });
});
