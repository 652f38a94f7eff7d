import { connectedSessions, FakeClock, seededRandom, settled } from '@tutti/testkit';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ClockOffset } from '../src/clock-offset.ts';

/** Of rounding: readings are around 10¹² ms, where a double is good to about 10⁻⁴. */
const ROUNDING = 1e-3;

const delay = fc.double({ min: 0, max: 2000, noNaN: true });
const trips = fc.array(fc.record({ gap: delay, there: delay, back: delay }), { minLength: 1, maxLength: 40 });

/** Adds round trips to an estimate, `offset` being the truth. */
function observe(
  estimate: ClockOffset,
  list: { gap: number; there: number; back: number }[],
  offset: number,
): void {
  let now = 1_000_000;
  for (const { gap, there, back } of list) {
    now += gap;
    estimate.add(now, now + there + back, now + there + offset);
    now += there + back;
  }
}

describe('the estimate', () => {
  test('is within its uncertainty of the truth, whatever the delays in either direction', () => {
    fc.assert(
      fc.property(trips, fc.integer({ min: -1e12, max: 2e12 }), (list, offset) => {
        const estimate = new ClockOffset();
        observe(estimate, list, offset);
        const { value = Number.NaN, uncertainty = Number.NaN } = estimate;
        expect(Math.abs(value - offset)).toBeLessThanOrEqual(uncertainty + ROUNDING);
      }),
    );
  });

  test('is as certain as the fastest of the last 16 round trips allows, and no more', () => {
    fc.assert(
      fc.property(trips, (list) => {
        const estimate = new ClockOffset();
        observe(estimate, list, 0);
        const fastest = Math.min(...list.slice(-16).map(({ there, back }) => there + back));
        expect(estimate.uncertainty).toBeCloseTo(fastest / 2, 3);
      }),
    );
  });

  test('does not exist before the first round trip', () => {
    const estimate = new ClockOffset();
    expect([estimate.value, estimate.uncertainty]).toEqual([undefined, undefined]);
  });

  test('forgets a round trip after 16 later ones', () => {
    const estimate = new ClockOffset();
    estimate.add(0, 1, 500.5);
    for (let n = 0; n < 15; n += 1) estimate.add(100, 120, 910);
    expect(estimate.value).toBe(500);
    estimate.add(100, 120, 910);
    expect(estimate.value).toBe(800);
  });

  test('ignores answers from the future and answers that are no numbers', () => {
    const estimate = new ClockOffset();
    estimate.add(10, 9, 1000);
    estimate.add(Number.NaN, 9, 1000);
    expect(estimate.value).toBeUndefined();
  });
});

describe('a stepped wall clock', () => {
  const sessions = () => {
    const agentClock = new FakeClock({ monotonicMs: 5000, wallMs: 1_900_000_000_000 });
    const masterClock = new FakeClock({ monotonicMs: 777, wallMs: 1_900_000_000_500 });
    const network = new FakeClock();
    const random = seededRandom(1);
    const { dialled } = connectedSessions('agent', {
      clock: network,
      faults: { delayMs: () => Math.floor(random() * 50) },
      dialled: { clock: agentClock },
      master: { clock: masterClock },
    });
    const clocks = [network, agentClock, masterClock];
    const ping = async () => {
      dialled.ping();
      for (let ms = 0; ms < 120; ms += 1) {
        for (const clock of clocks) clock.advance(1);
        await settled();
      }
    };
    /** What the master's wall clock shows when the agent's monotonic clock shows nothing. */
    const truth = masterClock.wallMs() - agentClock.monotonicMs();
    return { dialled, agentClock, ping, truth };
  };

  test("of the agent's own machine changes nothing", async () => {
    const { dialled, agentClock, ping, truth } = sessions();
    for (let n = 0; n < 20; n += 1) {
      await ping();
      agentClock.stepWall(n % 2 === 0 ? 3_600_000 : -86_400_000);
      const { value = Number.NaN, uncertainty = Number.NaN } = dialled.offset;
      expect(Math.abs(value - truth)).toBeLessThanOrEqual(uncertainty);
    }
    expect(dialled.offset.uncertainty).toBeLessThan(25);
  });
});
