import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { putJson, Session } from '@tutti/link';
import { type EventParams, PROTOCOL, type RunSpec, type StreamTarget } from '@tutti/protocol';
import {
  eventually,
  MemorySink,
  MemorySource,
  memoryTransports,
  rejection,
  settled,
  stubEvents,
  stubHandlers,
} from '@tutti/testkit';
import { describe, expect, test } from 'vitest';
import { serveClient } from '../../src/clients/client-session.ts';
import { Ownership } from '../../src/runs/ownership.ts';
import { id, MASTER, quiet } from '../lab.ts';
import { role, testSpec } from '../runs/a-test.ts';
import { RunsLab } from '../runs/runs-lab.ts';

const SPEC: RunSpec = { suite: 'suite', files: [], tests: [testSpec([role('client')])] };

async function aLab() {
  const lab = await RunsLab.open();
  const ownership = new Ownership(lab.clock, (run) => lab.runs.cancel(run, 'the client went away'));
  const connect = async () => {
    const pair = memoryTransports({ clock: lab.clock });
    const { masterClock: clock, registry, runs, blobs } = lab;
    const served = serveClient(pair.right, {
      ...{
        master: MASTER,
        software: '0.1.0',
        clock,
        registry,
        runs,
        ownership,
        broker: lab.broker,
        runList: lab.store.runList,
        news: lab.news,
        blobs,
        log: quiet,
      },
    });
    const heads: EventParams<'run.changed'>[] = [];
    const tests: EventParams<'test.changed'>[] = [];
    const files = new Map<string, MemorySink>();
    const modes = new Map<string, number>();
    const links: string[] = [];
    const session = new Session({
      transport: pair.left,
      sends: 'client→master',
      receives: 'master→client',
      handlers: stubHandlers('master→client'),
      events: stubEvents('master→client', {
        'run.changed': (head) => heads.push(head),
        'test.changed': (changed) => tests.push(changed),
      }),
      accept: (target: StreamTarget) => {
        const sink = new MemorySink();
        if (target.to === 'result') {
          files.set(target.path, sink);
          modes.set(target.path, target.mode);
        }
        if (target.to === 'resultLink') links.push(`${target.path} -> ${target.target}`);
        return sink;
      },
      clock: lab.clock,
    });
    const hello = { protocol: { ...PROTOCOL }, software: '0.1.0' };
    const welcome = await session.call('client.hello', hello);
    const submit = async (number: string, owned = false, spec: unknown = SPEC) => {
      const blob = await putJson(lab.blobs, spec);
      return (await session.call('run.submit', { id: id(number), spec: blob, owned })).run;
    };
    return { session, served, pair, welcome, submit, heads, tests, files, modes, links };
  };
  return { lab, ownership, connect };
}

describe('a client', () => {
  test('is welcomed with the id of the master, and sees its nodes', async () => {
    const { lab, connect } = await aLab();
    await lab.quick('n1');
    const { session, welcome } = await connect();
    expect(welcome).toEqual({ master: MASTER, software: '0.1.0' });
    expect(await session.call('nodes.list', {})).toMatchObject({ nodes: [{ name: 'n1', state: 'idle' }] });
  });

  test('stages what the master lacks, as blobs and as nothing else', async () => {
    const { lab, connect } = await aLab();
    const { session } = await connect();
    const bytes = Buffer.from('hello');
    const digest = '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824';
    expect(await session.call('blob.missing', { blobs: [{ digest, size: 5 }] })).toEqual({ missing: [0] });
    const stream = await session.openStream({ to: 'blob', digest, size: 5 }, new MemorySource(bytes));
    await stream.finish(5);
    expect(await lab.blobs.has(digest)).toBe(true);
    const log = { to: 'log', member: id('1'), source: 'stdout', incarnation: 0 } as const;
    expect(await rejection(session.openStream(log, new MemorySource()))).toMatchObject({
      code: 'BAD_PARAMS',
      message: 'a client does not send a log',
    });
  });
});

