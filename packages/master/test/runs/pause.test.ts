/** What time is while a test is paused, and which pause is meant. */
import { TuttiError } from '@tutti/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AttemptRun, TestRun } from '../../src/runs/model.ts';
import {
  endInWords,
  type Pause,
  pausedNamed,
  restOf,
  secondsLeft,
  someStoodStill,
  stoodStill,
} from '../../src/runs/pause.ts';
import { testRun, testSpec } from './a-test.ts';

const ms = fc.integer({ min: 0, max: 100_000 });
const spans = fc.tuple(ms, ms).map(([a, b]) => ({ since: Math.min(a, b), ended: Math.max(a, b) }));

function pause(more: Partial<Pause> = {}): Pause {
  return { cause: 'client.0 on n2 exited with status 1', since: 1000, until: 901_000, frozen: [], ...more };
}

describe('time that stands still', () => {
  test('of one pause is what the interval and the pause have in common, however they lie', () => {
    fc.assert(
      fc.property(spans, ms, ms, (one, a, b) => {
        const [from, to] = [Math.min(a, b), Math.max(a, b)];
        let counted = 0;
        for (let at = from; at < to; at += 1) if (at >= one.since && at < one.ended) counted += 1;
        expect(stoodStill(one, from, to)).toBe(counted);
      }),
      { numRuns: 30 },
    );
  });

  test('of several is counted once where they overlap', () => {
    const small = fc.integer({ min: 0, max: 60 });
    const some = fc.array(
      fc.record({ since: small, length: small, lasts: fc.boolean() }).map(({ since, length, lasts }) => ({
        since,
        ...(lasts ? {} : { ended: since + length }),
      })),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(some, small, small, (pauses, a, b) => {
        const [from, to] = [Math.min(a, b), Math.max(a, b)];
        let counted = 0;
        for (let at = from; at < to; at += 1)
          if (pauses.some((each) => at >= each.since && at < (each.ended ?? Infinity))) counted += 1;
        expect(someStoodStill(pauses, from, to)).toBe(counted);
      }),
    );
  });

  test('what has some time has as much when the pause ends as when it began, at whatever moments it is asked', () => {
    fc.assert(
      fc.property(
        fc.record({
          started: ms,
          timeout: fc.integer({ min: 1, max: 1000 }),
          begins: ms,
          lasts: ms,
          may: ms,
        }),
        ({ started, timeout, begins, lasts, may }) => {
          const since = started + begins;
          const what = { timeout, started };
          const before = secondsLeft(what, undefined, since);
          const going = pause({ since, until: since + may });
          const during = since + Math.min(lasts, may);
          // Whoever times it elsewhere is told what is left, and what is left of the pause.
          expect(secondsLeft(what, going, during)).toBeCloseTo(before + restOf(going, during) / 1000, 6);
          const over = pause({ since, until: since + may, ended: during, how: 'continue' });
          expect(secondsLeft(what, over, during)).toBeCloseTo(before, 6);
          // From then on it passes as ever.
          const later = secondsLeft(what, over, during + 500);
          expect(later).toBeCloseTo(Math.max(0, before - 0.5), 6);
        },
      ),
    );
  });

  test('what began during the pause has lost nothing when it ends', () => {
    const over = pause({ since: 1000, ended: 9000, how: 'continue' });
    expect(secondsLeft({ timeout: 10, started: 5000 }, over, 9000)).toBe(10);
    expect(secondsLeft({ timeout: 10, started: 5000 }, over, 12_000)).toBe(7);
  });

  test('no rest is left of one that is over, nor less than none', () => {
    expect(restOf(pause(), 1000)).toBe(900_000);
    expect(restOf(pause(), 1_000_000)).toBe(0);
    expect(restOf(pause({ ended: 2000, how: 'retry' }), 2000)).toBe(0);
    expect(restOf(undefined, 0)).toBe(0);
  });
});

describe('which pause is meant', () => {
  function paused(name: string, ...pauses: Pause[]): TestRun {
    const one = testRun({ ...testSpec([]), name });
    one.attempts = pauses.map((each, n) => ({ n: n + 1, pause: each }) as AttemptRun);
    return one;
  }
  const why = (work: () => unknown): string => {
    try {
      work();
    } catch (error) {
      return `${TuttiError.from(error).code}: ${TuttiError.from(error).message}`;
    }
    return 'nothing';
  };

  test('the only one, or that of the name', () => {
    const [a, b] = [paused('a', pause()), paused('b', pause())];
    expect(pausedNamed({ number: 7, tests: [a] }, undefined)).toBe(a);
    expect(pausedNamed({ number: 7, tests: [a, b] }, 'b')).toBe(b);
    expect(why(() => pausedNamed({ number: 7, tests: [a, b] }, undefined))).toBe(
      'NOT_PAUSED: run 7 has 2 paused tests: say which; there is a, b',
    );
  });

  test('where there is none it is said what there was, and what there is', () => {
    const over = pause({ ended: 2000, how: 'retry', by: 'ann@desk', request: 'first' });
    expect(why(() => pausedNamed({ number: 7, tests: [paused('a')] }, undefined))).toBe(
      'NOT_PAUSED: no test of run 7 is paused',
    );
    expect(why(() => pausedNamed({ number: 7, tests: [paused('a', over)] }, 'a', 'second'))).toBe(
      'NOT_PAUSED: test "a" of run 7 is not paused, not any more: ann@desk asked for another attempt',
    );
    const tests = [paused('a', over), paused('b', pause())];
    expect(why(() => pausedNamed({ number: 7, tests }, 'a'))).toContain('; there is b');
    expect(why(() => pausedNamed({ number: 7, tests }, 'c'))).toBe(
      'NOT_PAUSED: run 7 has no test "c"; there is b',
    );
  });

  test('a decision that is asked for again is the same, also when another attempt has begun', () => {
    const over = pause({ ended: 2000, how: 'retry', request: 'first' });
    const tests = [paused('a', over, pause({ since: 3000 }))];
    expect(pausedNamed({ number: 7, tests }, 'a', 'first')).toBeUndefined();
    expect(pausedNamed({ number: 7, tests }, 'a', 'second')).toBe(tests[0]);
  });
});

test('how it ended is said in a sentence', () => {
  expect(endInWords(pause())).toBeUndefined();
  expect(endInWords(pause({ how: 'continue', by: 'ann@desk' }))).toBe('ann@desk had it go on');
  expect(endInWords(pause({ how: 'abort' }))).toBe('an operator aborted the run');
  expect(endInWords(pause({ how: 'deadline' }))).toBe('nobody decided within 15 min');
  expect(endInWords(pause({ how: 'deadline', until: 2500 }))).toBe('nobody decided within 1.5 s');
});
