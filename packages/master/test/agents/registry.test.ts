import { FakeClock, rejection, settled } from '@tutti/testkit';
import { describe, expect, test } from 'vitest';
import { Registry } from '../../src/agents/registry.ts';
import { MasterClock } from '../../src/master-clock.ts';
import { FACTS, id, Lab, MASTER } from '../lab.ts';

const never = () => new Promise<never>(() => {});

describe('an agent', () => {
  test('that comes back supersedes its older session', async () => {
    const lab = new Lab();
    const older = await lab.connect();
    const newer = await lab.connect();
    await settled();
    expect(older.closed).toMatchObject({
      code: 'SUPERSEDED',
      message: expect.stringContaining('agent "n1" connected again'),
    });
    expect(newer.closed).toBeUndefined();
    expect(lab.registry.views()).toMatchObject([{ name: 'n1', state: 'idle' }]);
    expect(lab.node('n1').session).toBe(newer.served);
  });

  test('of another boot whose older session answers is a cloned image: refused, naming both', async () => {
    const lab = new Lab();
    const older = await lab.connect({ name: 'n1' });
    const clone = lab.dial({ name: 'n2', agent: id('1'), boot: 'boot-2' });
    expect(await rejection(clone.hello())).toMatchObject({
      code: 'CLONED_IDENTITY',
      message: expect.stringMatching(/agent 11111111 is alive twice: "n1" at .+ and "n2" at /),
    });
    await settled();
    expect(clone.closed?.code).toBe('CLONED_IDENTITY');
    expect(older.asked).toEqual(['node.probe']);
    expect(older.closed).toBeUndefined();
    expect(lab.clock.timers).toBe(0);
  });

  test('of another boot whose older session is silent was rebooted: let in after 2 s', async () => {
    const lab = new Lab();
    const older = await lab.connect({ handlers: { 'node.probe': never } });
    older.pair.lose();
    const rebooted = lab.dial({ boot: 'boot-2' });
    let welcome: unknown;
    void rebooted.hello().then((result) => {
      welcome = result;
    });
    await lab.clock.pass(1999);
    expect(welcome).toBeUndefined();
    await lab.clock.pass(1);
    expect(welcome).toEqual({ master: MASTER, software: '0.1.0', giveUp: [] });
    expect(older.served.closed).toMatchObject({ code: 'SUPERSEDED' });
    expect(lab.registry.views()).toMatchObject([{ name: 'n1', state: 'idle' }]);
  });

  test('that is probed while the older session breaks by itself is let in at once', async () => {
    const lab = new Lab();
    const older = await lab.connect({ handlers: { 'node.probe': never } });
    const rebooted = lab.dial({ boot: 'boot-2' });
    const welcome = rebooted.hello();
    await settled();
    await older.cut();
    await welcome;
    expect(lab.node('n1').session).toBe(rebooted.served);
  });

  test('that was let in while another of the same identity was being decided is not shown out unasked', async () => {
    const lab = new Lab();
    const older = await lab.connect({ handlers: { 'node.probe': never } });
    const clone = lab.dial({ boot: 'boot-2' });
    const refusal = rejection(clone.hello());
    await settled();
    // The first machine reconnects, and answers.
    older.pair.lose();
    const back = await lab.connect();
    await lab.clock.pass(2000);
    expect(await refusal).toMatchObject({ code: 'CLONED_IDENTITY' });
    expect(back.closed).toBeUndefined();
    expect(lab.node('n1').session).toBe(back.served);
  });

  test('that is gone when it is let in leaves no trace', async () => {
    const lab = new Lab();
    const older = await lab.connect({ handlers: { 'node.probe': never } });
    const rebooted = lab.dial({ boot: 'boot-2' });
    const hello = rejection(rebooted.hello());
    await settled();
    await rebooted.cut();
    await hello;
    await lab.clock.pass(2000);
    expect(older.served.closed).toBeDefined();
    expect(lab.registry.views()).toMatchObject([{ name: 'n1', state: 'offline' }]);
  });

  test('under the name of another that is connected is refused, and the other goes on', async () => {
    const lab = new Lab();
    const first = await lab.connect({ name: 'n1' });
    const second = lab.dial({ name: 'n1', agent: id('2') });
    expect(await rejection(second.hello())).toMatchObject({ code: 'NAME_IN_USE' });
    expect(first.closed).toBeUndefined();
  });

  test('under the name of one that a run holds is refused, also while that is away', async () => {
    const lab = new Lab();
    const first = await lab.connect({ name: 'n1' });
    lab.node('n1').holder = 3;
    await first.cut();
    const second = lab.dial({ name: 'n1', agent: id('2') });
    expect(await rejection(second.hello())).toMatchObject({ code: 'NAME_IN_USE' });
    expect(lab.registry.views()).toMatchObject([{ name: 'n1', state: 'unreachable', run: 3 }]);
  });

  test('of a machine that was set up anew takes the place of the old one', async () => {
    const lab = new Lab();
    const old = await lab.connect({ name: 'n1' });
    const node = lab.node('n1');
    node.leftovers.add(id('5'));
    await old.cut();
    await lab.connect({ name: 'n1', agent: id('2'), boot: 'boot-2' });
    expect(lab.registry.nodes()).toEqual([node]);
    expect(node.identity.agent).toBe(id('2'));
    expect(node.state).toBe('idle');
  });

  test('under another name is the same node: the old name is free', async () => {
    const lab = new Lab();
    const before = await lab.connect({ name: 'n1' });
    const node = lab.node('n1');
    node.holder = 4;
    await before.cut();
    await lab.connect({ name: 'n9', agent: id('1') });
    expect(lab.registry.nodes()).toEqual([node]);
    expect(lab.registry.views()).toMatchObject([{ name: 'n9', run: 4 }]);
    await lab.connect({ name: 'n1', agent: id('2') });
    expect(lab.registry.nodes().map(({ name }) => name)).toEqual(['n1', 'n9']);
  });
});

