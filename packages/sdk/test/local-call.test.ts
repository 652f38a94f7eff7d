import { channel } from 'node:diagnostics_channel';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { barrier, get, me, set } from '../src/index.ts';
import { FakeAgent } from './fake-agent.ts';

let agent: FakeAgent;

beforeEach(async () => {
  agent = await new FakeAgent().listen();
  process.env['TUTTI_SOCKET'] = agent.path;
});
afterEach(async () => {
  vi.useRealTimers();
  await agent[Symbol.asyncDispose]();
});

test('aborting the signal closes the connection, and the error says why', async () => {
  const stop = new AbortController();
  const waiting = barrier('ready', { signal: stop.signal });
  const connection = await agent.next();
  await connection.request;
  const reason = new Error('enough');
  stop.abort(reason);
  await expect(waiting).rejects.toMatchObject({ name: 'TuttiError', code: 'CANCELLED', cause: reason });
  await connection.closed;
});

test('one signal withdraws all its waits and leaves the others alone', async () => {
  const stop = new AbortController();
  const withdrawn = [get('a', { wait: true, signal: stop.signal }), barrier('b', { signal: stop.signal })];
  const other = get('c', { wait: true });
  const connections = [await agent.next(), await agent.next(), await agent.next()];
  const requests = await Promise.all(connections.map(({ request }) => request));
  stop.abort();
  for (const wait of withdrawn) await expect(wait).rejects.toMatchObject({ code: 'CANCELLED' });
  await vi.waitUntil(() => agent.connections === 1, { timeout: 9000 });
  await connections[requests.findIndex(({ args }) => args['key'] === 'c')]?.answer({ found: true, value: 1 });
  expect(await other).toBe(1);
});

test('a signal that is aborted already sends nothing', async () => {
  await expect(set('k', 1, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(agent.count).toBe(0);
});

test('a signal outlives its call without holding on to it', async () => {
  const { signal } = new AbortController();
  const [add, remove] = [vi.spyOn(signal, 'addEventListener'), vi.spyOn(signal, 'removeEventListener')];
  const call = set('k', 1, { signal });
  await (await agent.next()).answer({});
  await call;
  expect(remove.mock.calls.map(([, listener]) => listener)).toEqual(
    add.mock.calls.map(([, listener]) => listener),
  );
});

test('an absent agent is tried again and again', async () => {
  await agent.die();
  let tries = 0;
  const count = (): void => {
    tries += 1;
  };
  channel('net.client.socket').subscribe(count);
  try {
    const call = get('k');
    await vi.waitUntil(() => tries >= 3, { timeout: 9000 });
    await agent.listen();
    await (await agent.next()).answer({ found: true, value: 'there' });
    expect(await call).toBe('there');
  } finally {
    channel('net.client.socket').unsubscribe(count);
  }
});

test('an agent that never answers is given up a margin after the timeout, and not before', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  let outcome: unknown;
  void barrier('ready', { timeout: '30s' }).catch((error: unknown) => {
    outcome = error;
  });
  const connection = await agent.next();
  await connection.request;
  vi.advanceTimersByTime(34_999);
  await new Promise((resolve) => setImmediate(resolve));
  expect(outcome).toBeUndefined();
  vi.advanceTimersByTime(1);
  await connection.closed;
  expect(outcome).toMatchObject({
    code: 'TIMED_OUT',
    message: expect.stringContaining('barrier "ready"') as string,
  });
});

test('a timeout longer than a timer can be does not fire at once', async () => {
  const call = barrier('ready', { timeout: '1000h' });
  const connection = await agent.next();
  await connection.answer({ generation: 0, rank: 0, size: 1, data: {} });
  expect(await call).toMatchObject({ size: 1 });
});

test('a timeout without wait is refused, and so is undefined as a value', async () => {
  await expect(get('k', { timeout: 1 })).rejects.toMatchObject({ code: 'BAD_PARAMS' });
  await expect(set('k', undefined as never)).rejects.toMatchObject({ code: 'BAD_PARAMS' });
  expect(agent.count).toBe(0);
});

test('me reads the environment when it is asked, and says what is missing', () => {
  vi.stubEnv('TUTTI_MEMBER', 'client.0');
  vi.stubEnv('TUTTI_INDEX', '0');
  vi.stubEnv('TUTTI_RUN', '17');
  vi.stubEnv('TUTTI_PARAM_WINDOW', '64k');
  vi.stubEnv('TUTTI_NODE', undefined);
  expect({ member: me.member, index: me.index, run: me.run }).toEqual({
    member: 'client.0',
    index: 0,
    run: 17,
  });
  expect(me.params).toMatchObject({ window: '64k' });
  expect(() => me.node).toThrow(
    expect.objectContaining({ code: 'USAGE', message: expect.stringContaining('TUTTI_NODE') as string }),
  );
  vi.unstubAllEnvs();
});
