/** What setup started lives until the run ends, and no longer: when its members are forgotten, across masters and connections. */
import { eventually } from '@tutti/testkit';
import { describe, expect, test } from 'vitest';
import type { RunUnderWay } from '../../src/runs/run-under-way.ts';
import { type FakeAgent, MASTER } from '../lab.ts';
import { role, testSpec } from './a-test.ts';
import { RunsLab } from './runs-lab.ts';

const one = { roles: [role('a')] };
const setup = testSpec([role('a')], { name: 'setup' });
const teardown = testSpec([role('a')], { name: 'teardown' });

const memberOf = ({ model }: RunUnderWay, part: 'setup' | 'test' | 'teardown', attempt = 0) => {
  const found = model.tests.find((each) => each.part === part)?.attempts[attempt]?.members[0];
  if (found === undefined) throw new Error(`${part} has no member`);
  return found;
};

/** What was asked about the members of these parts, in order. */
function course(agent: FakeAgent, run: RunUnderWay): string[] {
  const parts = new Map(
    run.model.tests.flatMap(({ part, attempts }) =>
      attempts.flatMap(({ n, members }) =>
        members.map(({ id }) => [id.slice(0, 4), n === 1 ? part : `${part} again`] as const),
      ),
    ),
  );
  return agent.asked.flatMap((line) => {
    const [call = '', member = ''] = line.split(' ');
    const part = parts.get(member);
    return part && (call === 'member.start' || call === 'member.forget') ? [`${call.slice(7)} ${part}`] : [];
  });
}

test('the members of setup are forgotten when teardown has ended, those of tests at once', async () => {
  const lab = await RunsLab.open();
  const outlives: unknown[] = [];
  const agent = await lab.quick('n1', 0, {
    handlers: {
      'member.prepare': ({ spec }) => {
        outlives.push([spec.test, spec.outlives]);
        return {};
      },
    },
  });
  const run = await lab.submit([one], { setup, teardown });
  await run.finished;
  expect(course(agent, run)).toEqual([
    'start setup',
    'start test',
    'forget test',
    'start teardown',
    'forget teardown',
    'forget setup',
  ]);
  expect(outlives).toEqual([
    ['setup', true],
    ['throughput', undefined],
    ['teardown', undefined],
  ]);
  expect(lab.live.size).toBe(0);
  expect(lab.node('n1')).toMatchObject({ state: 'idle' });
});

test('the run is over when its agent says that nothing lives', async () => {
  const lab = await RunsLab.open();
  const gone = Promise.withResolvers<void>();
  let asked = false;
  const agent = await lab.quick('n1', 0, {
    handlers: {
      'member.forget': async ({ member }) => {
        if (member !== memberOf(run, 'setup').id) return {};
        asked = true;
        await gone.promise;
        return {};
      },
    },
  });
  const run: RunUnderWay = await lab.submit([one], { setup });
  await eventually(() => expect(asked).toBe(true));
  expect(run.model.phase).not.toBe('finished');
  gone.resolve();
  await run.finished;
  expect(course(agent, run).at(-1)).toBe('forget setup');
  expect(lab.node('n1').state).toBe('idle');
});

test('an agent that goes away then is waited for as long as the grace, and has to end it when it is back', async () => {
  const lab = await RunsLab.open();
  const agent = await lab.quick('n1', 0, {
    handlers: { 'member.forget': ({ member }) => (member === setupId() ? new Promise(() => {}) : {}) },
  });
  const run = await lab.submit([one], { setup });
  const setupId = () => memberOf(run, 'setup').id;
  await eventually(() => expect(course(agent, run).at(-1)).toBe('forget setup'));
  await agent.cut();
  await lab.clock.pass(setup.grace * 1000);
  await run.finished;
  expect(run.model.status).toBe('PASS');
  const back = lab.dial({ name: 'n1' });
  const left = { member: setupId(), master: MASTER, state: 'ended' as const };
  expect((await back.hello({ members: [left] })).giveUp).toEqual([left.member]);
  await eventually(() => expect(back.asked).toContain(`member.forget ${left.member.slice(0, 4)}`));
});

test('a run that is cancelled has ended it, after its teardown', async () => {
  const lab = await RunsLab.open();
  const agent = lab.dial({ name: 'n1' });
  await agent.hello();
  const run = await lab.submit([one], { setup, teardown });
  const end = async (part: 'setup' | 'test' | 'teardown') => {
    await eventually(() => expect(memberOf(run, part).state).toBe('running'));
    await agent.ended(memberOf(run, part).id);
    await agent.collected(memberOf(run, part).id);
  };
  await end('setup');
  await eventually(() => expect(memberOf(run, 'test').state).toBe('running'));
  lab.runs.cancel(run, 'enough');
  await end('test');
  await eventually(() => expect(memberOf(run, 'teardown').state).toBe('running'));
  expect(course(agent, run)).not.toContain('forget setup');
  await end('teardown');
  await run.finished;
  expect(course(agent, run).at(-1)).toBe('forget setup');
});