describe('nodes', () => {
  test('are listed as people count', async () => {
    const lab = new Lab();
    for (const name of ['n10', 'n2', 'n1']) await lab.connect({ name });
    expect(lab.registry.nodes().map(({ name }) => name)).toEqual(['n1', 'n2', 'n10']);
  });

  test('tell whoever wants to know when they come and go', async () => {
    const lab = new Lab();
    const states: string[] = [];
    const stop = lab.registry.onChange(() => {
      states.push(
        lab.registry
          .nodes()
          .map(({ state }) => state)
          .join(),
      );
    });
    const agent = await lab.connect();
    await agent.cut();
    stop();
    await lab.connect();
    expect(states).toEqual(['idle', 'offline']);
  });

  test('show their configured address before those that were found', async () => {
    const lab = new Lab();
    await lab.connect({ address: '192.0.2.7' });
    expect(lab.registry.views()).toMatchObject([{ facts: { addresses: ['192.0.2.7', '10.0.0.1'] } }]);
  });
});

test('nodes are listed a page at a time, each behind the last name of the one before', async () => {
  const lab = new Lab();
  const names = Array.from({ length: 70 }, (_, index) => `n${index + 1}`);
  for (const [index, name] of names.entries())
    await lab.connect({ name, agent: String(index + 1).padStart(32, '0') });
  const seen: string[] = [];
  for (let more = true; more; ) {
    const page = lab.registry.page(seen.at(-1));
    expect(page.nodes.length).toBeLessThanOrEqual(32);
    seen.push(...page.nodes.map(({ name }) => name));
    more = page.more;
  }
  expect(seen).toEqual(names);
});

describe('the pool', () => {
  const pool = (lab: Lab) =>
    lab.registry
      .pool(() => ({ since: 5, until: 9 }))
      .map(({ out, held }) => ({ ...(out && { out }), ...(held && { held }) }));

  test('has each machine as it is: free, held, away, being cleared, out of service', async () => {
    const lab = new Lab();
    const agent = await lab.connect();
    const node = lab.node('n1');
    expect(pool(lab)).toEqual([{}]);
    node.holder = 3;
    expect(pool(lab)).toEqual([{ held: { run: 3, since: 5, until: 9 } }]);
    await agent.cut();
    // Its run still has it.
    expect(pool(lab)).toEqual([{ held: { run: 3, since: 5, until: 9 } }]);
    await lab.registry.order(node, () => ({ drained: { since: 1 } }));
    expect(pool(lab)).toEqual([{ out: { why: 'drained', since: 1 }, held: { run: 3, since: 5, until: 9 } }]);
    await lab.registry.order(node, () => ({}));
    node.holder = undefined;
    expect(pool(lab)).toEqual([{ out: { why: 'offline', since: expect.any(Number) as number } }]);
    await lab.connect();
    node.leftovers.add(id('7'));
    expect(pool(lab)).toEqual([{ held: {} }]);
    node.leftovers.clear();
    await lab.registry.order(node, () => ({ care: { at: 'releasing', run: 3, since: 7 } }));
    expect(pool(lab)).toEqual([{ held: { since: 7, doing: 'is being released by run 3' } }]);
    expect(node.view()).toMatchObject({ state: 'reserved', run: 3, connected: true });
  });

  test('has the same machine as long as nothing of it changes', async () => {
    const lab = new Lab();
    const agent = await lab.connect({ labels: { rack: 'a' } });
    const node = lab.node('n1');
    const first = node.machine;
    await agent.cut();
    await lab.connect({ labels: { rack: 'a' } });
    expect(node.machine).toBe(first);
    await lab.registry.order(node, () => ({ labels: { gpu: '' } }));
    expect(node.machine).toMatchObject({ name: 'n1', labels: { rack: 'a', gpu: '' } });
    expect(Object.isFrozen(node.machine.labels)).toBe(true);
    const labelled = node.machine;
    await lab.registry.order(node, (orders) => ({ ...orders, drained: { since: 1 } }));
    expect(node.machine).toBe(labelled);
    await lab.connect({ labels: { rack: 'b' } });
    expect(node.machine.labels).toEqual({ rack: 'b', gpu: '' });
  });

  test('keeps what was decided about a machine, and decides nothing about one whose place is taken', async () => {
    const kept: [string, object, boolean][] = [];
    const registry = new Registry(new MasterClock(new FakeClock()), async ({ identity, orders }, ordered) => {
      kept.push([identity.agent, orders, ordered]);
    });
    const identity = (digit: string) => ({
      ...{
        agent: id(digit),
        name: 'n1',
        boot: 'b',
        labels: {},
        facts: FACTS,
        software: '0',
        address: undefined,
      },
    });
    registry.restore([{ identity: identity('1'), orders: { cycled: true } }]);
    const node = registry.require('n1');
    await registry.order(node, (orders) => ({ ...orders, drained: { since: 1 } }));
    expect(kept).toEqual([[id('1'), { cycled: true, drained: { since: 1 } }, true]]);
    await registry.order(node, (orders) => orders);
    expect(kept).toHaveLength(1);
    expect(() => registry.require('n2')).toThrow('the master knows no machine "n2"');
  });
});
