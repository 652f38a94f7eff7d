import { readdir, readFile, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { Report, type StreamTarget, TuttiError } from '@tutti/protocol';
import { eventually, MemorySink, rejection, settled } from '@tutti/testkit';
import { describe, expect, test, vi } from 'vitest';
import { parse } from 'yaml';
import type { RunUnderWay } from '../../src/runs/run-under-way.ts';
import { id } from '../lab.ts';
import { role } from './a-test.ts';
import { RunsLab } from './runs-lab.ts';

const one = { roles: [role('client')] };
const two = { roles: [role('server'), role('client')] };
const IDLE = { queued: 0, unfinished: 0 };
const never = () => new Promise<never>(() => {});

async function report({ model }: RunUnderWay): Promise<Report> {
  return Report.parse(parse(await readFile(join(model.dir, 'report.yaml'), 'utf8')));
}

/** A run whose one member is about to end; when it has, the first report that is to be written finds no room. */
async function endingOnFullDisk() {
  const lab = await RunsLab.open();
  const agent = await lab.quick('n1', 0, { handlers: { 'member.start': () => ({}) } });
  const run = await lab.submit([one]);
  await eventually(() => expect(agent.asked.some((line) => line.startsWith('member.start'))).toBe(true));
  await eventually(async () => expect(await report(run)).toMatchObject({ status: 'RUNNING' }));
  const temporary = join(run.model.dir, '.report.yaml.new');
  const end = async () => {
    await symlink('/dev/full', temporary);
    const [member] = lab.live.onNode(lab.node('n1'));
    await agent.ended(member!.id);
    await agent.collected(member!.id);
    // What could not be written is removed.
    await eventually(async () => expect(await readdir(run.model.dir)).not.toContain('.report.yaml.new'));
  };
  return { lab, run, end };
}

const states = (lab: RunsLab) => lab.registry.nodes().map(({ name, state }) => `${name} ${state}`);

describe('a run', () => {
  test('gets its nodes, carries out its tests one after another, reports, and gives the nodes back', async () => {
    const lab = await RunsLab.open();
    await lab.quick('n1');
    await lab.quick('n2');
    const run = await lab.submit([two, { ...one, name: 'latency' }]);
    await run.finished;
    expect(run.model).toMatchObject({ number: 1, phase: 'finished', status: 'PASS', exit: 0 });
    expect(await report(run)).toMatchObject({
      run: 1,
      status: 'PASS',
      nodes: [{ name: 'n1' }, { name: 'n2' }],
      tests: [
        { name: 'throughput', status: 'PASS', attempts: [{ members: [{ node: 'n1' }, { node: 'n2' }] }] },
        { name: 'latency', status: 'PASS', attempts: [{ members: [{ member: 'client.0', node: 'n2' }] }] },
      ],
    });
    expect(await readdir(run.model.dir)).not.toContain('.master');
    await eventually(() => expect(states(lab)).toEqual(['n1 idle', 'n2 idle']));
    expect(lab.runs.debugState()).toEqual(IDLE);
    expect(lab.live.size).toBe(0);
    expect(lab.broker.debugState().spaces).toBe(0);
  });

  test('stages to each node what it lacks, and tells it everything of its member', async () => {
    const lab = await RunsLab.open();
    const file = { kind: 'file' as const, path: 'client.sh', mode: 0o755, size: 3, digest: 'd'.repeat(64) };
    const sinks = new Map<string, MemorySink>();
    const accept = (target: StreamTarget) => {
      const sink = new MemorySink();
      sinks.set(target.to === 'blob' ? target.digest : target.to, sink);
      return sink;
    };
    const orders: unknown[] = [];
    await lab.quick('n1', 0, {
      accept,
      handlers: {
        // It has the file itself, not what the master says about it.
        'blob.missing': ({ blobs }) => ({
          missing: blobs.flatMap(({ digest }, n) => (digest === file.digest ? [] : [n])),
        }),
        'member.prepare': ({ spec }) => {
          orders.push(spec);
          return {};
        },
      },
    });
    const client = role('client', 1, { params: { window: 64 }, env: { LANG: 'C' } });
    const run = await lab.submit([{ roles: [client], params: { seconds: 1 }, timeout: 7 }], {
      files: [file],
    });
    await run.finished;
    expect(run.model.status).toBe('PASS');
    const contents = [...sinks.values()].map((sink) => JSON.parse(String(sink.file.bytes)) as unknown);
    expect(contents).toContainEqual([file]);
    expect(contents).toContainEqual([
      {
        ...{ member: 'client.0', role: 'client', index: 0, node: 'n1', addresses: ['10.0.0.1'] },
        params: { seconds: 1, window: 64 },
      },
    ]);
    expect(orders).toMatchObject([
      {
        ...{ name: 'client.0', node: 'n1', suite: 'A suite', test: 'throughput', timeout: 7 },
        ...{
          params: { seconds: 1, window: 64 },
          env: { LANG: 'C' },
          run: { number: 1, id: '1'.padStart(32, '0') },
        },
      },
    ]);
  });

  test('tells whoever watches, and the last word is that it is finished', async () => {
    const lab = await RunsLab.open();
    await lab.quick('n1', 1);
    const run = await lab.submit([one]);
    const phases: string[] = [];
    run.onChange(({ run: model }) => phases.push(model.phase));
    await run.finished;
    expect(phases.at(-1)).toBe('finished');
  });

  test('is not disturbed by a watcher that fails', async () => {
    const lab = await RunsLab.open();
    await lab.quick('n1');
    const run = await lab.submit([one]);
    run.onChange(() => {
      throw new Error('cannot be told');
    });
    await run.finished;
    expect(run.model.status).toBe('PASS');
  });

  test('has the status and the cause of its worst test', async () => {
    const lab = await RunsLab.open();
    await lab.quick('n1', 1);
    await lab.quick('n2', 0);
    const run = await lab.submit([
      { roles: [role('client')], name: 'first' },
      { roles: [role('server'), role('client')], name: 'second' },
    ]);
    await run.finished;
    expect(run.model).toMatchObject({
      status: 'FAIL',
      exit: 1,
      cause: expect.stringMatching(/^(first|second): client\.0 on n\d exited with status 1|^second: server/),
    });
  });
});

describe('a run that is submitted', () => {
  test('twice under one id is one run', async () => {
    const lab = await RunsLab.open();
    await lab.quick('n1');
    const spec = { suite: 's', files: [], tests: [] as never[] };
    const full = { ...spec, tests: (await lab.submit([one])).model.spec.tests };
    const [first, second] = await Promise.all([
      lab.runs.submit(id('9'), full, false),
      lab.runs.submit(id('9'), full, false),
    ]);
    expect(second).toBe(first);
    await first.finished;
  });

  test('for more machines than are known, in whatever state, is refused, unless it is to wait for them', async () => {
    const lab = await RunsLab.open();
    await lab.quick('n1');
    await lab.quick('n2');
    await (await lab.quick('n3')).cut();
    lab.node('n2').holder = 7;
    const four = [{ roles: [role('server'), role('client', 3)] }];
    expect(() => lab.submit(four)).toThrow(
      expect.objectContaining({
        code: 'NOT_ENOUGH_NODES',
        message: 'the run needs 4 nodes (client 3, server), the master knows 3 nodes',
      }) as Error,
    );
    expect(lab.runs.debugState()).toEqual(IDLE);
    // Not refused for what may pass: one is away, one is held.
    const three = await lab.submit([{ roles: [role('server'), role('client', 2)] }]);
    const later = await lab.submit(four, {}, { waitForNodes: true });
    await settled();
    expect([three.model.phase, later.model.phase]).toEqual(['queued', 'queued']);
    for (const run of [three, later]) lab.runs.cancel(run, 'enough');
    await Promise.all([three.finished, later.finished]);
  });

  test('with a selector that is none is refused: nobody else has to suffer from it', async () => {
    const lab = await RunsLab.open();
    await lab.quick('n1');
    expect(() => lab.submit([{ roles: [{ ...role('a'), where: 'cpu >= 2' }] }])).toThrow(
      expect.objectContaining({
        code: 'BAD_PARAMS',
        message: 'role a: "cpu >= 2" is no selector: nothing has the name "cpu"',
      }) as Error,
    );
  });

  test('gets machines that its selectors want, and no others', async () => {
    const lab = await RunsLab.open();
    await lab.quick('n1');
    await lab.quick('n2', 0, { labels: { rdma: '' } });
    const run = await lab.submit([
      { roles: [{ ...role('server'), where: '"rdma" in labels' }, role('client')] },
    ]);
    await run.finished;
    expect(run.model.cast.map(({ need, nodes }) => [need.role, nodes])).toEqual([
      ['server', ['n2']],
      ['client', ['n1']],
    ]);
  });

  test('races another for the last machine: one of them gets it, the other when it is free', async () => {
    const lab = await RunsLab.open();
    await lab.quick('n1', 0, { handlers: { 'member.start': () => ({}) } });
    const both = await Promise.all([lab.submit([one]), lab.submit([one])]);
    const phases = () => both.map(({ model }) => model.phase).toSorted();
    await eventually(() => expect(phases()).toEqual(['queued', 'running']));
    // Which of them was ready first is the disk's affair.
    const [first, second] = both[0].model.phase === 'running' ? both : both.toReversed();
    if (first === undefined || second === undefined) throw new Error('no runs');
    expect(lab.node('n1').holder).toBe(first.model.number);
    lab.runs.cancel(first, 'enough');
    await first.finished;
    await eventually(() => expect(second.model.phase).toBe('running'));
    expect(lab.node('n1').holder).toBe(second.model.number);
    lab.runs.cancel(second, 'enough');
    await second.finished;
    expect(lab.node('n1').state).not.toBe('running');
  });

  test('needs, of each role, what the largest of its tests needs', async () => {
    const lab = await RunsLab.open();
    await lab.quick('n1');
    await lab.quick('n2');
    const run = await lab.submit([{ roles: [role('a')] }, { roles: [role('a', 2)] }]);
    await run.finished;
    expect(run.model.cast).toEqual([{ need: { role: 'a', count: 2 }, nodes: ['n1', 'n2'] }]);
    expect(run.model.tests[0]?.attempts[0]?.members.map(({ node }) => node)).toEqual(['n1']);
  });

  test('while all nodes are taken waits for its turn, says for what, and the oldest goes first', async () => {
    const lab = await RunsLab.open();
    const stuck = await lab.quick('n1', 0, { handlers: { 'member.start': () => ({}) } });
    await lab.quick('n2');
    const first = await lab.submit([two]);
    const second = await lab.submit([two]);
    const third = await lab.submit([one]);
    await settled();
    lab.runs.refresh(second);
    expect([second.model.phase, second.model.waitsFor]).toEqual([
      'queued',
      'needs 2 nodes (client, server); 2 match, 0 are free',
    ]);
    expect(lab.runs.order()).toEqual([second.model.number, third.model.number]);
    expect(third.model.phase).toBe('queued');
    expect(lab.runs.debugState()).toEqual({ queued: 2, unfinished: 3 });
    await eventually(() => expect(stuck.asked.some((line) => line.startsWith('member.start'))).toBe(true));
    lab.runs.cancel(first, 'enough');
    await Promise.all([first.finished, eventually(() => expect(second.model.phase).toBe('running'))]);
    expect(third.model.phase).toBe('queued');
    lab.runs.cancel(second, 'enough');
    await Promise.all([second.finished, eventually(() => expect(third.model.phase).toBe('running'))]);
    lab.runs.cancel(third, 'enough');
    await third.finished;
    expect([first, second].map(({ model }) => [model.status, model.exit])).toEqual([
      ['INTERRUPTED', 130],
      ['INTERRUPTED', 130],
    ]);
    expect(lab.runs.debugState()).toEqual(IDLE);
  });

  test('starts as soon as a node comes', async () => {
    const lab = await RunsLab.open();
    const [agent] = [await lab.quick('n1'), await lab.quick('n2')];
    await agent.cut();
    const offline = lab.node('n1');
    offline.holder = 9;
    const run = await lab.submit([two]);
    const stop = lab.runs.watch(run, () => {});
    expect(run.model.waitsFor).toBe('needs 2 nodes (client, server); 2 match, 1 is free');
    stop();
    offline.holder = undefined;
    await lab.quick('n1');
    await run.finished;
    expect(run.model.status).toBe('PASS');
    expect(run.model).not.toHaveProperty('waitsFor');
  });

  test('does not get a node before the members of an earlier master on it are gone', async () => {
    const lab = await RunsLab.open();
    await lab.quick('n2');
    lab.node('n2').holder = 5;
    const run = await lab.submit([one]);
    const confirmed = Promise.withResolvers<Record<string, never>>();
    const members = [{ member: id('7'), master: id('e'), state: 'running' as const, incarnation: 0 }];
    await lab.quick('n1', 0, { members, handlers: { 'member.forget': () => confirmed.promise } });
    await settled();
    expect([run.model.phase, states(lab)[0]]).toEqual(['queued', 'n1 reserved']);
    confirmed.resolve({});
    await run.finished;
    expect(run.model.status).toBe('PASS');
  });
});

describe('a cancel', () => {
  test('of a queued run ends it at once, INTERRUPTED, and the next goes on', async () => {
    const lab = await RunsLab.open();
    await lab.quick('n1');
    lab.node('n1').holder = 9;
    const first = await lab.submit([one, { ...one, name: 'second' }]);
    const second = await lab.submit([one]);
    lab.runs.cancel(first, 'not now');
    await first.finished;
    expect(first.model).toMatchObject({ status: 'INTERRUPTED', exit: 130 });
    expect(first.model.tests.map(({ status, cause }) => [status, cause])).toEqual([
      ['INTERRUPTED', 'not run: not now'],
      ['INTERRUPTED', 'not run: not now'],
    ]);
    expect(await report(first)).toMatchObject({
      status: 'INTERRUPTED',
      tests: [{ attempts: [] }, { attempts: [] }],
    });
    lab.node('n1').holder = undefined;
    lab.registry.changed();
    await second.finished;
  });

  test('between two tests leaves the later ones unrun', async () => {
    const lab = await RunsLab.open();
    await lab.quick('n1');
    const run = await lab.submit([one, { ...one, name: 'second' }]);
    run.onChange(({ run: model }) => {
      if (model.tests[0]?.status !== undefined) run.cancel('enough');
    });
    await eventually(async () => {
      await lab.clock.pass(50);
      expect(run.model.phase).toBe('finished');
    });
    expect(run.model.tests[0]?.status).toBe('PASS');
    expect(['INTERRUPTED', 'PASS']).toContain(run.model.tests[1]?.status);
  });

  test('of a finished run changes nothing', async () => {
    const lab = await RunsLab.open();
    await lab.quick('n1');
    const run = await lab.submit([one]);
    await run.finished;
    lab.runs.cancel(run, 'too late');
    expect(run.model).toMatchObject({ status: 'PASS', exit: 0 });
  });
});

describe('a node that comes back under another name', () => {
  test('keeps its place in the run, and is given back', async () => {
    const lab = await RunsLab.open();
    const first = await lab.quick('n1', 0, { handlers: { 'member.start': () => ({}) } });
    const run = await lab.submit([one, { ...one, name: 'second' }]);
    await eventually(() => expect(first.asked.some((line) => line.startsWith('member.start'))).toBe(true));
    const members = lab.live
      .onNode(lab.node('n1'))
      .map(({ id: member }) => ({ member, master: id('f'), state: 'running' as const, incarnation: 0 }));
    await first.cut();
    const renamed = await lab.quick('n9', 0, { agent: id('1'), members });
    // Another machine may have the old name meanwhile.
    await lab.quick('n1', 0, { agent: id('5') });
    await renamed.ended(members[0]!.member);
    await renamed.collected(members[0]!.member);
    await run.finished;
    expect(run.model.tests.map(({ status }) => status)).toEqual(['PASS', 'PASS']);
    expect(await report(run)).toMatchObject({ nodes: [{ name: 'n1' }] });
    await eventually(() => expect(states(lab)).toEqual(['n1 idle', 'n9 idle']));
  });
});

describe('a master that is started again', () => {
  const stays = { handlers: { 'member.start': () => ({}) } };
  const begun = (agent: { asked: string[] }) =>
    eventually(() => expect(agent.asked.some((line) => line.startsWith('member.start'))).toBe(true));

  test('finds a node that was renamed, though another has its old name', async () => {
    const before = await RunsLab.open();
    const agent = await before.quick('n1', 0, stays);
    const { model } = await before.submit([one, { ...one, name: 'second' }]);
    await begun(agent);
    const [member] = before.live.onNode(before.node('n1'));
    const members = [{ member: member?.id ?? '', master: id('f'), state: 'running' as const }];
    await agent.cut();
    await before.quick('n9', 0, { agent: id('1'), members });
    await before.quick('n1', 0, { agent: id('5') });
    await before.store.committed();

    const after = before.successor();
    const [run] = after.runs.restore();
    await eventually(() => expect(after.live.size).toBe(1));
    const renamed = await after.quick('n9', 0, { agent: id('1'), members });
    await renamed.ended(member?.id ?? '');
    await renamed.collected(member?.id ?? '');
    await run?.finished;
    expect(run?.model).toMatchObject({ number: model.number, status: 'PASS' });
    expect(run?.model.tests.map(({ status }) => status)).toEqual(['PASS', 'PASS']);
  });

  test('and does not know a node any more says so, to people', async () => {
    const before = await RunsLab.open();
    const agent = await before.quick('n1', 0, stays);
    await before.submit([one]);
    await begun(agent);
    await before.store.committed();
    const after = before.successor();
    vi.spyOn(after.registry, 'ofAgent').mockReturnValue(undefined);
    const [run] = after.runs.restore();
    await run?.finished;
    expect(run?.model).toMatchObject({
      status: 'ERROR',
      cause:
        'throughput: node n1, which was given to the run, is not known to this master any more; run it again',
    });
  });

  test('has what the tests of a run have set for each other, and forgets it with the run', async () => {
    const before = await RunsLab.open();
    const agent = await before.quick('n1', 0, stays);
    await before.submit([one, { ...one, name: 'second' }]);
    await begun(agent);
    const [first] = before.live.onNode(before.node('n1'));
    const set = { member: first?.id ?? '', request: 'request-1', at: 0 };
    const args = { key: 'k', value: 7, scope: 'run' as const };
    await agent.session.call('sync.set', { ...set, args });

    const after = before.successor();
    const [run] = after.runs.restore();
    if (run === undefined) throw new Error('no run goes on');
    await eventually(() => expect(after.live.size).toBe(1));
    const members = [{ member: set.member, master: id('f'), state: 'running' as const }];
    const again = await after.quick('n1', 0, { ...stays, members });
    await again.ended(set.member);
    await again.collected(set.member);
    const starts = () => again.asked.filter((line) => line.startsWith('member.start'));
    await eventually(() => expect(starts(), 'the first again, and the second').toHaveLength(2));
    const [second] = after.live.onNode(after.node('n1'));
    const get = { member: second?.id ?? '', request: 'request-1', at: 0 };
    const found = await again.session.call('sync.get', { ...get, args: { key: 'k', scope: 'run' } });
    expect(found).toEqual({ found: true, value: 7 });
    expect(after.store.decisions.of(run.model.id)).not.toEqual([]);
    await again.ended(get.member);
    await again.collected(get.member);
    await run.finished;
    expect(run.model.status).toBe('PASS');
    expect(after.store.decisions.of(run.model.id)).toEqual([]);
    expect(after.broker.debugState()).toEqual({ spaces: 0, waiters: 0, timers: 0 });
  });
});

describe('a node that goes', () => {
  test('right after it was allocated has the grace, and is then lost: ERROR, naming it', async () => {
    const lab = await RunsLab.open();
    const agent = await lab.quick('n1');
    const run = await lab.submit([{ ...one, grace: 5 }]);
    await eventually(() => expect(run.model.phase).not.toBe('queued'));
    agent.pair.cut();
    await settled();
    expect(states(lab)).toEqual(['n1 unreachable']);
    await lab.clock.pass(5000);
    await run.finished;
    expect(run.model).toMatchObject({
      status: 'ERROR',
      exit: 2,
      cause: 'throughput: client.0 on n1 was lost: its node was away for more than 5 s',
    });
    expect(states(lab)).toEqual(['n1 offline']);
    expect(lab.live.size).toBe(0);
  });
});

describe('what goes wrong inside the master', () => {
  test('ends the run as ERROR, and gives the nodes back', async () => {
    const lab = await RunsLab.open();
    await lab.quick('n1');
    Object.assign(lab.attempts, {
      create: () => {
        throw new Error('out of luck');
      },
    });
    const run = await lab.submit([one, { ...one, name: 'second' }]);
    await run.finished;
    expect(run.model).toMatchObject({
      status: 'ERROR',
      exit: 2,
      phase: 'finished',
      cause: 'throughput: a defect in the master: out of luck',
    });
    expect(run.model.tests.map(({ state }) => state)).toEqual(['ended', 'ended']);
    expect(states(lab)).toEqual(['n1 idle']);
    expect(await report(run)).toMatchObject({ status: 'ERROR' });
  });

  test('while its report is concluded ends the run as ERROR, and gives the nodes back', async () => {
    const lab = await RunsLab.open();
    await lab.quick('n1');
    Object.assign(lab.directories, { finished: () => Promise.reject(new Error('EIO')) });
    const run = await lab.submit([one]);
    await run.finished;
    expect(run.model).toMatchObject({
      status: 'ERROR',
      exit: 2,
      phase: 'finished',
      cause: 'the report could not be written: EIO',
    });
    await eventually(() => expect(states(lab)).toEqual(['n1 idle']));
  });

  test('with the directory of a run makes it ERROR: the report could not be written', async () => {
    const lab = await RunsLab.open();
    const agent = await lab.quick('n1', 0, { handlers: { 'member.start': () => ({}) } });
    const run = await lab.submit([one]);
    await eventually(() => expect(agent.asked.some((line) => line.startsWith('member.start'))).toBe(true));
    await rm(run.model.dir, { recursive: true });
    const [member] = lab.live.onNode(lab.node('n1'));
    await agent.ended(member!.id);
    await agent.collected(member!.id);
    await run.finished;
    expect(run.model).toMatchObject({
      status: 'ERROR',
      cause: expect.stringContaining('the report could not be written: cannot write'),
    });
    await eventually(() => expect(states(lab)).toEqual(['n1 idle']));
  });

  test('with the disk, which is full when a run ends, is waited for: the verdict stays', async () => {
    const { lab, run, end } = await endingOnFullDisk();
    await end();
    expect(run.model.phase).not.toBe('finished');
    expect(states(lab)).not.toEqual(['n1 idle']);
    await eventually(() => {
      lab.clock.advance(1000);
      return run.model.phase === 'finished';
    });
    expect(run.model).toMatchObject({ status: 'PASS', exit: 0 });
    expect(await report(run)).toMatchObject({ status: 'PASS' });
    await eventually(() => expect(states(lab)).toEqual(['n1 idle']));
  });

  test('with the disk is tried once more by a master that is stopped, which does not wait', async () => {
    const { run, end } = await endingOnFullDisk();
    await end();
    run.shutDown('the master was stopped');
    await run.finished;
    expect(run.model).toMatchObject({ phase: 'finished', status: 'PASS' });
  });

  test('when a run gets its directory is told to the one who submits it, who may try again', async () => {
    const lab = await RunsLab.open();
    await lab.quick('n1');
    const create = lab.directories.create.bind(lab.directories);
    Object.assign(lab.directories, { create: () => Promise.reject(new TuttiError('DISK_FULL', 'no room')) });
    const { spec } = { spec: { suite: 's', files: [], tests: [] as never[] } };
    expect(await rejection(lab.runs.submit(id('9'), spec, false))).toMatchObject({ code: 'DISK_FULL' });
    Object.assign(lab.directories, { create });
    const run = await lab.submit([one]);
    await run.finished;
    expect(run.model.status).toBe('PASS');
  });
});

describe('a master that stops', () => {
  test('ends every run, queued ones too, writes their reports, and takes no more', async () => {
    const lab = await RunsLab.open();
    const agent = await lab.quick('n1', 0, { handlers: { 'member.start': () => ({}) } });
    const first = await lab.submit([one]);
    const second = await lab.submit([one]);
    await eventually(() => expect(agent.asked.some((line) => line.startsWith('member.start'))).toBe(true));
    const closing = lab.runs.interruptAll();
    expect(() => lab.submit([one])).toThrow('the master is shutting down');
    await closing;
    for (const run of [first, second]) expect(await report(run)).toMatchObject({ status: 'INTERRUPTED' });
    expect(lab.runs.debugState()).toEqual(IDLE);
  });

  test('waits for a run that is just being made', async () => {
    const lab = await RunsLab.open();
    await lab.quick('n1');
    const submitted = lab.submit([one]);
    await lab.runs.interruptAll();
    const run = await submitted;
    expect(run.model.phase).toBe('finished');
    expect(await report(run)).toMatchObject({ status: 'INTERRUPTED' });
  });

  test('does not wait for nodes that are away', async () => {
    const lab = await RunsLab.open();
    const agent = await lab.quick('n1', 0, { handlers: { 'member.prepare': never } });
    const run = await lab.submit([{ ...one, grace: 600 }]);
    await eventually(() => expect(agent.asked).not.toEqual([]));
    await agent.cut();
    const closed = lab.runs.interruptAll();
    await lab.clock.pass(0);
    await closed;
    expect(run.model.phase).toBe('finished');
  });
});

test('a run that nobody knows is said to be unknown', async () => {
  const lab = await RunsLab.open();
  expect(() => lab.runs.get(7)).toThrow(expect.objectContaining({ code: 'NO_SUCH_RUN' }) as Error);
  expect(await rejection(lab.runs.results(7))).toMatchObject({ code: 'NO_SUCH_RUN' });
});

test('finished runs beyond the last hundred come from the database, their results from the disk', async () => {
  const lab = await RunsLab.open();
  await lab.quick('n1');
  lab.node('n1').holder = 1;
  for (let n = 0; n < 102; n += 1) {
    const run = await lab.submit([one]);
    lab.runs.cancel(run, 'no');
    await run.finished;
  }
  expect(lab.runs.get(102)).toBe(lab.runs.get(102));
  expect(lab.runs.get(1)).not.toBe(lab.runs.get(1));
  expect(lab.runs.get(1).model).toMatchObject({ number: 1, status: 'INTERRUPTED' });
  expect(() => lab.runs.get(103)).toThrow('knows no run 103; its newest is 102');
  expect(await lab.runs.results(1)).toBe(join(lab.dir, 'runs/1-a-suite'));
}, 30_000);
