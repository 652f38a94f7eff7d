import { describe, expect, test } from 'vitest';
import { FakeClock, settled } from '../src/fake-clock.ts';

function setUp() {
  const clock = new FakeClock({ monotonicMs: 0, wallMs: 1000 });
  const fired: [string, number][] = [];
  const after = (ms: number, name: string) => clock.after(ms, () => fired.push([name, clock.monotonicMs()]));
  return { clock, fired, after };
}

describe('advance', () => {
  test('fires timers in the order of their times, those of one instant in the order they were set', () => {
    const { clock, fired, after } = setUp();
    after(20, 'late');
    after(10, 'first');
    after(10, 'second');
    after(30, 'beyond');
    clock.advance(29);
    expect(fired).toEqual([
      ['first', 10],
      ['second', 10],
      ['late', 20],
    ]);
    expect([clock.monotonicMs(), clock.timers, clock.nextIn]).toEqual([29, 1, 1]);
  });

  test('fires what timers set when it falls due in the same move', () => {
    const { clock, fired, after } = setUp();
    clock.after(10, () => {
      after(5, 'inner');
      after(0, 'at once');
      after(100, 'later');
    });
    clock.advance(20);
    expect(fired).toEqual([
      ['at once', 10],
      ['inner', 15],
    ]);
  });

  test('does not fire what was taken back, also by an earlier timer', () => {
    const { clock, fired, after } = setUp();
    const cancel = after(20, 'cancelled');
    after(30, 'kept');
    clock.after(10, cancel);
    clock.advance(40);
    cancel();
    expect(fired).toEqual([['kept', 30]]);
    expect([clock.timers, clock.nextIn]).toEqual([0, undefined]);
  });

  test('fails instead of hanging when timers of 0 ms set one another for ever', () => {
    const { clock } = setUp();
    const again = () => void clock.after(0, again);
    again();
    expect(() => clock.advance(1)).toThrow('for ever');
  });

  test('does not go backwards', () => {
    expect(() => setUp().clock.advance(-1)).toThrow(RangeError);
  });
});

test('pass lets promises settle before, between and after the timers', async () => {
  const { clock, fired, after } = setUp();
  void Promise.resolve().then(() => after(10, 'set by a promise'));
  clock.after(10, () => {
    void settled().then(() => after(10, 'set after a timer'));
  });
  await clock.pass(20);
  expect(fired).toEqual([
    ['set by a promise', 10],
    ['set after a timer', 20],
  ]);
});

test('stall fires once, late, what fell due while the process stood still', () => {
  const { clock, fired, after } = setUp();
  after(10, 'due');
  clock.after(20, () => after(10, 'set late'));
  clock.stall(100);
  expect(fired).toEqual([['due', 100]]);
  clock.advance(10);
  expect(fired.at(-1)).toEqual(['set late', 110]);
});

test('the wall clock goes along, and a step of it moves nothing else', () => {
  const { clock, fired, after } = setUp();
  after(10, 'timer');
  clock.advance(5);
  clock.stepWall(-86_400_000);
  expect([clock.monotonicMs(), clock.wallMs()]).toEqual([5, 1005 - 86_400_000]);
  expect(fired).toEqual([]);
  clock.advance(5);
  expect(fired).toEqual([['timer', 10]]);
});
