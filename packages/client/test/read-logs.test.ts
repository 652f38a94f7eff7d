import { encodeLogFrame, type LogFrame, type LogName, type LogPositions, TuttiError } from '@tutti/protocol';
import { eventually, MemorySink, MemorySource, rejection } from '@tutti/testkit';
import { expect, test } from 'vitest';
import { type LogText, readLogs } from '../src/read-logs.ts';
import { connect, FakeMaster } from './fake-master.ts';

const NAME: LogName = {
  ...{ n: 0, key: '0.1.0.stdout.0', test: 'throughput', attempt: 1, member: 'a.0', node: 'n1' },
  ...{ source: 'stdout', incarnation: 0 },
};
const QUERY = { run: 7, sources: ['stdout' as const], follow: true };

const bytesOf = (...frames: LogFrame[]) => Buffer.concat(frames.map(encodeLogFrame));
const text = (offset: number, line: string): LogFrame => ({
  ...{ kind: 'text', n: 0, at: 1, offset },
  bytes: Buffer.from(line),
});
const BEGIN: LogFrame[] = [
  { kind: 'begin', begin: { severalTests: false, since: 500 } },
  { kind: 'log', log: NAME },
];

/** Writes down what comes. */
function listener(deal: (texts: readonly LogText[]) => Promise<void> = async () => {}) {
  const lines: string[] = [];
  const begins: unknown[] = [];
  return {
    lines,
    begins,
    begin: (begin: unknown) => begins.push(begin),
    async texts(texts: readonly LogText[]) {
      const got = texts.map(({ log, bytes }) => `${log.member} ${Buffer.from(bytes).toString()}`);
      await deal(texts);
      lines.push(...got);
    },
  };
}

test('lines come in the order of the stream, and the call ends with it', async () => {
  const master = await FakeMaster.open();
  master.handlers = {
    'run.logs': async ({ feed }) => {
      const all = bytesOf(...BEGIN, text(0, 'one\n'), text(4, 'two\n'));
      const stream = await master.session.openStream({ to: 'logs', feed }, new MemorySource(all));
      await stream.finish(all.byteLength);
      return {};
    },
  };
  const { client } = await connect(master);
  const heard = listener();
  await readLogs(client, QUERY, heard);
  expect(heard.lines).toEqual(['a.0 one\n', 'a.0 two\n']);
  expect(heard.begins).toEqual([{ severalTests: false, since: 500 }]);
  expect(client.debugState().feeds).toBe(0);
});

test('after a lost connection the next one goes on behind what was dealt with: each line once', async () => {
  const master = await FakeMaster.open();
  const asked: unknown[] = [];
  const blobs: MemorySink[] = [];
  master.accept = () => {
    const sink = new MemorySink();
    blobs.push(sink);
    return sink;
  };
  master.handlers = {
    'blob.missing': () => ({ missing: [0] }),
    'run.logs': async ({ feed, since, ago }) => {
      asked.push({ since, ago });
      if (master.sessions.length === 1) {
        // The last frame is torn by the end of the connection.
        const torn = bytesOf(...BEGIN, text(0, 'one\n'), text(4, 'two\n')).subarray(0, -3);
        await master.session.openStream({ to: 'logs', feed }, new MemorySource(torn));
        return new Promise(() => {});
      }
      const all = bytesOf(...BEGIN, text(4, 'two\n'));
      const stream = await master.session.openStream({ to: 'logs', feed }, new MemorySource(all));
      await stream.finish(all.byteLength);
      return {};
    },
  };
  const { client, sessions } = await connect(master);
  const heard = listener();
  const reading = readLogs(client, { ...QUERY, ago: 600 }, heard);
  await eventually(() => heard.lines.length === 1);
  master.cut();
  await sessions(2);
  await reading;
  expect(heard.lines).toEqual(['a.0 one\n', 'a.0 two\n']);
  expect(heard.begins).toHaveLength(1);
  // The same instant as before, not ten minutes before now.
  expect(asked).toEqual([{ ago: 600 }, { ago: 600, since: 500 }]);
  const positions = JSON.parse(String(blobs[0]!.file.bytes)) as LogPositions;
  expect(positions).toEqual({ [NAME.key]: 4 });
});

test('a reader that takes its time is waited for', async () => {
  const master = await FakeMaster.open();
  const source = new MemorySource(bytesOf(...BEGIN));
  const line = `${'x'.repeat(60_000)}\n`;
  for (let n = 0; n < 100; n += 1) source.append(bytesOf(text(n * line.length, line)));
  let read = 0;
  source.beforeRead = (offset) => {
    read = offset;
  };
  master.handlers = {
    'run.logs': async ({ feed }) => {
      const stream = await master.session.openStream({ to: 'logs', feed }, source);
      await stream.finish(source.length);
      return {};
    },
  };
  const { client } = await connect(master);
  const gate = Promise.withResolvers<void>();
  const heard = listener(() => gate.promise);
  const reading = readLogs(client, QUERY, heard);
  await eventually(() => read > 500_000);
  // No more than a window goes ahead of it.
  expect(read).toBeLessThan(2_000_000);
  gate.resolve();
  await reading;
  expect(heard.lines).toHaveLength(100);
});

test('what the reader throws ends it, as it was thrown', async () => {
  const master = await FakeMaster.open();
  master.handlers = {
    'run.logs': async ({ feed }) => {
      const all = bytesOf(...BEGIN, text(0, 'one\n'));
      const stream = await master.session.openStream({ to: 'logs', feed }, new MemorySource(all));
      await stream.reached(Number.MAX_SAFE_INTEGER);
      return {};
    },
  };
  const { client } = await connect(master);
  const gone = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' });
  const reading = readLogs(
    client,
    QUERY,
    listener(() => Promise.reject(gone)),
  );
  expect(await rejection(reading)).toMatchObject({ code: 'EPIPE' });
});

test('an abort withdraws the call', async () => {
  const master = await FakeMaster.open();
  let withdrawn = false;
  master.handlers = {
    'run.logs': (_params, { signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          withdrawn = true;
          reject(new TuttiError('CANCELLED', 'withdrawn'));
        });
      }),
  };
  const { client } = await connect(master);
  const stop = new AbortController();
  const reading = readLogs(client, QUERY, listener(), stop.signal);
  await eventually(() => master.count('run.logs') === 1);
  stop.abort(new Error('enough'));
  await expect(reading).rejects.toThrow('enough');
  await eventually(() => withdrawn);
  expect(client.debugState().feeds).toBe(0);
});
