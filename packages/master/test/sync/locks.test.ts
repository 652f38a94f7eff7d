import { describe, expect, test } from 'vitest';
import { Stage } from './players.ts';

const DISK = { name: 'disk' };
const lock = (stage: Stage, member: string, args: object = {}) =>
  stage.ask(member, 'lock', { ...DISK, ...args });
const unlock = (stage: Stage, member: string) => stage.answer(stage.ask(member, 'unlock', DISK));

describe('a lock', () => {
  test('is given to one at a time, first come, first served', () => {
    const stage = new Stage({ client: 3 });
    const asked = ['client.0', 'client.2', 'client.1'].map((member) => lock(stage, member));
    expect(stage.answers(...asked)).toEqual([{}, undefined, undefined]);
    expect(unlock(stage, 'client.0')).toEqual({});
    expect(stage.answers(...asked)).toEqual([{}, {}, undefined]);
    expect(unlock(stage, 'client.2')).toEqual({});
    expect(stage.answers(...asked)).toEqual([{}, {}, {}]);
  });

  test('with slots is given to so many', () => {
    const stage = new Stage({ client: 3 });
    const asked = [0, 1, 2].map((n) => lock(stage, `client.${n}`, { slots: 2 }));
    expect(stage.answers(...asked)).toEqual([{}, {}, undefined]);
    unlock(stage, 'client.1');
    expect(stage.answer(asked[2]!)).toEqual({});
  });

  test('fails at once for who holds it, and for who waits for it', () => {
    const stage = new Stage({ client: 2 });
    lock(stage, 'client.0');
    lock(stage, 'client.1');
    expect(stage.answers(lock(stage, 'client.0'), lock(stage, 'client.1'))).toEqual([
      { code: 'ALREADY_HELD', message: 'client.0 holds lock "disk" already; unlock it first' },
      { code: 'ALREADY_HELD', message: 'client.1 waits for lock "disk" already' },
    ]);
  });

  test('fails for who says another number of slots, for good', () => {
    const stage = new Stage({ client: 2 });
    lock(stage, 'client.0', { slots: 2 });
    unlock(stage, 'client.0');
    expect(stage.answer(lock(stage, 'client.1'))).toEqual({
      code: 'LOCK_DISAGREEMENT',
      message: 'lock "disk": client.1 says 1 slot, but client.0 said 2 slots',
    });
    expect(stage.answer(lock(stage, 'client.1', { slots: 2 }))).toEqual({});
  });

  test('can be unlocked by who holds it alone', () => {
    const stage = new Stage({ client: 2 });
    expect(unlock(stage, 'client.1')).toEqual({
      code: 'NOT_HELD',
      message: 'client.1 does not hold lock "disk"',
    });
    lock(stage, 'client.0');
    expect(unlock(stage, 'client.1')).toEqual({
      code: 'NOT_HELD',
      message: 'client.1 does not hold lock "disk"; held by client.0 on n1: running',
    });
  });

  test('goes to the next when its holder ends', () => {
    const stage = new Stage({ client: 3 });
    const asked = [0, 1, 2].map((n) => lock(stage, `client.${n}`));
    stage.leave('client.1');
    stage.leave('client.0');
    expect(stage.answers(...asked)).toEqual([
      {},
      { code: 'CANCELLED', message: 'client.1 exited with status 1' },
      {},
    ]);
  });

  test('is never handed on when its holder is lost: who waits, now or later, is told', () => {
    const stage = new Stage({ client: 3 });
    const asked = [0, 1].map((n) => lock(stage, `client.${n}`));
    stage.lose('client.0');
    const told = {
      code: 'WAIT_BROKEN',
      message:
        'lock "disk" is never handed on, because what held it may still be at work: held by client.0 on n1: was lost',
    };
    expect(stage.answers(asked[1]!, lock(stage, 'client.2'))).toEqual([told, told]);
    expect(stage.space.toldOfBreak('client.1')).toEqual({ culprit: 'client.0', message: told.message });
  });

  test('of which one slot is lost goes round with the others', () => {
    const stage = new Stage({ client: 4 });
    const asked = [0, 1, 2].map((n) => lock(stage, `client.${n}`, { slots: 2 }));
    stage.lose('client.0');
    expect(stage.answer(asked[2]!)).toBeUndefined();
    unlock(stage, 'client.1');
    expect(stage.answer(asked[2]!)).toEqual({});
    const last = lock(stage, 'client.3', { slots: 2 });
    stage.lose('client.2');
    expect(stage.answer(last)).toMatchObject({ code: 'WAIT_BROKEN' });
  });

  test('that was withdrawn from is not given', () => {
    const stage = new Stage({ client: 3 });
    const asked = [0, 1, 2].map((n) => lock(stage, `client.${n}`));
    stage.withdraw(asked[1]!);
    unlock(stage, 'client.0');
    expect(stage.answers(...asked)).toEqual([{}, undefined, {}]);
  });
});

test('a wait for a lock times out, and says who holds it', () => {
  const stage = new Stage({ client: 2 });
  lock(stage, 'client.0');
  const waiting = lock(stage, 'client.1');
  stage.now = 2;
  stage.timeOut(waiting);
  expect(stage.answer(waiting)).toEqual({
    code: 'TIMED_OUT',
    message: 'lock "disk" was not free within 2.0 s; held by client.0 on n1: running',
  });
});

test('a wait for a lock is among the waits, with who holds it', () => {
  const stage = new Stage({ client: 2 });
  lock(stage, 'client.0');
  lock(stage, 'client.1');
  expect(stage.space.waits()).toEqual([
    { member: 'client.1', on: 'lock "disk"', since: 0, missing: ['client.0'], needs: 1 },
  ]);
});
