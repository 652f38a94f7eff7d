import { FakeClock } from '@tutti/testkit';
import { describe, expect, test } from 'vitest';
import { MasterClock } from '../src/master-clock.ts';

describe('master time', () => {
  test('goes on evenly when somebody sets the wall clock', () => {
    const clock = new FakeClock();
    const master = new MasterClock(clock);
    const before = master.wallMs();
    clock.stepWall(3_600_000);
    clock.advance(1500);
    expect(master.wallMs() - before).toBe(1500);
  });
});

describe("an agent's stamp", () => {
  /** An agent that booted 400 s after the master did, and knows so. */
  function lab() {
    const clock = new FakeClock();
    const master = new MasterClock(clock);
    const behind = 400_000;
    const offset = master.wallMs() - (clock.monotonicMs() - behind);
    return { clock, master, offset, stampOf: (ms: number) => ms - behind };
  }

  test('is mapped to the master’s clock by the offset the agent measured', () => {
    const { clock, master, offset, stampOf } = lab();
    const then = clock.monotonicMs();
    clock.advance(5000);
    expect(master.fromPeer(stampOf(then), offset)).toBeCloseTo(then, 6);
  });

  test('is the time it came while no offset is known', () => {
    const { clock, master } = lab();
    expect(master.fromPeer(12, undefined)).toBe(clock.monotonicMs());
  });

  test('is never ahead of its receipt, nor more than an hour behind', () => {
    const { clock, master, offset, stampOf } = lab();
    const now = clock.monotonicMs();
    expect(master.fromPeer(stampOf(now + 10_000), offset)).toBe(now);
    clock.advance(10 * 3_600_000);
    expect(master.fromPeer(stampOf(now), offset)).toBe(clock.monotonicMs() - 3_600_000);
  });
});
