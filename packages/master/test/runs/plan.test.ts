import { Report, RunHead, TestView } from '@tutti/protocol';
import { describe, expect, test as it } from 'vitest';
import type { AttemptRun, Run } from '../../src/runs/model.ts';
import { nodesNeeded, planAttempt, planTests, slug } from '../../src/runs/plan.ts';
import { reportOf } from '../../src/runs/report-of.ts';
import { runHead, testView } from '../../src/runs/view.ts';
import { FACTS, id, memberEnd } from '../lab.ts';
import { attempt as anAttempt, castOf, ended, member, role, testRun, testSpec } from './a-test.ts';

const spec = (...tests: ReturnType<typeof testSpec>[]) => ({ suite: 'Traffic & Co', tests, files: [] });

describe('a plan', () => {
  it('needs, of each role, as many nodes as the largest of its tests', () => {
    const tests = [testSpec([role('a'), role('b', 3)]), testSpec([role('b', 2), role('c')])];
    expect(nodesNeeded(spec(...tests))).toEqual([
      { role: 'a', count: 1 },
      { role: 'b', count: 3 },
      { role: 'c', count: 1 },
    ]);
  });

  it('needs a role twice where tests ask for different machines, and counts setup and teardown', () => {
    const where = 'cpus >= 4';
    const tests = [testSpec([role('a', 2, { where })]), testSpec([role('a')])];
    const setup = testSpec([role('a', 3, { where })], { name: 'setup' });
    expect(nodesNeeded({ ...spec(...tests), setup, teardown: testSpec([role('b')]) })).toEqual([
      { role: 'a', where, count: 3 },
      { role: 'a', count: 1 },
      { role: 'b', count: 1 },
    ]);
  });

  it('gives each test a directory that sorts, and whose name is safe', () => {
    const names = ['Grüße/../x', 'throughput[streams=4]', '…'];
    const tests = planTests(spec(...names.map((name) => testSpec([role('a')], { name }))));
    expect(tests.map(({ dir }) => dir)).toEqual([
      'tests/01-gru-e-x',
      'tests/02-throughput-streams-4',
      'tests/03-test',
    ]);
    const many = planTests(spec(...Array.from({ length: 1000 }, () => testSpec([role('a')]))));
    expect([many[0]?.dir, many[999]?.dir]).toEqual(['tests/0001-throughput', 'tests/1000-throughput']);
  });

  it.for([
    ['a'.repeat(200), 'a'.repeat(60)],
    ['--', 'test'],
    ['UPPER lower', 'upper-lower'],
  ])('makes of %s a part of a path: %s', ([name, expected]) => {
    expect(slug(name!)).toBe(expected);
  });

  it('fills the roles of each attempt with the nodes they have in the run', () => {
    const test = testRun(testSpec([role('server'), role('client', 2, { essential: false })]));
    const cast = castOf({ client: ['n2', 'n3', 'n4'], server: ['n1'] });
    let ids = 0;
    const newId = () => {
      ids += 1;
      return id(String(ids));
    };
    const attempt = planAttempt(test, cast, newId);
    expect(attempt).toMatchObject({ n: 1, id: id('4'), barriers: [] });
    expect(attempt.members.map((one) => [one.name, one.node, one.essential, one.id])).toEqual([
      ['server.0', 'n1', true, id('1')],
      ['client.0', 'n2', false, id('2')],
      ['client.1', 'n3', false, id('3')],
    ]);
    expect(attempt.members[1]?.dir).toBe('tests/01-throughput/attempt-1/client.0');
    test.attempts.push(attempt);
    expect(planAttempt(test, cast, newId).members[0]?.dir).toBe('tests/01-throughput/attempt-2/server.0');
  });

  it('that the run has no node for is a defect', () => {
    expect(() => planAttempt(testRun(testSpec([role('a')])), [], () => id('1'))).toThrow('no node');
  });
});

function run(more: Partial<Run> = {}): Run {
  const test = testRun(testSpec([role('server'), role('client', 2)], { params: { seconds: 1 } }));
  return {
    ...{ number: 7, id: id('1'), spec: spec(test.spec), dir: '/runs/7-traffic', tests: [test] },
    ...{
      phase: 'running',
      started: Date.UTC(2030, 0, 1),
      priority: 0,
      owned: false,
      agents: new Map(),
      facts: new Map(),
    },
    cast: castOf({ server: ['n1'], client: ['n2', 'n3'] }),
    ...more,
  };
}

const facts = new Map([['n1', FACTS]]);

