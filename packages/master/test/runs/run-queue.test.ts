import { eventually, settled } from '@tutti/testkit';
import { describe, expect, test } from 'vitest';
import { role } from './a-test.ts';
import { RunsLab } from './runs-lab.ts';

const one = { roles: [role('a')] };
const stays = { handlers: { 'member.start': () => ({}) } };

describe('the queue', () => {
  test('gives the higher priority its machine first, of equals the older', async () => {
    const lab = await RunsLab.open();
    await lab.quick('n1');
    lab.node('n1').holder = 99;
    const order: number[] = [];
    const runs = [
      await lab.submit([one]),
      await lab.submit([one]),
      await lab.submit([one], {}, { priority: 50 }),
    ];
    for (const run of runs)
      run.onChange(() => {
        if (run.model.phase === 'finished') order.push(run.model.number);
      });
    expect(lab.runs.order()).toEqual([3, 1, 2]);
    lab.node('n1').holder = undefined;
    lab.registry.changed();
    await Promise.all(runs.map((run) => run.finished));
    expect(order).toEqual([3, 1, 2]);
  });

  test('lets a run that wants other machines pass one that waits', async () => {
    const lab = await RunsLab.open();
    await lab.quick('n1', 0, { labels: { gpu: '' } });
    await lab.quick('n2');
    lab.node('n1').holder = 99;
    const gpu = await lab.submit([{ roles: [{ ...role('a'), where: '"gpu" in labels' }] }]);
    const any = await lab.submit([one]);
    await any.finished;
    expect([gpu.model.phase, any.model.status]).toEqual(['queued', 'PASS']);
    lab.runs.cancel(gpu, 'enough');
    await gpu.finished;
  });

  test('passes once, however much changes in one turn', async () => {
    const lab = await RunsLab.open();
    await lab.quick('n1');
    lab.node('n1').holder = 99;
    const run = await lab.submit([one]);
    await settled();
    let looks = 0;
    const pool = lab.registry.pool.bind(lab.registry);
    lab.registry.pool = (holding) => {
      looks += 1;
      return pool(holding);
    };
    for (let n = 0; n < 10; n += 1) lab.registry.changed();
    await settled();
    expect(looks).toBe(1);
    lab.runs.cancel(run, 'enough');
    await run.finished;
  });

  test('says since when and until when at most a run has its machines, also after a restart', async () => {
    const lab = await RunsLab.open();
    const agent = await lab.quick('n1', 0, stays);
    const holder = await lab.submit([{ ...one, maxTimeout: 100 }], { timeout: 100 });
    await eventually(() => expect(agent.asked.some((ask) => ask.startsWith('member.start'))).toBe(true));
    const waiting = await lab.submit([one]);
    await settled();
    const explained = (of: RunsLab) => of.runs.explain(of.runs.get(waiting.model.number));
    const before = explained(lab);
    const since = holder.model.allocated;
    expect(before).toMatchObject({
      at: 'waiting',
      shortage: { others: [{ node: 'n1', why: 'held', run: 1, since }] },
      latest: expect.any(Number) as number,
    });
    const next = lab.successor();
    next.runs.restore();
    expect(explained(next)).toEqual(before);
    let over = false;
    void next.runs.interruptAll().then(() => {
      over = true;
    });
    await eventually(async () => {
      await next.clock.pass(1);
      return over;
    });
  });

  test('of an earlier master that has a run which this one does not understand ends that, and goes on', async () => {
    const lab = await RunsLab.open();
    const agent = await lab.quick('n1');
    lab.node('n1').holder = 99;
    for (let n = 0; n < 2; n += 1) await lab.submit([one]);
    lab.runs.suspend();
    await agent.cut();
    const next = lab.successor();
    const load = next.store.runs.load.bind(next.store.runs);
    next.store.runs.load = (many) => {
      const models = load(many);
      const wanted = models[0]?.spec.tests[0]?.roles[0];
      if (wanted !== undefined) wanted.where = 'cpus >= "two"';
      return models;
    };
    next.runs.restore();
    await eventually(() => expect(next.runs.get(1).model.status).toBe('INTERRUPTED'));
    expect(next.runs.get(1).model.cancelled).toBe('this master does not understand "cpus >= "two"" of a');
    await next.quick('n1');
    await next.runs.get(2).finished;
    expect(next.runs.get(2).model.status).toBe('PASS');
  });
});
