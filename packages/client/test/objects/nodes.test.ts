import { eventually, rejection } from '@tutti/testkit';
import { expect, test } from 'vitest';
import type { NodeDelta } from '../../src/objects/nodes.ts';
import { aborted, connected, ended, nodeView } from './connected.ts';

const COMMAND = 'c'.repeat(32);
const START = { command: COMMAND, number: 3 };

test('machines are there when connected, sorted, and follow what the master tells', async () => {
  const { tutti, nodes } = await connected({ nodes: ['n2', 'n1'] });
  expect([...tutti.nodes].map(({ name, state }) => [name, state])).toEqual([
    ['n1', 'idle'],
    ['n2', 'idle'],
  ]);
  const one = tutti.nodes.get('n1');
  const heard: NodeDelta[] = [];
  tutti.nodes.on((delta) => heard.push(delta));
  nodes.tell({ changed: [nodeView('n1', { state: 'running', run: 4 }), nodeView('n3')], gone: ['n2'] });
  await eventually(() => heard.length === 3);
  expect(one.state).toBe('running');
  expect(tutti.nodes.names).toEqual(['n1', 'n3']);
  expect(heard.map(({ kind, key }) => [kind, key])).toEqual([
    ['changed', 'n1'],
    ['added', 'n3'],
    ['gone', 'n2'],
  ]);
});

test('an unknown machine is refused with the nearest name; so is one that has gone', async () => {
  const { tutti, nodes } = await connected({ nodes: ['web-1', 'db-1'] });
  expect(() => tutti.nodes.get('web-2')).toThrow('did you mean "web-1"?');
  const one = tutti.nodes.get('db-1');
  nodes.tell({ gone: ['db-1'] });
  await eventually(() => !tutti.nodes.has('db-1'));
  expect(() => one.state).toThrow('the master knows no machine "db-1"');
});

test('machines are chosen by glob and by selector', async () => {
  const { tutti } = await connected({ nodes: ['web-1', 'web-2', 'db'] });
  expect(tutti.nodes.find('web*').names).toEqual(['web-1', 'web-2']);
  expect(tutti.nodes.where('name == "db" && cpus > 3').names).toEqual(['db']);
  expect(() => tutti.nodes.where('cpu > 3')).toThrow('cpu > 3\n  ^');
});

test('what is asked of no machine is refused: it would look like a success', async () => {
  const { tutti } = await connected({ nodes: ['web-1'] });
  const nobody = tutti.nodes.where('name == "db"');
  expect(nobody.size).toBe(0);
  for (const asked of [nobody.run('true'), nobody.put('/etc/hosts', '/tmp/hosts'), nobody.reboot()])
    await expect(asked).rejects.toMatchObject({ code: 'NO_SUCH_NODE' });
  expect(await nobody.each(({ name }) => Promise.resolve(name))).toEqual([]);
});

test('run starts a command and tells what came of it', async () => {
  const started: unknown[] = [];
  const { tutti } = await connected(
    {},
    {
      'node.start': (asked) => {
        started.push(asked);
        return START;
      },
      'node.ended': ({ args }) => (args.command === COMMAND ? ended(0, 'Linux\n') : ended(1)),
    },
  );
  const options = { timeout: '1m', env: { A: 'b' }, cwd: '/tmp' };
  const result = await tutti.nodes.get('n1').run('uname', options);
  expect(result).toMatchObject({ on: 'n1', exit: 0, ok: true, stdout: 'Linux\n', stderr: '', stdoutSize: 6 });
  expect(started).toMatchObject([
    { at: { node: 'n1' }, args: { command: 'uname', timeout: 60, env: { A: 'b' }, cwd: '/tmp' } },
  ]);
});

test('run rejects where the command fails, and fails where it does not', async () => {
  let code = 1;
  const { tutti } = await connected(
    {},
    { 'node.start': () => START, 'node.ended': () => ended(code, '', 'no such thing\n') },
  );
  const node = tutti.nodes.get('n1');
  expect(await rejection(node.run('make'))).toMatchObject({
    code: 'COMMAND_FAILED',
    message: '"make" on n1 exited with status 1 (last line: "no such thing")',
    result: { exit: 1, ok: false },
  });
  expect(await node.fails('make')).toMatchObject({ exit: 1 });
  expect(await node.result('make')).toMatchObject({ exit: 1 });
  code = 0;
  expect(await rejection(node.fails('make'))).toMatchObject({
    ...{ code: 'COMMAND_FAILED', message: expect.stringContaining('was expected to fail') as string },
  });
});