describe('the report of a run', () => {
  it('is valid before it has begun', () => {
    const report = reportOf(run({ cast: [] }), new Map());
    expect(Report.parse(report)).toEqual(report);
    expect(report).toMatchObject({
      status: 'RUNNING',
      tests: [{ status: 'RUNNING', attempts: [] }],
      nodes: [],
    });
  });

  it('is valid while it goes on, and says what is known so far', () => {
    const going = run();
    going.tests[0]!.attempts.push({
      ...{ n: 1, id: id('2'), barriers: [], commands: [], extensions: {}, reboots: {} },
      members: [ended('server.0', 'PASS'), member('client.0 on n2', { state: 'running' })],
    });
    const report = reportOf(going, facts);
    expect(Report.parse(report)).toEqual(report);
    expect(report.tests[0]?.attempts[0]).toMatchObject({
      status: 'RUNNING',
      members: [
        { status: 'PASS', exit: 0, duration: 1 },
        { status: 'RUNNING', node: 'n2' },
      ],
    });
    expect(report.nodes).toMatchObject([
      { name: 'n1', os: 'Debian 12' },
      { name: 'n2', os: 'unknown' },
      { name: 'n3' },
    ]);
  });

  it('is valid when it is finished, and says of each member how it ended', () => {
    const finished = run({ phase: 'finished', status: 'FAIL', cause: 'x', duration: 4.2, exit: 1 });
    const [done] = finished.tests;
    Object.assign(done!, { status: 'FAIL', cause: 'x', duration: 3 });
    done!.attempts.push({
      ...{ n: 1, id: id('2'), status: 'FAIL', cause: 'x', commands: [], extensions: {}, reboots: {} },
      barriers: [{ name: 'go', generation: 0, size: 3, skew: 0.01234 }],
      members: [
        ended('server.0', 'FAIL', {
          end: memberEnd({ exit: { how: 'signalled', signal: 'SIGSEGV' }, duration: 2.00049 }),
          subtests: [{ name: 'tcp', status: 'warn', measure: 9410, unit: 'Mbit/s' }],
        }),
        ended('client.0 on n2', 'CANCEL', {
          end: memberEnd({ stopped: 'test-over' }),
          skipped: [{ path: 'fifo', why: 'no file' }],
        }),
        ended('client.1 on n3', 'FAIL', {
          verdict: { status: 'FAIL', cause: 'was told', becauseOf: 'server.0' },
          end: memberEnd({ exit: { how: 'exited', code: 3 } }),
        }),
        ended('client.2 on n4', 'ERROR', {
          end: memberEnd({ exit: { how: 'not-started', message: 'no sh' } }),
        }),
        ended('client.3 on n5', 'FAIL', {
          end: memberEnd({ exit: { how: 'killed' }, stopped: 'output-limit' }),
        }),
      ],
    });
    const report = reportOf(finished, facts);
    expect(Report.parse(report)).toEqual(report);
    expect(report.summary).toMatchObject({ total: 1, fail: 1, pass: 0 });
    const [only] = report.tests[0]!.attempts;
    expect(only?.members).toMatchObject([
      { member: 'server.0', signal: 'SIGSEGV', cause: 'was FAIL', duration: 2 },
      { member: 'client.0', exit: 0, stopped: 'test over', skipped: [{ path: 'fifo', why: 'no file' }] },
      { member: 'client.1', exit: 3, because_of: 'server.0', cause: 'was told' },
      { member: 'client.2', status: 'ERROR' },
      { member: 'client.3', stopped: 'output limit' },
    ]);
    expect(only?.members[1]).not.toHaveProperty('cause');
    expect(only?.subtests).toEqual([
      { name: 'tcp', member: 'server.0', status: 'WARN', measure: 9410, unit: 'Mbit/s' },
    ]);
    expect(only?.barriers).toEqual([{ name: 'go', generation: 0, size: 3, skew: 0.012 }]);
  });
});

