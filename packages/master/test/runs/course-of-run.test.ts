/** Retries, setup and teardown, what is expected or skipped, tests beside each other: what a run makes of its tests. */
import { eventually } from '@tutti/testkit';
import { describe, expect, test } from 'vitest';
import { reportOf } from '../../src/runs/report-of.ts';
import type { RunUnderWay } from '../../src/runs/run-under-way.ts';
import { role, testSpec } from './a-test.ts';
import { RunsLab } from './runs-lab.ts';

const one = { roles: [role('a')] };
const stay = { handlers: { 'member.start': () => ({}) } };

function statuses({ model }: RunUnderWay) {
  return model.tests.map(({ spec, status }) => `${spec.name} ${status}`);
}

function attempts({ model }: RunUnderWay, index = 0) {
  return model.tests[index]?.attempts.map(({ status, members }) => [status, members[0]?.node]);
}

describe('a test that fails', () => {
  test('is tried again as often as it may, and is flaky when it passes then', async () => {
    const lab = await RunsLab.open();
    await lab.quick('n1', [1, 0]);
    const run = await lab.submit([{ ...one, retries: 2 }]);
    await run.finished;
    expect(attempts(run)).toEqual([
      ['FAIL', 'n1'],
      ['PASS', 'n1'],
    ]);
    expect(run.model).toMatchObject({ status: 'PASS', exit: 0 });
    expect(reportOf(run.model, new Map()).tests[0]).toMatchObject({ status: 'PASS', flaky: true });
  });

  test('fails when no attempt is left, and keeps them all', async () => {
    const lab = await RunsLab.open();
    await lab.quick('n1', 1);
    const run = await lab.submit([{ ...one, retries: 2, retryErrors: 5 }]);
    await run.finished;
    expect(attempts(run)?.map(([status]) => status)).toEqual(['FAIL', 'FAIL', 'FAIL']);
    expect(run.model).toMatchObject({ status: 'FAIL', exit: 1 });
    expect(reportOf(run.model, new Map()).tests[0]?.flaky).toBeUndefined();
  });

  test('because of the lab is tried again on other machines of its run, if there are', async () => {
    const lab = await RunsLab.open();
    await lab.quick('n1', 99);
    await lab.quick('n2', 0);
    const run = await lab.submit([
      { ...one, retryErrors: 1 },
      { roles: [role('a', 2)], retries: 3 },
    ]);
    await run.finished;
    expect(attempts(run)).toEqual([
      ['ERROR', 'n1'],
      ['PASS', 'n2'],
    ]);
    // An ERROR is not a failure: `retries` is not for it.
    expect(attempts(run, 1)?.map(([status]) => status)).toEqual(['ERROR']);
  });

  test('as it is expected to is fine, is not tried again, and is not fine when it passes', async () => {
    const lab = await RunsLab.open();
    await lab.quick('n1', [1, 0, 99]);
    const expected = { ...one, expect: 'fail' as const, retries: 1 };
    const run = await lab.submit([
      { ...expected, name: 'fails' },
      { ...expected, name: 'passes' },
      { ...expected, name: 'breaks' },
    ]);
    await run.finished;
    expect(statuses(run)).toEqual(['fails XFAIL', 'passes XPASS', 'breaks ERROR']);
    expect(attempts(run)).toHaveLength(1);
  });

  test('is tried again by the next master, when this one had no time to', async () => {
    const lab = await RunsLab.open();
    await lab.quick('n1', 1);
    const run = await lab.submit([{ ...one, retries: 1 }]);
    // This master ends when the first attempt has its verdict and before the second is there.
    await eventually(() => expect(run.model.tests[0]?.attempts[0]?.status).toBe('FAIL'));
    const kept = structuredClone({ ...run.model.tests[0]?.attempts[0] });
    await run.finished;
    expect(kept.status).toBe('FAIL');
    expect(attempts(run)?.map(([status]) => status)).toEqual(['FAIL', 'FAIL']);
  });
});

describe('a test that is skipped', () => {
  test('is in the report with its reason, and nobody starts it', async () => {
    const lab = await RunsLab.open();
    const agent = await lab.quick('n1', 0, { labels: { rdma: 'yes' } });
    const run = await lab.submit([
      { ...one, name: 'known', skip: { reason: 'bug 17' } },
      { ...one, name: 'here', skip: { when: '"rdma" in node.a.labels', reason: 'no RDMA' } },
      { ...one, name: 'not here', skip: { when: 'param.streams > 4' }, params: { streams: 4 } },
    ]);
    await run.finished;
    expect(statuses(run)).toEqual(['known SKIP', 'here SKIP', 'not here PASS']);
    expect(run.model.tests.map(({ cause }) => cause)).toEqual(['bug 17', 'no RDMA', undefined]);
    expect(agent.asked.filter((line) => line.startsWith('member.start'))).toHaveLength(1);
  });

  test('as all of its run leaves a run of which nothing ran', async () => {
    const lab = await RunsLab.open();
    await lab.quick('n1');
    const run = await lab.submit([{ ...one, skip: {} }]);
    await run.finished;
    expect(run.model).toMatchObject({ status: 'SKIP', exit: 4 });
  });
});

