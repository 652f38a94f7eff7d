/** Machines around runs, on fake agents: the commands are functions, everything else is as in a master. */
import { eventually, settled } from '@tutti/testkit';
import { describe, expect, test } from 'vitest';
import type { Action } from '../../src/machines/machine-care.ts';
import { type Entry, MachineRules } from '../../src/machines/machine-rules.ts';
import type { Outcome } from '../../src/machines/run-command.ts';
import { role } from '../runs/a-test.ts';
import { RunsLab } from '../runs/runs-lab.ts';

const one = { roles: [role('a')] };
const line = { run: 'x', timeoutMs: 300_000 };
const good: Outcome = { ok: true, tail: '' };
const bad = (why: string): Outcome => ({ ok: false, why, tail: '' });

/** `answer`: what becomes of a command; `done` says which there were. */
function commands(lab: RunsLab, entries: Entry[], answer: (what: string) => Outcome | Promise<Outcome>) {
  const done: string[] = [];
  lab.machineRules = new MachineRules('/', entries);
  lab.carryOut = async (_, { node, action }: { node: { name: string }; action: Action }, signal) => {
    const what = `${action} ${node.name}`;
    done.push(what);
    const aborted = new Promise<Outcome>((resolve) =>
      signal.addEventListener('abort', () => resolve(bad('was called off')), { once: true }),
    );
    return Promise.race([answer(what), aborted]);
  };
  return done;
}

const all: Entry[] = [{ prepare: line, release: line, power: { cycle: line } }];
const state = (lab: RunsLab, name: string) => lab.node(name).state;
const reason = (lab: RunsLab, name: string) => lab.node(name).orders.quarantined?.reason;