describe('the timeline of an attempt', () => {
  const OPENED = 1_900_000_000_000;
  const inSeconds = (after: number) => OPENED / 1000 + after;

  function timelineOf(more: Partial<AttemptRun>, members = [ended('server.0', 'PASS')]) {
    const going = run({ started: OPENED - 1000 });
    going.tests[0]!.attempts.push(anAttempt(members, { opened: OPENED, ...more }));
    const report = reportOf(going, facts);
    expect(Report.parse(report)).toEqual(report);
    return report.tests[0]!.attempts[0]!;
  }

  it('counts from when its members were told to start: barriers, arrivals, waits', () => {
    const arrivals = [
      { member: 'client.0', at: inSeconds(-0.001) },
      { member: 'server.0', at: inSeconds(1.2504) },
    ];
    const barrier = {
      name: 'go',
      generation: 0,
      size: 2,
      skew: 1.2514,
      released: inSeconds(1.2504),
      arrivals,
    };
    const wait = { member: 'client.0', what: 'key "k"', from: inSeconds(2) };
    const broken = { ...wait, what: 'lock "l"', to: inSeconds(3.5), error: 'why', missing: ['server.0'] };
    const omitted = { barriers: 1, arrivals: 2, waits: 3 };
    expect(timelineOf({ barriers: [barrier], waits: [wait, broken], omitted })).toMatchObject({
      started: 1,
      barriers: [
        {
          ...{ name: 'go', skew: 1.251, released: 1.25 },
          arrivals: [
            { member: 'client.0', at: 0 },
            { member: 'server.0', at: 1.25 },
          ],
        },
      ],
      waits: [
        { member: 'client.0', what: 'key "k"', from: 2 },
        { member: 'client.0', what: 'lock "l"', from: 2, to: 3.5, error: 'why', missing: ['server.0'] },
      ],
      omitted: { barriers: 1, arrivals: 2, waits: 3 },
    });
  });

  it('has nothing that is not known: of barriers that an older master kept only how far apart arrivals were', () => {
    const { barriers, ...others } = timelineOf({
      barriers: [{ name: 'go', generation: 0, size: 2, skew: 1 }],
    });
    expect(barriers).toEqual([{ name: 'go', generation: 0, size: 2, skew: 1 }]);
    expect(Object.keys(others)).not.toEqual(expect.arrayContaining(['waits', 'omitted']));
  });

  it('shows the boots of a machine that was rebooted, and when it was away', () => {
    const at = (seconds: number) => OPENED + seconds * 1000;
    const boots = [
      { ended: at(2), back: at(5) },
      { ended: at(6), back: at(9.5) },
    ];
    const times = { started: at(0.1), ended: at(11) };
    const [rebooted, other] = timelineOf({}, [
      ended('server.0', 'PASS', { ...times, boots }),
      ended('client.0 on n2', 'PASS', times),
    ]).members;
    expect(rebooted).toMatchObject({
      started: 0.1,
      ended: 11,
      incarnations: [
        { started: 0.1, ended: 2 },
        { started: 5, ended: 6 },
        { started: 9.5, ended: 11 },
      ],
    });
    expect(other).not.toHaveProperty('incarnations');
  });
});

describe('what watchers see', () => {
  it('of a run is valid in every phase', () => {
    for (const phase of ['queued', 'allocated', 'staging', 'running', 'collecting', 'finished'] as const) {
      const head = runHead(run({ phase, waitsFor: 'needs 2 nodes' }));
      expect(RunHead.parse(head)).toEqual(head);
      expect(head).toMatchObject({ run: 7, suite: 'Traffic & Co', phase, size: 1 });
    }
  });

  it('of a test is valid, and names its members while it is under way', () => {
    const waiting = testRun(testSpec([role('server'), role('client', 2)]));
    expect(TestView.parse(testView(waiting))).toMatchObject({ members: [], size: 3, state: 'waiting' });
    waiting.attempts.push({
      ...{ n: 1, id: id('2'), barriers: [], commands: [], extensions: {}, reboots: {} },
      members: [ended('server.0', 'PASS'), member('client.0 on n2', { state: 'running' })],
    });
    waiting.state = 'running';
    const view = testView(waiting);
    expect(TestView.parse(view)).toEqual(view);
    expect(view.members).toEqual([
      { member: 'server.0', node: 'n1', state: 'ended', status: 'PASS' },
      { member: 'client.0', node: 'n2', state: 'running' },
    ]);
  });

  it('of a test that is tried again says so, and what came of the attempt before', () => {
    const test = testRun(testSpec([role('client')]));
    const before = { status: 'FAIL', cause: 'client.0 on n1 exited with status 1' } as const;
    test.attempts.push(anAttempt([ended('client.0', 'FAIL')], before));
    expect(testView(test)).not.toHaveProperty('attempts');
    test.attempts.push(anAttempt([member('client.0', { state: 'running' })]));
    const view = testView(test);
    expect(TestView.parse(view)).toEqual(view);
    expect(view).toMatchObject({ attempts: 2, before });
    test.status = 'PASS';
    expect(testView(test)).toMatchObject({ attempts: 2 });
    expect(testView(test)).not.toHaveProperty('before');
  });

  it('of setup and teardown is told apart from that of a test', () => {
    const test = testRun(testSpec([role('client')]));
    expect(testView(test)).not.toHaveProperty('part');
    expect(TestView.parse(testView({ ...test, part: 'setup' }))).toMatchObject({ part: 'setup' });
  });

  it('of very many members is two hundred, those that are not through first', () => {
    const test = testRun(testSpec([role('client', 500)]));
    const members = Array.from({ length: 500 }, (_, n) =>
      n < 400 ? ended(`client.${n}`, 'PASS') : member(`client.${n}`, { state: 'running' }),
    );
    test.attempts.push({
      n: 1,
      id: id('2'),
      commands: [],
      barriers: [],
      extensions: {},
      reboots: {},
      members,
    });
    const view = testView(test);
    expect(view.members).toHaveLength(200);
    expect(view.members.filter(({ state }) => state === 'running')).toHaveLength(100);
    expect(view.size).toBe(500);
  });
});