describe('a run that ends at the first failure', () => {
  test('begins no further test, and says why', async () => {
    const lab = await RunsLab.open();
    await lab.quick('n1', [0, 1]);
    const tests = ['first', 'second', 'third'].map((name) => ({ ...one, name }));
    const run = await lab.submit(tests, { failFast: true });
    await run.finished;
    expect(statuses(run)).toEqual(['first PASS', 'second FAIL', 'third CANCEL']);
    expect(run.model.tests[2]?.cause).toBe(
      'not run: second ended FAIL, and the run ends at the first failure',
    );
    expect(run.model.exit).toBe(1);
  });
});

describe('setup and teardown', () => {
  const around = {
    setup: testSpec([role('a')], { name: 'setup' }),
    teardown: testSpec([role('a')], { name: 'teardown' }),
  };

  test('run before the first test and after the last, and are not among the tests', async () => {
    const lab = await RunsLab.open();
    await lab.quick('n1');
    const run = await lab.submit([one, one], around);
    await run.finished;
    expect(run.model.tests.map(({ part, dir }) => [part, dir])).toEqual([
      ['setup', 'setup'],
      ['test', 'tests/01-throughput'],
      ['test', 'tests/02-throughput'],
      ['teardown', 'teardown'],
    ]);
    const starts = run.model.tests.map(({ started = 0 }) => started);
    expect(starts).toEqual(starts.toSorted((a, b) => a - b));
    const report = reportOf(run.model, new Map());
    expect(report).toMatchObject({ status: 'PASS', setup: { status: 'PASS' }, teardown: { status: 'PASS' } });
    expect(report.summary.total).toBe(2);
  });

  test('a setup that fails is an ERROR, no test is run, and what there is is torn down', async () => {
    const lab = await RunsLab.open();
    await lab.quick('n1', [1, 0]);
    const run = await lab.submit([one], around);
    await run.finished;
    expect(statuses(run)).toEqual(['setup ERROR', 'throughput CANCEL', 'teardown PASS']);
    expect(run.model).toMatchObject({ status: 'ERROR', exit: 2 });
    expect(run.model.tests[1]?.cause).toBe('not run: the setup ended ERROR');
  });

  test('a setup that has nothing to set up skips all tests', async () => {
    const lab = await RunsLab.open();
    await lab.quick('n1', [77]);
    const run = await lab.submit([one], around);
    await run.finished;
    expect(statuses(run)).toEqual(['setup SKIP', 'throughput SKIP', 'teardown PASS']);
    expect(run.model.exit).toBe(4);
  });

  test('a teardown that fails makes the run an ERROR, whatever its tests', async () => {
    const lab = await RunsLab.open();
    await lab.quick('n1', [0, 0, 1]);
    const run = await lab.submit([one], around);
    await run.finished;
    expect(statuses(run)).toEqual(['setup PASS', 'throughput PASS', 'teardown ERROR']);
    expect(run.model).toMatchObject({ status: 'ERROR', exit: 2 });
    expect(run.model.cause).toMatch(/^teardown: a\.0 on n1 exited with status 1/);
  });

  test('what is cancelled is torn down; cancelled again it is not', async () => {
    const lab = await RunsLab.open();
    const agent = await lab.quick('n1', 0, stay);
    const run = await lab.submit([one], { teardown: around.teardown });
    const started = (count: number) =>
      eventually(() =>
        expect(agent.asked.filter((line) => line.startsWith('member.start'))).toHaveLength(count),
      );
    await started(1);
    lab.runs.cancel(run, 'enough');
    await started(2);
    lab.runs.cancel(run, 'at once');
    await run.finished;
    expect(statuses(run)).toEqual(['throughput INTERRUPTED', 'teardown INTERRUPTED']);
    expect(run.model.tests.map(({ cause }) => cause)).toEqual(['enough', 'at once']);
    expect(run.model.exit).toBe(130);
  });

  test('a run that never began has nothing to tear down', async () => {
    const lab = await RunsLab.open();
    const agent = await lab.quick('n1', 0, stay);
    const starts = () => agent.asked.filter((line) => line.startsWith('member.start'));
    const first = await lab.submit([one]);
    await eventually(() => expect(starts()).toHaveLength(1));
    const second = await lab.submit([one], around);
    lab.runs.cancel(second, 'enough');
    await second.finished;
    expect(statuses(second)).toEqual(['setup INTERRUPTED', 'throughput INTERRUPTED', 'teardown SKIP']);
    lab.runs.cancel(first, 'enough');
    await first.finished;
    expect(starts()).toHaveLength(1);
  });
});

