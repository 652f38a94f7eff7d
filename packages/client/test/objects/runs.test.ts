import { encodeLogFrame, type LogFrame, TuttiError } from '@tutti/protocol';
import { eventually, MemorySource, rejection } from '@tutti/testkit';
import { expect, test } from 'vitest';
import { head, testView } from '../fake-master.ts';
import { connected, ended, runRow } from './connected.ts';

test('runs are there, the newest first; the newest is last, and follows', async () => {
  const { tutti, runs } = await connected({ runs: [7, 9, 8] });
  expect(tutti.runs.numbers).toEqual([9, 8, 7]);
  expect(tutti.runs.last.number).toBe(9);
  runs.tell({ changed: [runRow(10, { phase: 'queued' })], gone: [7] });
  await eventually(() => tutti.runs.last.number === 10);
  expect(tutti.runs.last.row).toMatchObject({ phase: 'queued' });
  expect(tutti.runs.get(7).row).toBeUndefined();
  expect(() => tutti.runs.get(0)).toThrow('0 is no number of a run');
});

test('where there has been no run, there is no last', async () => {
  const { tutti } = await connected({ runs: [] });
  expect(() => tutti.runs.last).toThrow('the master has had no run yet');
});

test('an older run is asked for by its number', async () => {
  const { tutti } = await connected(
    {},
    {
      'runs.list': ({ before }) => ({ runs: before === 4 ? [runRow(3)] : [runRow(2)], more: false }),
    },
  );
  expect(await tutti.runs.get(3).info()).toMatchObject({ run: 3 });
  expect(await rejection(tutti.runs.get(5).info())).toMatchObject({ code: 'NO_SUCH_RUN' });
});

test('a look at a run does not wait for its end', async () => {
  const { tutti, master } = await connected(
    {},
    {
      'run.watch': () => {
        master.session.emit('test.changed', { run: 7, index: 0, test: testView() });
        master.session.emit('run.changed', head());
        return {};
      },
    },
  );
  expect(await tutti.runs.get(7).view()).toMatchObject({ phase: 'running', tests: [{ name: 'throughput' }] });
});

test('the machine of a member of a running test is asked as that', async () => {
  const asked: unknown[] = [];
  const members = ['server.0', 'client.0', 'client.1'].map((member) => ({
    ...{ member, node: 'n1', state: 'running' as const },
  }));
  const { tutti, master } = await connected(
    {},
    {
      'run.watch': () => {
        master.session.emit('test.changed', { run: 7, index: 0, test: testView({ members }) });
        master.session.emit('run.changed', head());
        return {};
      },
      'node.start': ({ at }) => {
        asked.push(at);
        return { command: 'c'.repeat(32), number: 1 };
      },
      'node.ended': () => ended(0),
    },
  );
  const throughput = tutti.runs.get(7).test('throughput');
  await throughput.role('server').run('ss -tn');
  await throughput.role('client').member(1).run('ss -tn');
  expect(asked).toEqual([
    { run: 7, test: 'throughput', member: 'server.0' },
    { run: 7, test: 'throughput', member: 'client.1' },
  ]);
  expect(await rejection(throughput.role('client').run('ss'))).toMatchObject({
    ...{ code: 'USAGE', message: expect.stringContaining('client has 2 members') as string },
  });
  expect(await throughput.role('client').each(async ({ name }) => name)).toEqual(['client.0', 'client.1']);
  expect(await rejection(throughput.role('serber').run('ss'))).toMatchObject({
    ...{ code: 'NO_SUCH_MEMBER', message: expect.stringContaining('did you mean "server"?') as string },
  });
  expect(await rejection(tutti.runs.get(7).test('thruput').view())).toMatchObject({ code: 'NO_SUCH_TEST' });
});

const NAME = {
  ...{ n: 0, key: 'k', test: 'throughput', attempt: 1, member: 'a.0', node: 'n1' },
  ...{ source: 'stdout' as const, incarnation: 0 },
};

function framesOf(...lines: string[]): Buffer {
  let offset = 0;
  const frames: LogFrame[] = [
    { kind: 'begin', begin: { severalTests: false } },
    { kind: 'log', log: NAME },
  ];
  for (const line of lines) {
    frames.push({ kind: 'text', n: 0, at: 1, offset, bytes: Buffer.from(line) });
    offset += line.length;
  }
  return Buffer.concat(frames.map(encodeLogFrame));
}

test('logs are gone through line by line; who stops reading ends the reading', async () => {
  let withdrawn = false;
  const { tutti, master } = await connected(
    {},
    {
      'run.logs': async ({ feed, follow }, { signal }) => {
        const all = framesOf('one\n', 'two\n');
        const stream = await master.session.openStream({ to: 'logs', feed }, new MemorySource(all));
        if (!follow) {
          await stream.finish(all.byteLength);
          return {};
        }
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        withdrawn = true;
        return {};
      },
    },
  );
  const run = tutti.runs.get(7);
  const lines: string[] = [];
  for await (const { member, text } of run.logs()) lines.push(`${member} ${text}`);
  expect(lines).toEqual(['a.0 one\n', 'a.0 two\n']);
  for await (const { text } of run.logs({ follow: true })) {
    expect(text).toBe('one\n');
    break;
  }
  await eventually(() => withdrawn);
});

test('what fails while logs are read is told to who reads them', async () => {
  const { tutti } = await connected(
    {},
    { 'run.logs': () => Promise.reject(new TuttiError('NO_SUCH_TEST', 'there is no such test')) },
  );
  const reading = async () => {
    for await (const _ of tutti.runs.get(7).logs({ test: 'x' })) continue;
  };
  expect(await rejection(reading())).toMatchObject({ code: 'NO_SUCH_TEST' });
});