describe('a machine', () => {
  test('is prepared before the run begins, released after it, and nobody else has it meanwhile', async () => {
    const lab = await RunsLab.open();
    const agent = await lab.quick('n1');
    const prepared = Promise.withResolvers<Outcome>();
    const released = Promise.withResolvers<Outcome>();
    const done = commands(lab, all, (what) =>
      what.startsWith('prepare') ? prepared.promise : released.promise,
    );
    const [first, second] = [await lab.submit([one]), await lab.submit([one])];
    await eventually(() => expect(done).toEqual(['prepare n1']));
    expect([first.model.phase, state(lab, 'n1')]).toEqual(['queued', 'reserved']);
    expect(lab.runs.explain(first)).toMatchObject({ at: 'starting' });
    expect(lab.runs.explain(second)).toMatchObject({
      at: 'waiting',
      shortage: { others: [{ node: 'n1', why: 'held', run: 1 }] },
    });
    expect(agent.asked).toEqual([]);
    prepared.resolve(good);
    await first.finished;
    await eventually(() => expect(done).toEqual(['prepare n1', 'release n1']));
    expect([second.model.phase, state(lab, 'n1')]).toEqual(['queued', 'reserved']);
    expect(lab.node('n1').view()).toMatchObject({ run: 1, doing: 'is being released by run 1' });
    released.resolve(good);
    await second.finished;
    await eventually(() => expect(state(lab, 'n1')).toBe('idle'));
    expect(done).toEqual(['prepare n1', 'release n1', 'prepare n1', 'release n1']);
    expect(lab.care.debugState()).toEqual({ machinesCaredFor: 0 });
  });

  test('whose prepare fails has its power cycled, and the run gets others', async () => {
    const lab = await RunsLab.open();
    const agent = await lab.quick('n1');
    await lab.quick('n2');
    const done = commands(lab, all, (what) => (what === 'prepare n1' ? bad('ended with status 3') : good));
    const run = await lab.submit([one]);
    await run.finished;
    expect(run.model).toMatchObject({ status: 'PASS', cast: [{ nodes: ['n2'] }] });
    await eventually(() => expect(done).toEqual(['prepare n1', 'cycle n1', 'prepare n2', 'release n2']));
    expect(lab.node('n1').view().doing).toBe(
      'is coming back after its power was cycled: its prepare ended with status 3',
    );
    // The old boot still answers: that is not back.
    expect(state(lab, 'n1')).toBe('reserved');
    await agent.cut();
    await lab.quick('n1', 0, { boot: 'boot-2' });
    await eventually(() => expect(state(lab, 'n1')).toBe('idle'));
    expect(lab.clock.timers).toBe(0);
  });

  test('that gives trouble again after its power was cycled is quarantined with the reason', async () => {
    const lab = await RunsLab.open();
    const agent = await lab.quick('n1');
    const done = commands(lab, all, (what) => (what === 'prepare n1' ? bad('ended with status 3') : good));
    const run = await lab.submit([one]);
    await eventually(() => expect(done).toEqual(['prepare n1', 'cycle n1']));
    await agent.cut();
    await lab.quick('n1', 0, { boot: 'boot-2' });
    await eventually(() => expect(state(lab, 'n1')).toBe('quarantined'));
    expect(reason(lab, 'n1')).toBe(
      'its prepare ended with status 3; its power was cycled before, which did not help',
    );
    expect(done).toEqual(['prepare n1', 'cycle n1', 'prepare n1']);
    expect(run.model.phase).toBe('queued');
    lab.runs.refresh(run);
    expect(run.model.waitsFor).toBe('needs 1 node (a); 1 matches, 0 are free');
    // Back from quarantine it is prepared again.
    commands(lab, all, () => good);
    await lab.registry.order(lab.node('n1'), () => ({}));
    await run.finished;
    expect(run.model.status).toBe('PASS');
  });

  test('that does not come back after its power was cycled is quarantined, as is one that cannot be cycled', async () => {
    const lab = await RunsLab.open();
    await lab.quick('n1');
    await lab.quick('n2');
    const done = commands(
      lab,
      [{ prepare: line }, { where: 'name == "n1"', power: { cycle: line, backMs: 60_000 } }],
      (what) => (what.startsWith('prepare') ? bad('failed') : good),
    );
    const run = await lab.submit([one]);
    await eventually(() => expect(reason(lab, 'n2')).toBe('its prepare failed'));
    expect(done.toSorted()).toEqual(['cycle n1', 'prepare n1', 'prepare n2']);
    await lab.clock.pass(60_000);
    await eventually(() =>
      expect(reason(lab, 'n1')).toBe(
        'its prepare failed; it did not come back within 60 s of its power being cycled',
      ),
    );
    lab.runs.cancel(run, 'enough');
    await run.finished;
  });

  test('whose power command fails is quarantined, and says both', async () => {
    const lab = await RunsLab.open();
    await lab.quick('n1');
    commands(lab, all, (what) => bad(what.startsWith('cycle') ? 'did not end within 300 s' : 'failed'));
    const run = await lab.submit([one]);
    await eventually(() =>
      expect(reason(lab, 'n1')).toBe(
        'its prepare failed; the command that cycles its power did not end within 300 s',
      ),
    );
    lab.runs.cancel(run, 'enough');
    await run.finished;
  });

  test('in maintenance is left alone, whatever happens', async () => {
    const lab = await RunsLab.open();
    await lab.quick('n1');
    const begun = Promise.withResolvers<Outcome>();
    const done = commands(lab, all, (what) => (what.startsWith('prepare') ? begun.promise : good));
    const run = await lab.submit([one]);
    await eventually(() => expect(done).toEqual(['prepare n1']));
    await lab.registry.order(lab.node('n1'), (orders) => ({ ...orders, maintenance: { since: 1 } }));
    begun.resolve(bad('failed'));
    await eventually(() => expect(state(lab, 'n1')).toBe('maintenance'));
    expect(done).toEqual(['prepare n1']);
    lab.runs.cancel(run, 'enough');
    await run.finished;
  });

  test('of a member that was lost has its power cycled; after a run that went well it may give trouble once more', async () => {
    const lab = await RunsLab.open();
    const agent = await lab.quick('n1', 0, { handlers: { 'member.start': () => ({}) } });
    const done = commands(lab, all, () => good);
    const lost = await lab.submit([{ ...one, grace: 5 }]);
    await eventually(() => expect(agent.asked.some((ask) => ask.startsWith('member.start'))).toBe(true));
    await agent.cut();
    await lab.clock.pass(5000);
    await lost.finished;
    await eventually(() => expect(done).toEqual(['prepare n1', 'cycle n1']));
    expect(lab.node('n1').view().doing).toContain('a.0 of run 1 was lost: its node was away');
    await lab.quick('n1', 0, { boot: 'boot-2' });
    await eventually(() => expect(state(lab, 'n1')).toBe('idle'));
    expect(lab.node('n1').orders).toEqual({ cycled: true });
    await (await lab.submit([one])).finished;
    await eventually(() => expect(lab.node('n1').orders).toEqual({}));
  });

  test('of a run that is cancelled while it is prepared is released', async () => {
    const lab = await RunsLab.open();
    await lab.quick('n1');
    const done = commands(lab, all, (what) => (what.startsWith('prepare') ? new Promise(() => {}) : good));
    const run = await lab.submit([one]);
    await eventually(() => expect(done).toEqual(['prepare n1']));
    lab.runs.cancel(run, 'enough');
    await run.finished;
    await eventually(() => expect(state(lab, 'n1')).toBe('idle'));
    expect(done).toEqual(['prepare n1', 'release n1']);
  });
});

describe('the next master', () => {
  test('releases what an earlier one had prepared, before anybody else gets it', async () => {
    const lab = await RunsLab.open();
    await lab.quick('n1');
    const done = commands(lab, all, () => new Promise(() => {}));
    const run = await lab.submit([one]);
    await eventually(() => expect(done).toEqual(['prepare n1']));
    await lab.care.close();
    const next = lab.successor();
    const again = commands(next, all, () => good);
    next.runs.restore();
    expect(state(next, 'n1')).toBe('reserved');
    await next.quick('n1');
    const same = next.runs.get(run.model.number);
    await same.finished;
    expect(same.model.status).toBe('PASS');
    await eventually(() => expect(state(next, 'n1')).toBe('idle'));
    expect(again).toEqual(['release n1', 'prepare n1', 'release n1']);
  });

  test('goes on cycling the power of one, and waits for it anew', async () => {
    const lab = await RunsLab.open();
    await lab.quick('n1');
    const done = commands(lab, all, (what) =>
      what.startsWith('prepare') ? bad('failed') : new Promise(() => {}),
    );
    const run = await lab.submit([one]);
    await eventually(() => expect(done).toEqual(['prepare n1', 'cycle n1']));
    lab.runs.cancel(run, 'enough');
    await run.finished;
    await lab.care.close();
    const next = lab.successor();
    const again = commands(next, all, () => good);
    next.runs.restore();
    await settled();
    expect(again).toEqual(['cycle n1']);
    await next.quick('n1', 0, { boot: 'boot-2' });
    await eventually(() => expect(state(next, 'n1')).toBe('idle'));
    expect(next.clock.timers).toBe(0);
  });
});
