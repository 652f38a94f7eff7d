import { eventually, rejection } from '@tutti/testkit';
import { describe, expect, test } from 'vitest';
import { withCare } from '../../src/agents/orders.ts';
import { MachineRules } from '../../src/machines/machine-rules.ts';
import { OperatorsPower } from '../../src/machines/operators-power.ts';
import type { Outcome } from '../../src/machines/run-command.ts';
import { id, Lab, quiet } from '../lab.ts';

async function aLab() {
  const lab = new Lab();
  await lab.connect({ name: 'n1' });
  const line = (run: string) => ({ run, timeoutMs: 1000 });
  const rules = new MachineRules('/', [{ power: { on: line('on'), off: line('off') } }]);
  const done: string[] = [];
  let answer: Promise<Outcome> | Outcome = { ok: true, tail: 'click\n' };
  const power = new OperatorsPower({
    registry: lab.registry,
    rules: () => rules,
    carryOut: async ({ run }) => {
      done.push(run);
      return answer;
    },
    log: quiet,
  });
  const change = (
    action: 'on' | 'off' | 'cycle',
    more: { request?: string; node?: string; force?: boolean } = {},
  ) => power.change({ request: id(String(done.length)), node: 'n1', action, force: false, ...more });
  return {
    ...{ lab, done, power, change },
    answers: (next: Promise<Outcome> | Outcome) => {
      answer = next;
    },
  };
}

describe('the power of a machine', () => {
  test('is changed by its commands, once for each request', async () => {
    const { change, done } = await aLab();
    expect(await change('cycle', { request: id('a') })).toBe('click\nclick\n');
    expect(await change('cycle', { request: id('a') })).toBe('click\nclick\n');
    expect(done).toEqual(['off', 'on']);
    expect(await change('on', { request: id('b') })).toBe('click\n');
  });

  test('of one that is not known, or in use, is left alone', async () => {
    const { lab, change, done } = await aLab();
    expect(await rejection(change('off', { node: 'n2', request: id('1') }))).toMatchObject({
      code: 'NO_SUCH_NODE',
    });
    lab.node('n1').holder = 7;
    expect(await rejection(change('off', { request: id('2') }))).toMatchObject({
      code: 'NODE_HELD',
      message: 'run 7 has n1',
    });
    lab.node('n1').holder = undefined;
    const care = { at: 'cycling', why: 'x', boot: 'b', since: 1, done: false } as const;
    lab.node('n1').orders = withCare({}, care);
    expect(await rejection(change('off', { request: id('3') }))).toMatchObject({
      message: 'the master is at something with n1',
    });
    expect(done).toEqual([]);
    expect(await change('off', { force: true, request: id('4') })).toBe('click\n');
  });

  test('is not changed twice at a time', async () => {
    const { change, answers } = await aLab();
    const ending = Promise.withResolvers<Outcome>();
    answers(ending.promise);
    const first = change('off', { request: id('1') });
    expect(await rejection(change('on', { request: id('2'), force: true }))).toMatchObject({
      code: 'NODE_HELD',
      message: 'the power of n1 is being changed at this moment',
    });
    ending.resolve({ ok: true, tail: '' });
    await first;
    await eventually(() => change('on', { request: id('3') }));
  });

  test('that cannot be changed says why, in the words of the command', async () => {
    const { change, answers } = await aLab();
    answers({ ok: false, why: 'did not end within 1 s', tail: '' });
    expect(await rejection(change('cycle', { request: id('1') }))).toMatchObject({
      code: 'COMMAND_FAILED',
      message: 'the command "power: cycle" of n1 did not end within 1 s',
    });
  });
});
