import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { explain } from '../../src/scheduler/explain.ts';
import { explanationInWords, waitsFor } from '../../src/scheduler/explain-words.ts';
import { inTurn } from '../../src/scheduler/order.ts';
import { pass } from '../../src/scheduler/pass.ts';
import { canBeFilled, HOUR, machines, need, node, queue, queued, simulate } from './lab.ts';

const settings = { ageing: 1, backfill: false };
const MINUTE = HOUR / 60;

describe('an explanation', () => {
  test('says who holds what a run waits for, since when, and when it starts at the latest', () => {
    const now = 2 * HOUR;
    const nodes = [
      node('n1', ['gpu'], { held: { run: 7, since: HOUR, until: now + 20 * MINUTE } }),
      node('n2', ['gpu'], { held: { run: 8, since: HOUR, until: now + 3 * HOUR } }),
      node('n3', ['gpu'], { out: { why: 'quarantined', reason: 'its prepare failed', since: HOUR } }),
      node('n4', [], {}),
    ];
    const run = queued(9, [need('server', 1, 'gpu'), need('client', 1)], { submitted: HOUR });
    const explanation = explain({ queue: [run], nodes, now, settings }, 9);
    expect(explanation).toEqual({
      at: 'waiting',
      run: 9,
      since: HOUR,
      before: 0,
      shortage: {
        needs: [need('server', 1, 'gpu')],
        wanted: 1,
        matching: 3,
        free: 0,
        others: [
          { node: 'n1', why: 'held', run: 7, since: HOUR, until: now + 20 * MINUTE },
          { node: 'n2', why: 'held', run: 8, since: HOUR, until: now + 3 * HOUR },
          { node: 'n3', why: 'quarantined', reason: 'its prepare failed', since: HOUR },
        ],
      },
      possible: true,
      latest: now + 20 * MINUTE,
    });
    expect(explanation && explanationInWords(explanation, now)).toEqual([
      'run 9 has waited for 60 min; the first in the queue',
      'it needs 1 node (server where "gpu" in labels); 3 match, 0 are free',
      '  n1 is held by run 7 for 60 min, 20 min more at most',
      '  n2 is held by run 8 for 60 min, 3 h more at most',
      '  n3 is quarantined for 60 min: its prepare failed',
      'it starts in 20 min at the latest',
    ]);
    if (explanation?.at !== 'waiting') throw new Error('it does not wait');
    expect(waitsFor(explanation)).toBe('needs 1 node (server where "gpu" in labels); 3 match, 0 are free');
  });

  test('says that a machine is kept for an older run', () => {
    const nodes = [node('n1', ['gpu'], { held: { run: 7, since: 0, until: HOUR } }), node('n2')];
    const runs = [queued(1, [need('gpu', 1, 'gpu'), need('x', 1)]), queued(2, [need('x', 2)])];
    expect(explain({ queue: runs, nodes, now: 9, settings }, 2)).toMatchObject({
      before: 1,
      shortage: {
        wanted: 2,
        matching: 2,
        free: 0,
        others: [
          { node: 'n2', why: 'kept', run: 1 },
          { node: 'n1', why: 'held', run: 7 },
        ],
      },
      latest: 2 * HOUR,
    });
  });

  test('names together the roles that share too few machines', () => {
    const nodes = [node('n1', ['a', 'b']), node('n2')];
    const run = queued(1, [need('first', 1, 'a'), need('second', 1, 'b'), need('third', 1)]);
    expect(explain({ queue: [run], nodes, now: 9, settings }, 1)).toMatchObject({
      shortage: { needs: [need('first', 1, 'a'), need('second', 1, 'b')], wanted: 2, matching: 1, free: 1 },
      possible: false,
    });
  });

  test('knows no latest start while a holder has no time limit, and none when machines are out of service', () => {
    const run = queued(1, [need('x', 1)]);
    const words = (nodes: ReturnType<typeof node>[]) => {
      const explanation = explain({ queue: [run], nodes, now: 9, settings }, 1);
      return explanation && explanationInWords(explanation, 9).slice(2);
    };
    expect(words([node('n1', [], { held: { run: 7, since: 0 } })])).toEqual([
      '  n1 is held by run 7 for 0 s, without a time limit',
      'nobody can say when it starts at the latest: somebody before it has no time limit',
    ]);
    expect(
      words([node('n1', [], { held: { since: 0 } }), node('n2', [], { out: { why: 'maintenance' } })]),
    ).toEqual([
      '  n1 has to end what its last run left, for 0 s now',
      '  n2 is in maintenance',
      'nobody can say when it starts at the latest: somebody before it has no time limit',
    ]);
    expect(words([node('n1', [], { out: { why: 'drained', since: 9 } })])).toEqual([
      '  n1 is drained for 0 s',
      'it cannot start: the machines in service do not suffice; bring back some of those above, or cancel it',
    ]);
  });

  test('of a run that starts says on what, and of one that is not queued nothing', () => {
    const input = { queue: [queued(1, [need('x', 1)])], nodes: [node('n1')], now: 9, settings };
    const explanation = explain(input, 1);
    expect(explanation && explanationInWords(explanation, 9)).toEqual(['run 1 starts on n1']);
    expect(explain(input, 2)).toBeUndefined();
  });
});

describe('every explanation', () => {
  const either = fc.constantFrom(settings, { ageing: 1, backfill: true });
  const shares = fc.array(fc.double({ min: 0.1, max: 1, noNaN: true }), { minLength: 8, maxLength: 8 });

  test('agrees with the pass, and its shortage really is one', () => {
    fc.assert(
      fc.property(machines, queue, either, (pool, runs, set) => {
        simulate(pool, runs, set, undefined, (input) => {
          const starts = pass(input);
          for (const { run, needs } of input.queue) {
            const explanation = explain(input, run);
            const start = starts.find((other) => other.run === run);
            expect(explanation?.at).toBe(start === undefined ? 'waiting' : 'starting');
            if (explanation?.at !== 'waiting') continue;
            const { shortage, possible } = explanation;
            expect(shortage.free).toBeLessThan(shortage.wanted);
            expect(shortage.others).toHaveLength(shortage.matching - shortage.free);
            expect(possible).toBe(canBeFilled(needs, pool));
          }
        });
      }),
    );
  });

  test('keeps its word: whatever ends early, the run has started by then', () => {
    fc.assert(
      fc.property(machines, queue, shares, either, (pool, runs, share, set) => {
        const promised = new Map<number, number>();
        const turns = inTurn(runs, 1).map(({ run }) => run);
        const taken = ({ run, longest = HOUR }: (typeof runs)[0]) => longest * (share[run - 1] ?? 1);
        const begun = simulate(pool, runs, set, taken, (input) => {
          for (const { run } of input.queue) {
            const before = turns.slice(0, turns.indexOf(run));
            const known = before.every((other) => (runs[other - 1]?.submitted ?? 0) <= input.now);
            const explanation = explain(input, run);
            if (explanation?.at !== 'waiting' || !explanation.possible || !known) continue;
            expect(explanation.latest).toBeDefined();
            promised.set(run, Math.min(promised.get(run) ?? Infinity, explanation.latest ?? Infinity));
          }
        });
        for (const [run, latest] of promised) expect(begun.get(run)?.at).toBeLessThanOrEqual(latest);
      }),
      { numRuns: 500 },
    );
  });
});