describe('a run that a client submits', () => {
  test('is carried out, and told to those who watch it', async () => {
    const { lab, connect } = await aLab();
    await lab.quick('n1');
    const { session, submit, heads, tests } = await connect();
    const run = await submit('1');
    expect(await session.call('run.watch', { run })).toEqual({});
    await lab.runs.get(run).finished;
    await settled();
    expect(tests.at(-1)).toMatchObject({ run: 1, index: 0, test: { state: 'ended', status: 'PASS' } });
    expect(heads.at(-1)).toMatchObject({ run: 1, phase: 'finished', status: 'PASS', exit: 0 });
  });

  test('twice, also over two connections, is one run', async () => {
    const { lab, connect } = await aLab();
    await lab.quick('n1');
    const [first, second] = [await connect(), await connect()];
    expect([await first.submit('1'), await second.submit('1'), await first.submit('1')]).toEqual([1, 1, 1]);
    await lab.runs.get(1).finished;
  });

  test('is told once for each change, however often the client asks to watch', async () => {
    const { lab, connect } = await aLab();
    await lab.quick('n1');
    lab.node('n1').holder = 1;
    const { session, submit, heads } = await connect();
    const run = await submit('1');
    for (let n = 0; n < 5; n += 1) await session.call('run.watch', { run });
    await settled();
    heads.length = 0;
    await session.call('run.cancel', { run, reason: 'enough' });
    await lab.runs.get(run).finished;
    await settled();
    expect(heads).toHaveLength(1);
    expect(heads[0]).toMatchObject({ phase: 'finished', status: 'INTERRUPTED', exit: 130 });
  });

  test.for([
    ['no JSON', 'the spec of the run is not JSON'],
    ['no spec', 'the spec of the run: suite: '],
  ])('with %s is refused', async ([what, message]) => {
    const { lab, connect } = await aLab();
    const { session } = await connect();
    const blob = await putJson(lab.blobs, {});
    if (what === 'no JSON') await writeFile(lab.blobs.path(blob.digest), '{');
    const answer = session.call('run.submit', { id: id('1'), spec: blob, owned: false });
    expect(await rejection(answer)).toMatchObject({
      code: 'BAD_PARAMS',
      message: expect.stringContaining(message!) as string,
    });
  });

  test('before its files are staged is refused, naming one', async () => {
    const { connect } = await aLab();
    const { session, submit } = await connect();
    const file = { kind: 'file' as const, path: 'client.sh', mode: 0o755, size: 3, digest: 'd'.repeat(64) };
    expect(await rejection(submit('1', false, { ...SPEC, files: [file] }))).toMatchObject({
      code: 'DIGEST_MISMATCH',
      message: '1 files of the run were not staged before it was submitted, client.sh among them',
    });
    const unknown = { digest: 'e'.repeat(64), size: 3 };
    const answer = session.call('run.submit', { id: id('1'), spec: unknown, owned: false });
    expect(await rejection(answer)).toMatchObject({ code: 'DIGEST_MISMATCH' });
  });
});

describe('a run that a client owns', () => {
  test('is cancelled when the client has been gone for 30 s', async () => {
    const { lab, ownership, connect } = await aLab();
    await lab.quick('n1', 0, { handlers: { 'member.start': () => ({}) } });
    const { submit, pair } = await connect();
    const run = lab.runs.get(await submit('1', true));
    await eventually(() => expect(run.model.phase).toBe('running'));
    pair.cut();
    await settled();
    expect(ownership.debugState()).toEqual({ owned: 0, abandoned: 1 });
    await lab.clock.pass(30_000);
    await run.finished;
    expect(run.model).toMatchObject({ status: 'INTERRUPTED', cause: expect.stringContaining('went away') });
    expect(ownership.debugState()).toEqual({ owned: 0, abandoned: 0 });
  });

  test('goes on when the client comes back', async () => {
    const { lab, ownership, connect } = await aLab();
    await lab.quick('n1', 0, { handlers: { 'member.start': () => ({}) } });
    const first = await connect();
    for (let n = 0; n < 2; n += 1) await first.submit('1', true);
    await eventually(() => expect(lab.runs.get(1).model.phase).toBe('running'));
    first.pair.cut();
    await settled();
    const second = await connect();
    const run = lab.runs.get(await second.submit('1', true));
    await lab.clock.pass(59_000);
    expect(run.model.phase).toBe('running');
    expect(ownership.debugState()).toEqual({ owned: 1, abandoned: 0 });
    await second.session.call('run.cancel', { run: 1, reason: 'enough' });
    await run.finished;
  });

  test('is not forgotten when the client goes while it submits', async () => {
    const { lab, ownership, connect } = await aLab();
    await lab.quick('n1', 0, { handlers: { 'member.start': () => ({}) } });
    const create = lab.directories.create.bind(lab.directories);
    const [begun, gone] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    Object.assign(lab.directories, {
      create: async (name: string) => {
        begun.resolve();
        await gone.promise;
        return create(name);
      },
    });
    const { submit, pair } = await connect();
    const answer = rejection(submit('1', true));
    await begun.promise;
    pair.cut();
    await answer;
    gone.resolve();
    await eventually(() => expect(lab.runs.debugState().unfinished).toBe(1));
    const run = lab.runs.get(1);
    await eventually(() => expect(ownership.debugState()).toEqual({ owned: 0, abandoned: 1 }));
    await lab.clock.pass(30_000);
    await run.finished;
    expect(run.model.status).toBe('INTERRUPTED');
  });
});

