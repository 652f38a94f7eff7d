import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunSpec, RunView, StreamTarget } from '@tutti/protocol';
import { TuttiError } from '@tutti/protocol';
import { eventually, MemorySink, rejection, settled } from '@tutti/testkit';
import { expect, test } from 'vitest';
import { type FollowOptions, followRun } from '../src/follow-run.ts';
import { connect, FakeMaster, head, temporaryDirectory, testView } from './fake-master.ts';

const SPEC: RunSpec = {
  suite: 'traffic',
  tests: [
    {
      name: 'throughput',
      timeout: 60,
      linger: 10,
      grace: 30,
      params: {},
      roles: [
        {
          name: 'a',
          count: 1,
          script: { kind: 'inline', text: 'true' },
          params: {},
          env: {},
          essential: true,
        },
      ],
    },
  ],
  files: [],
};

const digest = (bytes: string | Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** A master that has every blob and gives every run the number 7. */
async function masterWithRun() {
  const master = await FakeMaster.open();
  const submitted: unknown[] = [];
  master.handlers = {
    'blob.missing': () => ({ missing: [] }),
    'run.submit': (params) => {
      submitted.push(params);
      return { run: 7 };
    },
    'run.watch': () => ({}),
    'run.cancel': () => ({}),
  };
  return { master, submitted };
}

/** Follows a run and writes down the views. */
function follow(client: Parameters<typeof followRun>[0], more: Partial<FollowOptions> = {}) {
  const views: RunView[] = [];
  const onView = (view: RunView) => views.push(view);
  const final = followRun(client, { spec: SPEC, sources: new Map(), owned: true, onView, ...more });
  final.catch(() => {});
  return { final, views };
}

const finish = (master: FakeMaster, run = 7) => {
  master.session.emit('test.changed', { run, index: 0, test: testView({ state: 'ended', status: 'PASS' }) });
  master.session.emit('run.changed', head({ run, phase: 'finished', status: 'PASS', exit: 0 }));
};

test('a run is staged, submitted and watched to its end, which is the final view', async () => {
  const { master, submitted } = await masterWithRun();
  const { client } = await connect(master);
  const { final, views } = follow(client);
  await eventually(() => master.count('run.watch') === 1);
  master.session.emit('test.changed', { run: 7, index: 0, test: testView({ state: 'waiting' }) });
  master.session.emit('run.changed', head({ phase: 'queued' }));
  await eventually(() => views.length === 1);
  finish(master);
  expect(await final).toMatchObject({ phase: 'finished', status: 'PASS', exit: 0 });
  expect(views.map(({ phase, tests }) => [phase, tests.map(({ state }) => state)])).toEqual([
    ['queued', ['waiting']],
    ['finished', ['ended']],
  ]);
  expect(master.calls).toEqual(['blob.missing', 'run.submit', 'run.watch']);
  const bytes = Buffer.from(JSON.stringify(SPEC));
  expect(submitted).toEqual([
    {
      id: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
      spec: { digest: digest(bytes), size: bytes.byteLength },
      owned: true,
    },
  ]);
  expect(client.debugState().listeners).toBe(0);
});

test('a view is handed out when the run changes, whole, and not for each of its tests', async () => {
  const { master } = await masterWithRun();
  const { client } = await connect(master);
  const { final, views } = follow(client);
  await eventually(() => master.count('run.watch') === 1);
  const tell = (index: number, name: string) =>
    master.session.emit('test.changed', { run: 7, index, test: testView({ name }) });
  tell(0, 'a');
  tell(1, 'b');
  master.session.emit('run.changed', head({ size: 2 }));
  await eventually(() => views.length === 1);
  tell(1, 'b, changed');
  master.session.emit('run.changed', head({ size: 2 }));
  finish(master);
  await final;
  expect(views.map((view) => view.tests.map(({ name }) => name))).toEqual([
    ['a', 'b'],
    ['a', 'b, changed'],
    ['throughput', 'b, changed'],
  ]);
});

test('other runs of the same master are none of its business', async () => {
  const { master } = await masterWithRun();
  const { client } = await connect(master);
  const { final, views } = follow(client);
  await eventually(() => master.count('run.watch') === 1);
  finish(master, 8);
  finish(master);
  expect(await final).toMatchObject({ run: 7 });
  expect(views.map(({ run }) => run)).toEqual([7]);
});

test('a listener that fails does not keep the run from ending', async () => {
  const { master } = await masterWithRun();
  const { client } = await connect(master);
  const onView = () => {
    throw new Error('the screen is gone');
  };
  const { final } = follow(client, { onView });
  await eventually(() => master.count('run.watch') === 1);
  finish(master);
  expect(await final).toMatchObject({ phase: 'finished' });
});

test('a run that the master refuses is told as it said it', async () => {
  const { master } = await masterWithRun();
  master.handlers['run.submit'] = () => {
    throw new TuttiError('NOT_ENOUGH_NODES', '3 are needed, 2 are connected');
  };
  const { client } = await connect(master);
  await expect(follow(client).final).rejects.toMatchObject({ code: 'NOT_ENOUGH_NODES' });
});

test('a submission whose answer is lost is made again under the same id', async () => {
  const { master, submitted } = await masterWithRun();
  const { client, sessions } = await connect(master);
  const answered = master.handlers['run.submit'];
  master.handlers['run.submit'] = (params) => {
    submitted.push(params);
    return new Promise(() => {});
  };
  const { final } = follow(client);
  await eventually(() => submitted.length === 1);
  master.handlers['run.submit'] = answered!;
  master.cut();
  await sessions(2);
  await eventually(() => master.count('run.watch') === 1);
  finish(master);
  await final;
  expect(submitted).toHaveLength(2);
  expect(submitted[1]).toEqual(submitted[0]);
});

test('on the next connection the run is found first, then submitted again so that it stays the client’s own', async () => {
  const { master, submitted } = await masterWithRun();
  const { client, sessions } = await connect(master);
  const { final, views } = follow(client);
  await eventually(() => master.count('run.watch') === 1);
  master.session.emit('test.changed', { run: 7, index: 0, test: testView() });
  master.session.emit('run.changed', head());
  await eventually(() => views.length === 1);
  master.cut();
  await sessions(2);
  await eventually(() => submitted.length === 2);
  finish(master);
  await final;
  expect(master.calls.slice(1)).toEqual(['run.submit', 'run.watch', 'run.watch', 'run.submit']);
  expect(submitted[1]).toEqual(submitted[0]);
  expect(views.map(({ phase }) => phase)).toEqual(['running', 'finished']);
});

test('also a connection that breaks before the watching has begun leaves the run the client’s own', async () => {
  const { master, submitted } = await masterWithRun();
  const { client, sessions } = await connect(master);
  const watched = master.handlers['run.watch'];
  master.handlers['run.watch'] = () => new Promise(() => {});
  const { final } = follow(client);
  await eventually(() => master.count('run.watch') === 1);
  master.handlers['run.watch'] = watched!;
  master.cut();
  await sessions(2);
  await eventually(() => submitted.length === 2);
  finish(master);
  expect(await final).toMatchObject({ phase: 'finished' });
});

test('a run that a restarted master does not know ends as ERROR and is not run anew', async () => {
  const { master, submitted } = await masterWithRun();
  const { client, sessions } = await connect(master);
  const { final, views } = follow(client);
  await eventually(() => master.count('run.watch') === 1);
  master.session.emit('test.changed', { run: 7, index: 0, test: testView() });
  master.session.emit('run.changed', head());
  await eventually(() => views.length === 1);
  master.handlers['run.watch'] = () => {
    throw new TuttiError('NO_SUCH_RUN', 'no run 7');
  };
  master.cut();
  await sessions(2);
  expect(await final).toMatchObject({
    phase: 'finished',
    status: 'ERROR',
    exit: 2,
    cause: expect.stringContaining('restarted') as string,
    tests: [{ name: 'throughput' }],
  });
  expect(submitted).toHaveLength(1);
  expect(views.at(-1)).toMatchObject({ status: 'ERROR' });
});

test('an abort cancels the run with its reason, and the end is waited for', async () => {
  const { master } = await masterWithRun();
  const reasons: string[] = [];
  master.handlers['run.cancel'] = ({ reason }) => {
    reasons.push(reason);
    return {};
  };
  const { client } = await connect(master);
  const stop = new AbortController();
  const { final } = follow(client, { signal: stop.signal });
  await eventually(() => master.count('run.watch') === 1);
  stop.abort(new TuttiError('CANCELLED', 'cancelled by SIGINT'));
  await eventually(() => reasons.length === 1);
  let settledEarly = false;
  void final.finally(() => {
    settledEarly = true;
  });
  await settled();
  expect(settledEarly).toBe(false);
  master.session.emit('run.changed', head({ phase: 'finished', status: 'INTERRUPTED', exit: 130 }));
  expect(await final).toMatchObject({ status: 'INTERRUPTED', exit: 130 });
  expect(reasons).toEqual(['cancelled by SIGINT']);
});

test('an abort while the submission is under way cancels the run as soon as it has a number', async () => {
  const { master } = await masterWithRun();
  const { client } = await connect(master);
  const stop = new AbortController();
  const answer = Promise.withResolvers<{ run: number }>();
  master.handlers['run.submit'] = () => answer.promise;
  const { final } = follow(client, { signal: stop.signal });
  await eventually(() => master.count('run.submit') === 1);
  stop.abort();
  answer.resolve({ run: 7 });
  await eventually(() => master.count('run.cancel') === 1);
  await eventually(() => master.count('run.watch') === 1);
  finish(master);
  await final;
  expect(master.count('run.cancel')).toBe(1);
});

test('an abort while there is no connection cancels the run on the next', async () => {
  const { master } = await masterWithRun();
  const { client, sessions } = await connect(master);
  const stop = new AbortController();
  const { final } = follow(client, { signal: stop.signal });
  await eventually(() => master.count('run.watch') === 1);
  master.cut();
  await eventually(() => client.debugState().link === 'waiting');
  stop.abort();
  await sessions(2);
  await eventually(() => master.count('run.cancel') === 1 && master.count('run.submit') === 2);
  finish(master);
  expect(await final).toMatchObject({ phase: 'finished' });
});

test('an abort before the run is submitted means that it never is', async () => {
  const { master } = await masterWithRun();
  const { client } = await connect(master);
  const stop = new AbortController();
  master.handlers['blob.missing'] = () => new Promise(() => {});
  const failure = rejection(follow(client, { signal: stop.signal }).final);
  await eventually(() => master.count('blob.missing') === 1);
  stop.abort(new TuttiError('CANCELLED', 'cancelled by SIGINT'));
  expect(await failure).toMatchObject({ code: 'CANCELLED', message: 'cancelled by SIGINT' });
  expect(master.count('run.submit')).toBe(0);
});

test('only what the master lacks is sent, each content once, and the spec like any file', async () => {
  const { master } = await masterWithRun();
  const dir = temporaryDirectory();
  const contents = ['known', 'new', ''];
  const sources = new Map<string, string>();
  const files: RunSpec['files'] = [];
  for (const [index, text] of contents.entries()) {
    const path = join(dir, String(index));
    writeFileSync(path, text);
    sources.set(digest(text), path);
    files.push({ kind: 'file', path: `f${index}`, mode: 0o644, size: text.length, digest: digest(text) });
    files.push({ kind: 'file', path: `again${index}`, mode: 0o644, size: text.length, digest: digest(text) });
  }
  const has = new Set([digest('known')]);
  master.handlers['blob.missing'] = ({ blobs }) => ({
    missing: blobs.flatMap((blob, at) => (has.has(blob.digest) ? [] : [at])),
  });
  const received: { target: StreamTarget; sink: MemorySink }[] = [];
  master.accept = (target) => {
    const sink = new MemorySink();
    received.push({ target, sink });
    return sink;
  };
  const { client } = await connect(master);
  const spec = { ...SPEC, files };
  const { final } = follow(client, { spec, sources });
  await eventually(() => master.count('run.watch') === 1);
  finish(master);
  await final;
  const sent = received.map(({ target, sink }) => ({
    digest: target.to === 'blob' ? target.digest : target.to,
    bytes: sink.file.bytes.toString(),
    ended: sink.ended,
  }));
  expect(sent).toEqual(
    [JSON.stringify(spec), 'new', '']
      .toSorted()
      .map((bytes) => ({ digest: digest(bytes), bytes, ended: 'finished' }))
      .toSorted(byDigest(sent.map((each) => each.digest))),
  );
});

/** The order in which they came is not promised. */
function byDigest(order: string[]): (a: { digest: string }, b: { digest: string }) => number {
  return (a, b) => order.indexOf(a.digest) - order.indexOf(b.digest);
}

test('a file whose transfer breaks off is sent again on the next connection', async () => {
  const { master } = await masterWithRun();
  const { client, sessions } = await connect(master);
  master.handlers['blob.missing'] = ({ blobs }) => ({ missing: blobs.map((_, at) => at) });
  const sinks: MemorySink[] = [];
  master.accept = () => {
    const sink = new MemorySink();
    sinks.push(sink);
    if (sinks.length === 1) sink.beforeWrite = () => new Promise(() => {});
    return sink;
  };
  const { final } = follow(client);
  await eventually(() => sinks.length === 1 && sinks[0]!.chunks.length === 1);
  master.cut();
  await sessions(2);
  await eventually(() => master.count('run.watch') === 1);
  finish(master);
  await final;
  expect(sinks.map(({ ended }) => ended)).toEqual(['aborted', 'finished']);
  expect(sinks[1]!.file.bytes.toString()).toBe(JSON.stringify(SPEC));
});