describe('tests that are parallel', () => {
  test('run beside each other on disjoint machines; others run alone', async () => {
    const lab = await RunsLab.open();
    const agents = [await lab.quick('n1', 0, stay), await lab.quick('n2', 0, stay)];
    const parallel = { ...one, parallel: true };
    const run = await lab.submit([
      { ...parallel, name: 'first' },
      { ...parallel, name: 'second' },
      { ...parallel, name: 'third' },
      { roles: [role('a', 2)], name: 'alone' },
    ]);
    const running = () =>
      run.model.tests.filter(({ state }) => state === 'running').map(({ spec }) => spec.name);
    await eventually(() => expect(running()).toEqual(['first', 'second']));
    const nodes = run.model.tests.flatMap((each) =>
      each.attempts.flatMap(({ members }) => members.map(({ node }) => node)),
    );
    expect(nodes).toEqual(['n1', 'n2']);
    const end = async (index: number) => {
      for (const { id, node } of run.model.tests[index]?.attempts[0]?.members ?? []) {
        const agent = agents[node === 'n1' ? 0 : 1];
        await agent?.ended(id);
        await agent?.collected(id);
      }
    };
    await end(1);
    await eventually(() => expect(running()).toEqual(['first', 'third']));
    expect(run.model.tests[2]?.attempts[0]?.members[0]?.node).toBe('n2');
    await end(2);
    await end(0);
    await eventually(() => expect(running()).toEqual(['alone']));
    await end(3);
    await run.finished;
    expect(statuses(run)).toEqual(['first PASS', 'second PASS', 'third PASS', 'alone PASS']);
  });
});

describe('the time of a run', () => {
  test('is over for all its tests together', async () => {
    const lab = await RunsLab.open();
    await lab.quick('n1', 0, stay);
    const run = await lab.submit(
      [
        { ...one, name: 'long' },
        { ...one, name: 'later' },
      ],
      { timeout: 30 },
    );
    await eventually(() => expect(run.model.tests[0]?.state).toBe('running'));
    await lab.clock.pass(30_000);
    await run.finished;
    expect(statuses(run)).toEqual(['long INTERRUPTED', 'later INTERRUPTED']);
    expect(run.model.tests[1]?.cause).toBe('not run: the run timed out after 30 s');
    expect(run.model.exit).toBe(124);
  });
});

describe('a machine that goes away', () => {
  const grace = 30;

  test('is not given to further tests, as long as the run has others that do', async () => {
    const lab = await RunsLab.open();
    const gone = await lab.quick('n1', 0, stay);
    await lab.quick('n2', 0);
    // Both machines are the run's, because its last test needs both.
    const run = await lab.submit([
      { ...one, grace },
      { ...one, name: 'second', grace },
      { ...one, name: 'third', grace },
      { name: 'both', roles: [role('a', 2)], grace },
    ]);
    await eventually(() => expect(run.model.tests[0]?.state).toBe('running'));
    await gone.cut();
    await lab.clock.pass(grace * 1000);
    await eventually(async () => {
      await lab.clock.pass(0);
      expect(run.model.phase).toBe('finished');
    });
    expect(statuses(run)).toEqual(['throughput ERROR', 'second PASS', 'third PASS', 'both ERROR']);
    expect(attempts(run, 1)).toEqual([['PASS', 'n2']]);
  });

  test('is waited for once, not by each test that needs it', async () => {
    const lab = await RunsLab.open();
    const gone = await lab.quick('n1', 0, stay);
    const run = await lab.submit(['first', 'second', 'third'].map((name) => ({ ...one, name, grace })));
    await eventually(() => expect(run.model.tests[0]?.state).toBe('running'));
    await gone.cut();
    await lab.clock.pass(grace * 1000);
    // No more time passes.
    await eventually(async () => {
      await lab.clock.pass(0);
      expect(run.model.phase).toBe('finished');
    });
    expect(statuses(run)).toEqual(['first ERROR', 'second ERROR', 'third ERROR']);
    expect(run.model.tests[2]?.cause).toBe('a.0 on n1 was lost: its node was away for more than 30 s');
  });
});
