import { chmod, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
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
import { watchNodes } from '../../src/clients/watch-nodes.ts';
import { watchRuns } from '../../src/clients/watch-runs.ts';
import { Console } from '../../src/commands/console.ts';
import { MachineRules } from '../../src/machines/machine-rules.ts';
import { OperatorsPower } from '../../src/machines/operators-power.ts';
import { Ownership } from '../../src/runs/ownership.ts';
import { Sessions } from '../../src/sessions/sessions.ts';
import { id, MASTER, memberEnd, quiet } from '../lab.ts';
import { role, testSpec } from '../runs/a-test.ts';
import { RunsLab } from '../runs/runs-lab.ts';

const SPEC: RunSpec = { suite: 'suite', files: [], tests: [testSpec([role('client')])] };

async function aLab() {
  const lab = await RunsLab.open();
  const power = new OperatorsPower({
    registry: lab.registry,
    rules: () => lab.machineRules,
    carryOut: (...command) => lab.carryOut(...command),
    log: quiet,
  });
  const ownership = new Ownership(lab.clock, (run) => lab.runs.cancel(run, 'the client went away'));
  const console = await Console.open({
    ...{ master: MASTER, directory: join(lab.dir, 'console'), clock: lab.masterClock, live: lab.live },
    ...{ blobs: lab.blobs, room: () => undefined, log: quiet },
  });
  const connect = async () => {
    const pair = memoryTransports({ clock: lab.clock });
    const { masterClock: clock, registry, runs, blobs } = lab;
    const served = serveClient(pair.right, {
      ...{
        master: MASTER,
        software: '0.1.0',
        clock,
        registry,
        power,
        runs,
        ownership,
        console,
        watches: { nodes: watchNodes(clock, registry, runs), runs: watchRuns(clock, runs) },
        sessions: new Sessions({ clock, registry, runs, log: quiet }),
        broker: lab.broker,
        runList: lab.store.runList,
        history: lab.store.history,
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
        if (target.to === 'blob') files.set(target.digest, sink);
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

describe('what a master has had of runs', () => {
  const two = (first: string, second: string): RunSpec => ({
    ...SPEC,
    tests: [testSpec([role('client')], { name: first }), testSpec([role('client')], { name: second })],
  });

  test('is part of the history of its test, and of the machine', async () => {
    const { lab, connect } = await aLab();
    await lab.quick('n1', [1, 0]);
    const { session, submit } = await connect();
    for (const digit of ['1', '2']) await lab.runs.get(await submit(digit)).finished;
    const [{ name } = { name: '' }] = lab.runs.get(1).model.spec.tests;
    const { results, more } = await session.call('test.history', { test: name });
    expect(more).toBe(false);
    expect(results).toMatchObject([
      { run: 2, status: 'PASS', attempts: 1, nodes: [{ node: 'n1', members: 1, notOk: 0 }] },
      { run: 1, status: 'FAIL', attempts: 1, nodes: [{ node: 'n1', members: 1, notOk: 1 }] },
    ]);
    await expect(session.call('test.history', { test: `${name}s` })).rejects.toMatchObject({
      code: 'NO_SUCH_TEST',
      message: `no run of this master has had a test "${name}s"; did you mean "${name}"?`,
    });
    expect(await session.call('test.history', { test: name, suite: 'another' })).toEqual({
      results: [],
      more: false,
    });
    const { nodes } = await session.call('nodes.health', {});
    expect(nodes).toMatchObject([
      { node: 'n1', members: 2, fail: 1, error: 0, lost: 0, trouble: { run: 1, test: name, status: 'FAIL' } },
    ]);
    expect((await session.call('nodes.health', { after: 'n1' })).nodes).toEqual([]);
  });

  test('is listed, the newest first, with what waits and for what', async () => {
    const { lab, connect } = await aLab();
    await lab.quick('n1');
    const { session, submit } = await connect();
    await lab.runs.get(await submit('1')).finished;
    lab.node('n1').holder = 9;
    await submit('2');
    await submit('3');
    const { runs, more } = await session.call('runs.list', {});
    expect(more).toBe(false);
    expect(runs).toMatchObject([
      { run: 3, phase: 'queued', place: 2, waitsFor: expect.stringContaining('needs 1') as string },
      { run: 2, phase: 'queued', place: 1, done: 0, notOk: 0 },
      { run: 1, phase: 'finished', status: 'PASS', done: 1, size: 1, suite: 'suite' },
    ]);
    const finished = await session.call('runs.list', { stages: ['finished'], suite: 's*' });
    expect(finished.runs.map(({ run }) => run)).toEqual([1]);
    expect((await session.call('runs.list', { before: 2 })).runs.map(({ run }) => run)).toEqual([1]);
    for (const number of [2, 3]) {
      lab.runs.cancel(lab.runs.get(number), 'enough');
      await lab.runs.get(number).finished;
    }
  });

  test('is repeated as a whole or as far as it was not ok, once for each id', async () => {
    const { lab, connect } = await aLab();
    let ends = 0;
    const agent = await lab.quick('n1', 0, {
      handlers: {
        'member.start': ({ member }) => {
          ends += 1;
          const exit = { how: 'exited' as const, code: ends === 1 ? 1 : 0 };
          setImmediate(
            () => void agent.ended(member, memberEnd({ exit })).then(() => agent.collected(member)),
          );
          return {};
        },
      },
    });
    const { session, submit } = await connect();
    await lab.runs.get(await submit('1', false, two('bad', 'good'))).finished;
    const again = { id: id('a'), run: 1, failed: true };
    expect([await session.call('run.rerun', again), await session.call('run.rerun', again)]).toEqual([
      { run: 2 },
      { run: 2 },
    ]);
    await lab.runs.get(2).finished;
    expect(lab.runs.get(2).model.spec.tests.map(({ name }) => name)).toEqual(['bad']);
    const whole = await session.call('run.rerun', { id: id('b'), run: 1, failed: false, priority: 7 });
    expect(lab.runs.get(whole.run).model).toMatchObject({ priority: 7, spec: two('bad', 'good') });
    await lab.runs.get(whole.run).finished;
    expect(await rejection(session.call('run.rerun', { id: id('c'), run: 2, failed: true }))).toMatchObject({
      code: 'NOTHING_TO_RERUN',
      message: 'all tests of run 2 were ok',
    });
  });

  test('is not repeated when its files are gone, and one is named', async () => {
    const { lab, connect } = await aLab();
    await lab.quick('n1');
    const { session, submit } = await connect();
    const digest = '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824';
    const file = await session.openStream(
      { to: 'blob', digest, size: 5 },
      new MemorySource(Buffer.from('hello')),
    );
    await file.finish(5);
    const spec: RunSpec = { ...SPEC, files: [{ kind: 'file', path: 'x.sh', mode: 0o755, size: 5, digest }] };
    await lab.runs.get(await submit('1', false, spec)).finished;
    await rm(lab.blobs.path(digest));
    expect(await rejection(session.call('run.rerun', { id: id('a'), run: 1, failed: false }))).toMatchObject({
      code: 'FILES_GONE',
      message: 'run 1 cannot be repeated: the master does not have x.sh any more',
    });
  });

  test('cannot be cancelled any more, unless that was how it ended', async () => {
    const { lab, connect } = await aLab();
    await lab.quick('n1');
    const { session, submit } = await connect();
    await lab.runs.get(await submit('1')).finished;
    expect(await rejection(session.call('run.cancel', { run: 1, reason: 'x' }))).toMatchObject({
      code: 'RUN_FINISHED',
      message: 'run 1 has ended already: PASS',
    });
    lab.node('n1').holder = 9;
    await submit('2');
    const cancel = () => session.call('run.cancel', { run: 2, reason: 'x' });
    await cancel();
    await lab.runs.get(2).finished;
    expect(await cancel()).toEqual({});
  });

  test('has reports that are sent by their names, and one that is not there is 0 files', async () => {
    const { lab, connect } = await aLab();
    await lab.quick('n1');
    const { session, submit, files } = await connect();
    await lab.runs.get(await submit('1')).finished;
    expect(await session.call('run.report', { run: 1, format: 'yaml' })).toEqual({ files: 1 });
    expect(String(files.get('report.yaml')?.file.bytes)).toMatch(/^status: PASS$/m);
    await rm(join(lab.runs.get(1).model.dir, 'junit.xml'));
    expect(await session.call('run.report', { run: 1, format: 'junit' })).toEqual({ files: 0 });
    expect(await rejection(session.call('run.report', { run: 9, format: 'yaml' }))).toMatchObject({
      code: 'NO_SUCH_RUN',
      message: 'the master knows no run 9; its newest is 1',
    });
  });

  test('has logs that are followed to its end; a reader that goes leaves nothing behind', async () => {
    const { lab, connect } = await aLab();
    await lab.quick('n1');
    lab.node('n1').holder = 9;
    const { session, submit, pair } = await connect();
    await submit('1');
    const asked = { run: 1, sources: ['stdout' as const], follow: true };
    const followed = session.call('run.logs', { ...asked, feed: id('a') });
    const stop = new AbortController();
    const left = session.call('run.logs', { ...asked, feed: id('b') }, { signal: stop.signal });
    await eventually(() => lab.news.size === 1);
    stop.abort();
    expect(await rejection(left)).toMatchObject({ code: 'CANCELLED' });
    lab.runs.cancel(lab.runs.get(1), 'enough');
    expect(await followed).toEqual({});
    await eventually(() => lab.news.size === 0);

    await submit('2');
    session.call('run.logs', { ...asked, run: 2, feed: id('c') }).catch(() => {});
    await eventually(() => lab.news.size === 1);
    pair.cut();
    await eventually(() => lab.news.size === 0);
  });
});

describe('machines', () => {
  test('are taken out of service and given back, all that are named or none; a quarantine has a reason', async () => {
    const { lab, connect } = await aLab();
    for (const name of ['n1', 'n2']) await lab.quick(name);
    const { session } = await connect();
    const order = (nodes: string[], more: object) =>
      session.call('node.order', { nodes, order: 'quarantined', on: true, ...more });
    expect(await rejection(order(['n1', 'n22'], { reason: 'x' }))).toMatchObject({
      code: 'NO_SUCH_NODE',
      message: 'the master knows no machine "n22"; did you mean "n2"?',
    });
    expect(await rejection(order(['n1'], {}))).toMatchObject({ message: 'a quarantine needs a reason' });
    expect(lab.node('n1').state).toBe('idle');
    expect(await order(['n1', 'n2'], { reason: 'smoke' })).toMatchObject({
      nodes: [
        { name: 'n1', state: 'quarantined', quarantined: { reason: 'smoke' } },
        { name: 'n2', state: 'quarantined' },
      ],
    });
    expect(await order(['n2'], { on: false })).toMatchObject({ nodes: [{ name: 'n2', state: 'idle' }] });
  });

  test('are labelled over what their agents say', async () => {
    const { lab, connect } = await aLab();
    await lab.quick('n1', 0, { labels: { rack: 'a' } });
    const { session } = await connect();
    expect(
      await session.call('node.label', { nodes: ['n1'], set: { gpu: '' }, remove: ['rack'] }),
    ).toMatchObject({ nodes: [{ labels: { gpu: '' } }] });
    const set = Object.fromEntries(Array.from({ length: 64 }, (_, i) => [`l${i}`, '']));
    expect(await rejection(session.call('node.label', { nodes: ['n1'], set, remove: [] }))).toMatchObject({
      code: 'BAD_PARAMS',
    });
    expect(lab.node('n1').machine.labels).toEqual({ gpu: '' });
  });

  test('have their power changed by the commands there are', async () => {
    const { lab, connect } = await aLab();
    await lab.quick('n1');
    lab.machineRules = new MachineRules('/', [{ power: { off: { run: 'off', timeoutMs: 1 } } }]);
    lab.carryOut = async () => ({ ok: true, tail: 'click' });
    const { session } = await connect();
    const power = (action: 'on' | 'off') =>
      session.call('node.power', { request: id('1'), node: 'n1', action, force: false });
    expect(await power('off')).toEqual({ output: 'click' });
    const on = session.call('node.power', { request: id('2'), node: 'n1', action: 'on', force: false });
    expect(await rejection(on)).toMatchObject({ code: 'NO_POWER' });
  });
});

describe('why a run waits', () => {
  test('is explained, and told to who watches it when it changes', async () => {
    const { lab, connect } = await aLab();
    await lab.quick('n1');
    const node = lab.node('n1');
    node.holder = 7;
    const { session, submit, heads } = await connect();
    const run = await submit('1');
    await session.call('run.watch', { run });
    const waitsFor = 'needs 1 node (client); 1 matches, 0 are free';
    await eventually(() => expect(heads.at(-1)).toMatchObject({ phase: 'queued', waitsFor }));
    expect(await session.call('run.explain', { run })).toMatchObject({
      head: { run, waitsFor },
      lines: [
        expect.stringMatching(/^run 1 has waited for 0 s; the first in the queue$/),
        `it ${waitsFor}`,
        '  n1 is held by run 7, without a time limit',
        'nobody can say when it starts at the latest: somebody before it has no time limit',
      ],
      waiting: { possible: true, others: [{ node: 'n1', why: 'held', run: 7 }] },
    });
    await lab.registry.order(node, () => ({
      maintenance: { since: lab.masterClock.wallMs(), reason: 'dust' },
    }));
    expect(await session.call('run.explain', { run })).toMatchObject({
      lines: expect.arrayContaining(['  n1 is in maintenance for 0 s: dust']),
      waiting: { possible: false },
    });
    await lab.registry.order(node, () => ({}));
    node.holder = undefined;
    lab.registry.changed();
    await lab.runs.get(run).finished;
    expect(await session.call('run.explain', { run })).toMatchObject({
      lines: ['run 1 does not wait for machines: it is PASS'],
    });
  });
});

describe('what changes', () => {
  test('of machines is told to who asks on: what a run makes of them, orders, and who goes and comes', async () => {
    const { lab, connect } = await aLab();
    await lab.quick('n1');
    const { session, submit } = await connect();
    let { seen, changed } = await session.call('nodes.watch', {});
    expect(changed).toMatchObject([{ name: 'n1', state: 'idle' }]);
    const states: string[] = [];
    const ask = async () => {
      ({ seen, changed } = await session.call('nodes.watch', { since: seen }));
      states.push(...changed.map(({ name, state, drained }) => `${name} ${state}${drained ? ' !' : ''}`));
    };
    const run = await submit('1');
    const following = (async () => {
      while (states.at(-1) !== 'n1 idle') await ask();
    })();
    await lab.runs.get(run).finished;
    await eventually(() => {
      lab.clock.advance(50);
      return states.at(-1) === 'n1 idle';
    });
    await following;
    expect(states).toContain('n1 reserved');
    const asked = ask();
    await session.call('node.order', { nodes: ['n1'], order: 'drained', on: true });
    lab.clock.advance(50);
    await asked;
    expect(states.at(-1)).toBe('n1 drained !');
  });

  test('of runs is told to who asks on, from the queue to the verdict', async () => {
    const { lab, connect } = await aLab();
    await lab.quick('n1');
    const { session, submit } = await connect();
    let answer = await session.call('runs.watch', {});
    expect(answer).toMatchObject({ fresh: true, changed: [], gone: [] });
    const phases: string[] = [];
    const run = await submit('1');
    const following = (async () => {
      while (phases.at(-1) !== 'finished') {
        answer = await session.call('runs.watch', { since: answer.seen });
        phases.push(...answer.changed.map(({ phase }) => phase));
      }
    })();
    await lab.runs.get(run).finished;
    await eventually(() => {
      lab.clock.advance(50);
      return phases.at(-1) === 'finished';
    });
    await following;
    expect(answer.changed).toMatchObject([{ run, status: 'PASS', done: 1, notOk: 0, size: 1 }]);
    // Who comes later is told what there is.
    const other = await connect();
    expect(await other.session.call('runs.watch', {})).toMatchObject({ changed: [{ run, status: 'PASS' }] });
  });

  test('who goes away is not answered any more', async () => {
    const { connect } = await aLab();
    const { session, served } = await connect();
    const { seen } = await session.call('nodes.watch', {});
    const gone = new AbortController();
    const failure = rejection(session.call('nodes.watch', { since: seen }, { signal: gone.signal }));
    await settled();
    expect(served.debugState().serving).toBe(1);
    gone.abort();
    await failure;
    await settled();
    expect(served.debugState().serving).toBe(0);
  });
});

describe('contents that the master has', () => {
  test('come as streams; what it does not have is refused', async () => {
    const { lab, connect } = await aLab();
    const { session, files } = await connect();
    const blob = await putJson(lab.blobs, { some: 'thing' });
    expect(await session.call('blob.fetch', { blobs: [blob] })).toEqual({});
    expect(files.get(blob.digest)?.file.bytes.toString()).toBe('{"some":"thing"}');
    const none = { digest: 'f'.repeat(64), size: 1 };
    expect(await rejection(session.call('blob.fetch', { blobs: [blob, none] }))).toMatchObject({
      ...{ code: 'FILES_GONE', message: 'the master does not have 1 of the files any more' },
    });
  });
});