describe('the results of a run', () => {
  async function withResults() {
    const lab = await aLab();
    await lab.lab.quick('n1');
    const peer = await lab.connect();
    const run = lab.lab.runs.get(await peer.submit('1'));
    await run.finished;
    const member = 'tests/01-throughput/attempt-1/client.0';
    const dir = join(run.model.dir, member);
    await mkdir(join(dir, 'out'), { recursive: true });
    for (const name of [
      'stdout.log',
      'stdout.log.idx',
      '.part-0123456789abcdef',
      'out/stdout.log.idx',
      'out/.part-1',
    ])
      await writeFile(join(dir, name), name);
    return { ...peer, member, dir };
  }

  test('are sent as files, without what is only the master’s own', async () => {
    const { session, files, member } = await withResults();
    expect(await session.call('run.fetch', { run: 1, logs: true })).toEqual({ files: 7 });
    expect([...files.keys()].toSorted()).toEqual(
      [
        'junit.xml',
        'report.html',
        'report.yaml',
        'results.yml',
        `${member}/out/.part-1`,
        `${member}/out/stdout.log.idx`,
        `${member}/stdout.log`,
      ].toSorted(),
    );
    expect(String(files.get(`${member}/stdout.log`)?.file.bytes)).toBe('stdout.log');
  });

  test('keep their permissions, and the links that stay inside, which come last', async () => {
    const { session, modes, links, files, member, dir } = await withResults();
    await chmod(join(dir, 'out/.part-1'), 0o751);
    await mkdir(join(dir, 'out/d'));
    await symlink('../stdout.log.idx', join(dir, 'out/d/in'));
    await symlink('/etc/passwd', join(dir, 'out/absolute'));
    await symlink('../../../../../..', join(dir, 'out/climbs'));
    expect(await session.call('run.fetch', { run: 1, logs: true })).toEqual({ files: 7 });
    expect(modes.get(`${member}/out/.part-1`)).toBe(0o751);
    expect(links).toEqual([`${member}/out/d/in -> ../stdout.log.idx`]);
    expect([...files.keys()]).not.toContain(`${member}/out/d/in`);
  });

  test('without logs are the reports alone', async () => {
    const { session, files } = await withResults();
    expect(await session.call('run.fetch', { run: 1, logs: false })).toEqual({ files: 4 });
    expect([...files.keys()].toSorted()).toEqual(['junit.xml', 'report.html', 'report.yaml', 'results.yml']);
  });

  test('are waited for while the run goes on', async () => {
    const { lab, connect } = await aLab();
    await lab.quick('n1', 0, { handlers: { 'member.start': () => ({}) } });
    const { session, submit } = await connect();
    const run = await submit('1');
    const fetched = session.call('run.fetch', { run, logs: false });
    await eventually(() => expect(lab.runs.get(run).model.phase).toBe('running'));
    await session.call('run.cancel', { run, reason: 'enough' });
    expect(await fetched).toEqual({ files: 4 });
  });
});
