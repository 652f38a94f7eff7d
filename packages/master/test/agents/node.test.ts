import { TuttiError } from '@tutti/protocol';
import { MemorySink, MemorySource, rejection, settled } from '@tutti/testkit';
import { describe, expect, test } from 'vitest';
import { id, Lab } from '../lab.ts';

const signal = new AbortController().signal;
const never = () => new Promise<never>(() => {});
const M = id('1');

describe('a call to a node', () => {
  test('that breaks with its connection is made again on the next', async () => {
    const lab = new Lab();
    const first = await lab.connect({ handlers: { 'member.start': never } });
    const answer = lab.node('n1').call('member.start', { member: M }, signal);
    await settled();
    await first.cut();
    const second = await lab.connect();
    expect(await answer).toEqual({});
    expect([first.asked, second.asked]).toEqual([['member.start 1111'], ['member.start 1111']]);
  });

  test('waits for a node that is away', async () => {
    const lab = new Lab();
    await (await lab.connect()).cut();
    const answer = lab.node('n1').call('node.probe', {}, signal);
    await lab.connect();
    expect(await answer).toEqual({});
  });

  test('is not made again when the agent itself refused it', async () => {
    const lab = new Lab();
    const refuse = () => {
      throw new TuttiError('DISK_FULL', 'no room');
    };
    const agent = await lab.connect({ handlers: { 'member.prepare': refuse, 'member.start': refuse } });
    const answer = lab.node('n1').call('member.start', { member: M }, signal);
    expect(await rejection(answer)).toMatchObject({ code: 'DISK_FULL' });
    expect(agent.asked).toHaveLength(1);
  });

  test.for(['under way', 'waiting for the node', 'not begun'])('that is withdrawn ends: %s', async (when) => {
    const lab = new Lab();
    const agent = await lab.connect({ handlers: { 'member.start': never } });
    if (when === 'waiting for the node') await agent.cut();
    const withdrawn = new AbortController();
    if (when === 'not begun') withdrawn.abort(new Error('withdrawn'));
    const answer = rejection(lab.node('n1').call('member.start', { member: M }, withdrawn.signal));
    await settled();
    withdrawn.abort(new Error('withdrawn'));
    expect(await answer).toMatchObject({ message: 'withdrawn' });
    expect(agent.asked).toEqual(when === 'under way' ? ['member.start 1111'] : []);
    if (when === 'waiting for the node') {
      const back = await lab.connect();
      expect(back.asked).toEqual([]);
    }
  });
});

describe('a file for a node', () => {
  const content = Buffer.from('contents');
  const blob = { digest: 'd'.repeat(64), size: content.byteLength };

  test('that was cut off is sent on the next connection, from where the agent has it', async () => {
    const lab = new Lab();
    const stuck = new MemorySink();
    stuck.beforeWrite = never;
    const first = await lab.connect({ accept: () => stuck });
    const sent = lab.node('n1').sendBlob(blob, new MemorySource(content), signal);
    await settled();
    await first.cut();
    const sink = new MemorySink();
    await lab.connect({ accept: () => sink });
    await sent;
    expect(sink.file.bytes).toEqual(content);
    expect([stuck.ended, sink.ended]).toEqual(['aborted', 'finished']);
  });

  test('is not begun when it is not wanted any more', async () => {
    const lab = new Lab();
    await lab.connect();
    const sent = lab
      .node('n1')
      .sendBlob(blob, new MemorySource(content), AbortSignal.abort(new Error('over')));
    expect(await rejection(sent)).toMatchObject({ message: 'over' });
  });
});

describe('a node with members that nobody wants', () => {
  const members = [{ member: M, master: id('e'), state: 'running' as const, incarnation: 0 }];

  test('is not idle until its agent has confirmed that they are gone, and then says so', async () => {
    const lab = new Lab();
    const confirmed = Promise.withResolvers<Record<string, never>>();
    const states: string[] = [];
    lab.registry.onChange(() => states.push(lab.node('n1').state));
    const agent = await lab.connect({ members, handlers: { 'member.forget': () => confirmed.promise } });
    expect(agent.asked).toEqual(['member.forget 1111']);
    expect(lab.node('n1').state).toBe('reserved');
    confirmed.resolve({});
    await settled();
    expect(states).toEqual(['reserved', 'idle']);
  });

  test('is idle when its agent comes back without them', async () => {
    const lab = new Lab();
    const agent = await lab.connect({ members, handlers: { 'member.forget': never } });
    await agent.cut();
    const states: string[] = [];
    lab.registry.onChange(() => states.push(lab.node('n1').state));
    await lab.connect();
    expect(states).toEqual(['idle']);
  });

  test('is told again on the next connection while it still has them', async () => {
    const lab = new Lab();
    const first = await lab.connect({ members, handlers: { 'member.forget': never } });
    await first.cut();
    const second = lab.dial({ members });
    expect(await second.hello()).toMatchObject({ giveUp: [M] });
    await settled();
    expect(second.asked).toEqual(['member.forget 1111']);
    expect(lab.node('n1').state).toBe('idle');
  });

  test('that is away when it shall forget one is not idle when it comes back with it', async () => {
    const lab = new Lab();
    const agent = await lab.connect();
    await agent.cut();
    lab.node('n1').forget(M);
    const back = await lab.connect({
      members: [{ member: M, master: id('f'), state: 'ended', incarnation: 0 }],
      handlers: { 'member.forget': never },
    });
    expect(back.asked).toEqual(['member.forget 1111']);
    expect(lab.node('n1').state).toBe('reserved');
  });

  test('is freed once when the last of several is gone', async () => {
    const lab = new Lab();
    let freed = 0;
    await lab.connect();
    lab.registry.onChange(() => {
      freed += 1;
    });
    lab.node('n1').forget(id('1'));
    lab.node('n1').forget(id('2'));
    await settled();
    expect(freed).toBe(1);
  });
});

test('a node tells its state', async () => {
  const lab = new Lab();
  const agent = await lab.connect();
  const node = lab.node('n1');
  expect(node.state).toBe('idle');
  node.holder = 1;
  expect(node.state).toBe('reserved');
  node.busy = true;
  expect(node.state).toBe('running');
  await agent.cut();
  expect(node.state).toBe('unreachable');
  node.holder = undefined;
  expect(node.state).toBe('offline');
});