test('cancelled once more it is not waited for', async () => {
  const lab = await RunsLab.open();
  let asked = 0;
  await lab.quick('n1', 0, {
    handlers: {
      'member.forget': ({ member }) => {
        if (member !== memberOf(run, 'setup').id) return {};
        asked += 1;
        return new Promise(() => {});
      },
    },
  });
  const run: RunUnderWay = await lab.submit([one], { setup });
  await eventually(() => expect(asked).toBe(1));
  lab.runs.cancel(run, 'enough');
  lab.runs.cancel(run, 'at once');
  await run.finished;
  // Until its agent has said so, nobody gets the machine.
  expect(lab.node('n1').state).toBe('reserved');
});

test('a setup that is tried again finds nothing of the attempt before', async () => {
  const lab = await RunsLab.open();
  const agent = await lab.quick('n1', [1, 0, 0]);
  const run = await lab.submit([one], { setup: { ...setup, retries: 1 } });
  await run.finished;
  expect(course(agent, run)).toEqual([
    'start setup',
    'forget setup',
    'start setup again',
    'start test',
    'forget test',
    'forget setup again',
  ]);
});

describe('between the tests', () => {
  const stay = { 'member.start': () => ({}) };

  /** A run whose setup has ended and whose test is under way. */
  async function between() {
    const lab = await RunsLab.open();
    const agent = lab.dial({ name: 'n1', handlers: stay });
    await agent.hello();
    const run = await lab.submit([one], { setup });
    await eventually(() => expect(course(agent, run)).toEqual(['start setup']));
    const { id } = memberOf(run, 'setup');
    await agent.ended(id);
    await agent.collected(id);
    await eventually(() => expect(course(agent, run)).toEqual(['start setup', 'start test']));
    const presence = [
      { member: id, master: MASTER, state: 'ended' as const },
      { member: memberOf(run, 'test').id, master: MASTER, state: 'running' as const },
    ];
    return { lab, agent, run, id, presence };
  }

  test('an agent that comes back keeps it, and need not send it again', async () => {
    const { lab, agent, run, id, presence } = await between();
    await agent.cut();
    const back = lab.dial({ name: 'n1', handlers: stay });
    expect(await back.hello({ members: presence })).toMatchObject({ giveUp: [], complete: [id] });
    const running = memberOf(run, 'test').id;
    await back.ended(running);
    await back.collected(running);
    await run.finished;
    expect(course(back, run).at(-1)).toBe('forget setup');
  });

  test('the next master knows of it, and ends it with the run', async () => {
    const { lab, agent, run, id, presence } = await between();
    await lab.store.committed();
    await agent.cut();
    lab.runs.suspend();
    const next = lab.successor();
    const [resumed] = next.runs.restore();
    if (resumed === undefined) throw new Error('no run goes on');
    // At once: whoever comes first finds them.
    expect(next.live.size).toBe(2);
    const back = next.dial({ name: 'n1', handlers: stay });
    expect(await back.hello({ members: presence })).toMatchObject({ giveUp: [], complete: [id] });
    const running = memberOf(run, 'test').id;
    await back.ended(running);
    await back.collected(running);
    await resumed.finished;
    expect(resumed.model.status).toBe('PASS');
    expect(course(back, resumed).at(-1)).toBe('forget setup');
    expect(next.live.size).toBe(0);
  });

  test('an agent that is away for long loses nothing of setup: its verdict stands', async () => {
    const { lab, agent, run } = await between();
    await agent.cut();
    await lab.clock.pass(600_000);
    await run.finished;
    expect(run.model.tests.map(({ status }) => status)).toEqual(['PASS', 'ERROR']);
    expect(memberOf(run, 'setup').lost).toBeUndefined();
  });

  test('an agent that was set up anew has nothing of it, and the run goes on', async () => {
    const { lab, agent, run, presence } = await between();
    await agent.cut();
    const back = lab.dial({ name: 'n1', handlers: stay });
    await back.hello({ members: presence.slice(1) });
    const running = memberOf(run, 'test').id;
    await back.ended(running);
    await back.collected(running);
    await run.finished;
    expect(run.model.status).toBe('PASS');
  });
});
