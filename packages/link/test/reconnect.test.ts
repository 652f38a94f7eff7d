import { ERROR_CODES, type ErrorCode, TuttiError } from '@tutti/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  backoffCapMs,
  INITIAL,
  isPermanent,
  type LinkEvent,
  type LinkState,
  next,
} from '../src/reconnect.ts';

const transient = new TuttiError('NOT_CONNECTED', 'gone');
const permanent = new TuttiError('WRONG_TOKEN', 'not yours');

const lost = (error: TuttiError, random = 0.5): LinkEvent => ({ type: 'lost', error, random });

const event: fc.Arbitrary<LinkEvent> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<LinkEvent>({ type: 'dial' }) },
  { weight: 2, arbitrary: fc.constant<LinkEvent>({ type: 'opened' }) },
  {
    weight: 6,
    arbitrary: fc
      .double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
      .map((random) => lost(transient, random)),
  },
  { weight: 1, arbitrary: fc.constant<LinkEvent>(lost(permanent)) },
  { weight: 1, arbitrary: fc.constant<LinkEvent>({ type: 'stop' }) },
);
const events = fc.array(event, { maxLength: 60 });

/** Every state on the way, the first included. */
function walk(list: LinkEvent[]): { event: LinkEvent | undefined; state: LinkState }[] {
  const steps: { event: LinkEvent | undefined; state: LinkState }[] = [{ event: undefined, state: INITIAL }];
  for (const one of list) {
    const last = steps.at(-1)!;
    steps.push({ event: one, state: next(last.state, one) });
  }
  return steps;
}

describe('after any sequence of events', () => {
  test('refused and stopped are for ever', () => {
    fc.assert(
      fc.property(events, events, (before, after) => {
        const reached = walk(before).at(-1)!.state;
        fc.pre(reached.at === 'refused' || reached.at === 'stopped');
        for (const { state } of after.map((one) => ({ state: next(reached, one) })))
          expect(state).toBe(reached);
      }),
    );
  });

  test('only a permanent failure refuses, only stop stops, only opened opens, and only dial dials', () => {
    fc.assert(
      fc.property(events, (list) => {
        const steps = walk(list);
        steps.slice(1).forEach(({ event: one, state }, index) => {
          const before = steps[index]!.state;
          if (state === before) return;
          const cause = {
            waiting: 'lost',
            dialing: 'dial',
            open: 'opened',
            refused: 'lost',
            stopped: 'stop',
          };
          expect(one?.type).toBe(cause[state.at]);
          if (one?.type === 'lost') expect(state.at === 'refused').toBe(isPermanent(one.error.code));
          if (state.at === 'open') expect(before.at).toBe('dialing');
        });
      }),
    );
  });

  test('a wait is within 0 … min(5 s, 0.25 s · 2ⁿ), n being the failures since it was last open', () => {
    fc.assert(
      fc.property(events, (list) => {
        let failures = 0;
        const steps = walk(list);
        steps.slice(1).forEach(({ state }, index) => {
          if (state === steps[index]!.state) return;
          if (state.at === 'open') failures = 0;
          if (state.at !== 'waiting') return;
          expect(state.delayMs).toBeGreaterThanOrEqual(0);
          expect(state.delayMs).toBeLessThanOrEqual(Math.min(5000, 250 * 2 ** failures));
          failures += 1;
          expect(state.attempt).toBe(failures);
        });
      }),
    );
  });
});

describe('each event in each state', () => {
  const waiting: LinkState = { at: 'waiting', attempt: 3, delayMs: 10 };
  const dialing: LinkState = { at: 'dialing', attempt: 3 };
  const open: LinkState = { at: 'open' };
  const refused: LinkState = { at: 'refused', error: permanent };
  const stopped: LinkState = { at: 'stopped' };
  const dial: LinkEvent = { type: 'dial' };
  const opened: LinkEvent = { type: 'opened' };
  const stop: LinkEvent = { type: 'stop' };
  const table: [LinkState, LinkEvent, LinkState][] = [
    [waiting, dial, dialing],
    [waiting, opened, waiting],
    [waiting, lost(transient), waiting],
    [waiting, lost(permanent), waiting],
    [waiting, stop, stopped],
    [dialing, dial, dialing],
    [dialing, opened, open],
    [dialing, lost(transient), { at: 'waiting', attempt: 4, delayMs: 1000, error: transient }],
    [dialing, lost(permanent), refused],
    [dialing, stop, stopped],
    [open, dial, open],
    [open, opened, open],
    [open, lost(transient), { at: 'waiting', attempt: 1, delayMs: 125, error: transient }],
    [open, lost(permanent), refused],
    [open, stop, stopped],
    ...[dial, opened, lost(transient), lost(permanent), stop].flatMap(
      (one): [LinkState, LinkEvent, LinkState][] => [
        [refused, one, refused],
        [stopped, one, stopped],
      ],
    ),
  ];
  for (const [from, one, to] of table) {
    const what = one.type === 'lost' ? `lost (${one.error.code})` : one.type;
    test(`${from.at} + ${what} is ${to.at}`, () => {
      expect(next(from, one)).toEqual(to);
    });
  }
});

test('the cap of the back-off doubles from 0.25 s to 5 s and stays there', () => {
  expect([0, 1, 2, 3, 4, 5, 6, 5000].map(backoffCapMs)).toEqual([
    250, 500, 1000, 2000, 4000, 5000, 5000, 5000,
  ]);
});

test('permanent is what repeating cannot mend, and never what the table of errors calls worth a retry', () => {
  const all: ErrorCode[] = ERROR_CODES.filter(isPermanent);
  expect(all.toSorted()).toEqual([
    'BAD_ADDRESS',
    'CLONED_IDENTITY',
    'NAME_IN_USE',
    'PROTOCOL_MISMATCH',
    'SUPERSEDED',
    'WRONG_TOKEN',
  ]);
  expect(all.filter((code) => new TuttiError(code, '').retry)).toEqual([]);
});
