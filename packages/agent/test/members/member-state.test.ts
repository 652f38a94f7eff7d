import type { StopReason } from '@tutti/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type MemberAction,
  type MemberInput,
  type MemberState,
  type Step,
  step,
} from '../../src/members/member-state.ts';

const prepared: MemberState = { at: 'prepared' };
const exited = { how: 'exited', code: 0 } as const;

/** All inputs one after another, with everything that was to be done. */
function run(inputs: readonly MemberInput[], from: MemberState = prepared): Step {
  let state = from;
  const actions: MemberAction[] = [];
  for (const input of inputs) {
    const next = step(state, input);
    state = next.state;
    actions.push(...next.actions);
  }
  return { state, actions };
}

test('the ordinary life', () => {
  const { state, actions } = run([
    { is: 'start' },
    { is: 'wrapper-gone', exit: exited },
    { is: 'tree-gone', survivors: 0 },
    { is: 'drained' },
  ]);
  expect(state).toEqual({ at: 'ending', exit: exited, stop: undefined, survivors: 0 });
  expect(actions.map((each) => each.do)).toEqual(['spawn', 'watch-tree', 'drain', 'record-end']);
});

test('the ladder climbs one rung at a time, and survivors are counted at its end', () => {
  const { state, actions } = run([
    { is: 'start' },
    { is: 'stop', reason: 'timeout' },
    { is: 'rung-over' },
    { is: 'wrapper-gone', exit: { how: 'signalled', signal: 'SIGKILL' } },
    { is: 'rung-over' },
    { is: 'tree-gone', survivors: 2 },
  ]);
  expect(actions.map((each) => each.do)).toEqual([
    'spawn',
    'record-stop',
    'terminate',
    'time-rung',
    'kill',
    'time-rung',
    'watch-tree',
    'count-survivors',
    'drain',
  ]);
  expect(state).toMatchObject({ at: 'draining', stop: 'timeout', survivors: 2 });
});

test('what a script leaves behind gets the whole ladder, and that is no stop', () => {
  const { state, actions } = run([
    { is: 'start' },
    { is: 'wrapper-gone', exit: exited },
    { is: 'tree-left' },
    { is: 'rung-over' },
    { is: 'tree-gone', survivors: 0 },
  ]);
  expect(actions.map((each) => each.do)).toEqual([
    'spawn',
    'watch-tree',
    'terminate',
    'time-rung',
    'kill',
    'time-rung',
    'drain',
  ]);
  expect(state).toMatchObject({ at: 'draining', exit: exited, stop: undefined });
});

test('a wrapper that survives everything does not keep the member from ending', () => {
  const over: MemberInput = { is: 'rung-over' };
  const { state, actions } = run([{ is: 'start' }, { is: 'stop', reason: 'cancelled' }, over, over, over]);
  expect(actions.slice(-3).map((each) => each.do)).toEqual(['kill-wrapper', 'time-rung', 'count-survivors']);
  expect(step(state, { is: 'tree-gone', survivors: 1 }).state).toMatchObject({
    at: 'draining',
    exit: { how: 'killed' },
  });
});

test('a stop after the script has ended by itself is not why it ended', () => {
  const { state } = run([
    { is: 'start' },
    { is: 'wrapper-gone', exit: exited },
    { is: 'stop', reason: 'timeout' },
  ]);
  expect(state).toMatchObject({ at: 'clearing', stop: undefined });
});

const REASONS: StopReason[] = ['test-over', 'timeout', 'cancelled', 'given-up'];
const anyInput: fc.Arbitrary<MemberInput> = fc.oneof(
  fc.constantFrom<MemberInput>(
    { is: 'start' },
    { is: 'tree-left' },
    { is: 'tree-gone', survivors: 0 },
    { is: 'tree-gone', survivors: 3 },
    { is: 'rung-over' },
    { is: 'drained' },
    { is: 'reboot', byScript: true },
    { is: 'reboot', byScript: false },
    { is: 'not-rebooted', message: 'it is still up' },
    { is: 'not-started', message: 'no' },
    { is: 'wrapper-gone', exit: exited },
    { is: 'wrapper-gone', exit: { how: 'killed' } },
  ),
  fc.constantFrom(...REASONS).map((reason): MemberInput => ({ is: 'stop', reason })),
);
const ORDER = ['prepared', 'running', 'clearing', 'draining', 'rebooting', 'ending', 'ended'];

test('whatever happens in whatever order: it goes only forward, starts once, ends once, keeps the first reason', () => {
  fc.assert(
    fc.property(fc.array(anyInput, { maxLength: 40 }), (inputs) => {
      let state: MemberState = prepared;
      let reason: StopReason | undefined;
      const done: MemberAction[] = [];
      for (const input of inputs) {
        const before = state;
        const next = step(state, input);
        state = next.state;
        done.push(...next.actions);
        expect(ORDER.indexOf(state.at)).toBeGreaterThanOrEqual(ORDER.indexOf(before.at));
        if ('stop' in before && before.stop !== undefined && 'stop' in state)
          expect(state.stop).toBe(before.stop);
        if ('stop' in state) reason ??= state.stop;
      }
      for (const once of ['spawn', 'record-stop', 'record-end', 'watch-tree', 'drain'] as const) {
        expect(done.filter((each) => each.do === once).length).toBeLessThanOrEqual(1);
      }
      // SIGTERM always comes before SIGKILL.
      const kill = done.findIndex((each) => each.do === 'kill');
      if (kill >= 0) expect(done.findIndex((each) => each.do === 'terminate')).toBeLessThan(kill);
      const recorded = done.find((each) => each.do === 'record-end');
      if (recorded !== undefined) expect(recorded).toMatchObject({ stop: reason });
    }),
    { numRuns: 2000 },
  );
});

test('from every state the end is reached when what was asked for comes', () => {
  fc.assert(
    fc.property(fc.array(anyInput, { maxLength: 20 }), fc.boolean(), (inputs, wrapperDies) => {
      let { state } = run([{ is: 'start' }, ...inputs, { is: 'stop', reason: 'cancelled' }]);
      const answers: MemberInput[] = [
        { is: 'rung-over' },
        ...(wrapperDies ? [{ is: 'wrapper-gone', exit: { how: 'killed' } } as const] : []),
        { is: 'rung-over' },
        { is: 'rung-over' },
        { is: 'rung-over' },
        { is: 'tree-gone', survivors: 1 },
        { is: 'drained' },
        { is: 'not-rebooted', message: 'it is still up' },
      ];
      for (const answer of answers) state = step(state, answer).state;
      expect(state.at).toBe('ending');
    }),
    { numRuns: 2000 },
  );
});

test('a member that outlives its script ends with it, and what it left is not touched', () => {
  const { state, actions } = run([
    { is: 'start' },
    { is: 'wrapper-gone', exit: exited, outlived: true },
    { is: 'stop', reason: 'test-over' },
    { is: 'drained' },
  ]);
  expect(state).toEqual({ at: 'ending', exit: exited, stop: undefined, survivors: 0 });
  expect(actions.map((each) => each.do)).toEqual(['spawn', 'settle', 'record-end']);
});

test('one that is being stopped, or reboots, leaves nothing', () => {
  for (const input of [
    { is: 'stop', reason: 'cancelled' },
    { is: 'reboot', byScript: true },
  ] as const) {
    const { state } = run([{ is: 'start' }, input, { is: 'wrapper-gone', exit: exited, outlived: true }]);
    expect(state.at).toBe('clearing');
  }
});