test('an aborted run rejects at once, stops its command, and leaves no call behind', async () => {
  const calls: string[] = [];
  const { tutti, master } = await connected(
    {},
    {
      'node.start': () => START,
      'node.ended': (_asked, { signal }) => aborted(signal),
      'node.stop': ({ args }) => {
        calls.push(args.command);
        return {};
      },
    },
  );
  const stop = new AbortController();
  const failure = rejection(tutti.nodes.get('n1').run('sleep 99', { signal: stop.signal }));
  await eventually(() => master.count('node.ended') === 1);
  stop.abort();
  expect(await failure).toMatchObject({
    ...{ code: 'CANCELLED', message: '"sleep 99" on n1 is being stopped' },
  });
  await eventually(() => calls.length === 1);
  expect(calls).toEqual([COMMAND]);
  // The two watches alone are still asked.
  await eventually(() => master.session.debugState().serving === 2);
});

test('the signal of what is being done counts for whatever is not given one', async () => {
  const ambient = new AbortController();
  const { tutti, master } = await connected(
    {},
    {
      'node.start': () => START,
      'node.ended': (_asked, { signal }) => aborted(signal),
      'node.stop': () => ({}),
    },
    () => ambient.signal,
  );
  const failure = rejection(tutti.nodes.get('n1').run('sleep 99'));
  await eventually(() => master.count('node.ended') === 1);
  ambient.abort();
  expect(await failure).toMatchObject({ code: 'CANCELLED' });
});

test('a command on several machines tells of each, and rejects with all when one fails', async () => {
  const { tutti } = await connected(
    {},
    {
      'node.start': ({ at }) => ({
        ...START,
        command: 'node' in at && at.node === 'n1' ? COMMAND : 'd'.repeat(32),
      }),
      'node.ended': ({ args }) => ended(args.command === COMMAND ? 0 : 2),
    },
  );
  const error = await rejection(tutti.nodes.all.run('true'));
  expect(error).toMatchObject({
    ...{ code: 'COMMAND_FAILED', message: 'the command failed on 1 of 2: n2 exited with status 2' },
  });
  const { result } = error as { result: { of(name: string): unknown } };
  expect(result.of('n1')).toMatchObject({ ok: true });
});

test('until asks again until it holds, and says what was the last when it does not', async () => {
  let tries = 0;
  const { tutti } = await connected(
    {},
    {
      'node.start': () => START,
      'node.ended': () => {
        tries += 1;
        return ended(tries < 3 ? 1 : 0);
      },
    },
  );
  const node = tutti.nodes.get('n1');
  await node.until('test -e up', { every: '1ms' });
  expect(tries).toBe(3);
  tries = -1_000_000;
  expect(await rejection(node.until('test -e up', { every: '1ms', timeout: '20ms' }))).toMatchObject({
    code: 'TIMED_OUT',
    message: '"test -e up" on n1 did not succeed within 0.02 s; the last time it exited with status 1',
  });
});

test('changes are told one by one; of what changes while nobody reads, the last', async () => {
  const { tutti, nodes } = await connected({ nodes: ['n1'] });
  const changes = tutti.nodes.changes();
  const first = changes.next();
  nodes.tell({ changed: [nodeView('n1', { state: 'reserved' })] });
  expect((await first).value).toMatchObject({ kind: 'changed', now: { state: 'reserved' } });
  let heard = 0;
  tutti.nodes.on(() => {
    heard += 1;
  });
  nodes.tell({ changed: [nodeView('n1', { state: 'running' }), nodeView('n2')] });
  await eventually(() => heard === 2);
  nodes.tell({ changed: [nodeView('n1')], gone: ['n2'] });
  await eventually(() => heard === 4);
  expect((await changes.next()).value).toMatchObject({
    ...{ kind: 'changed', before: { state: 'reserved' }, now: { state: 'idle' } },
  });
  const last = changes.next();
  await tutti.close();
  expect(await last).toEqual({ done: true, value: undefined });
});

test('after a lost connection it goes on where it was, and the machines stay', async () => {
  const asked: unknown[] = [];
  const { tutti, master } = await connected();
  const watch = master.handlers['nodes.watch'];
  master.handlers['nodes.watch'] = (params, context) => {
    asked.push(params.since?.revision);
    return watch?.(params, context) ?? Promise.reject(new Error('there is none'));
  };
  const lost = Promise.withResolvers<void>();
  const back = Promise.withResolvers<number>();
  tutti.on('lost', () => lost.resolve());
  tutti.on('back', back.resolve);
  master.cut();
  await lost.promise;
  expect(tutti.nodes.size).toBe(2);
  expect(await back.promise).toBeGreaterThan(0);
  await eventually(() => asked.length === 1);
  expect(asked).toEqual([1]);
});

test('a connection that is refused is told when connecting', async () => {
  const failure = rejection(connected({}, { 'nodes.watch': () => Promise.reject(new Error('broken')) }));
  expect(await failure).toMatchObject({ code: 'INTERNAL' });
});
