import { connectedSessions, FakeClock, settled } from '@tutti/testkit';
import { describe, expect, test } from 'vitest';
import { Heartbeat, type Pulse } from '../src/heartbeat.ts';
import type { Session } from '../src/session.ts';

class FakePulse implements Pulse {
  received = 0;
  sent = 0;
  /** When, after the start of the test. */
  readonly pings: number[] = [];
  readonly silences: { at: number; ms: number }[] = [];
  readonly #elapsed: () => number;

  constructor(elapsed: () => number) {
    this.#elapsed = elapsed;
  }

  ping(): void {
    this.sent += 1;
    this.pings.push(this.#elapsed());
  }

  silent(ms: number): void {
    this.silences.push({ at: this.#elapsed(), ms });
  }
}

function setUp() {
  const clock = new FakeClock();
  const start = clock.monotonicMs();
  const elapsed = () => clock.monotonicMs() - start;
  return { clock, elapsed, heartbeat: new Heartbeat(clock), newPulse: () => new FakePulse(elapsed) };
}

function watchSession(
  heartbeat: Heartbeat,
  session: Pulse & Pick<Session, 'onClosed'>,
  pings: boolean,
): void {
  heartbeat.watch(session, pings);
  session.onClosed(() => heartbeat.unwatch(session));
}

/** Lets time pass with a byte received every `every` ms. */
function live(clock: FakeClock, pulse: FakePulse, ms: number, every = 1000): void {
  for (let passed = 0; passed < ms; passed += every) {
    clock.advance(every);
    pulse.received += 1;
  }
}

describe('pings', () => {
  test('go out every 2 s from the side that dialled, and never from the other, which answers them', () => {
    const { clock, heartbeat, newPulse } = setUp();
    const [dialled, accepted] = [newPulse(), newPulse()];
    heartbeat.watch(dialled, true);
    heartbeat.watch(accepted, false);
    for (let second = 0; second < 10; second += 1) {
      clock.advance(1000);
      dialled.received += 1;
      accepted.received += 1;
      if (second % 2 === 1) accepted.sent += 1;
    }
    expect(dialled.pings).toEqual([2000, 4000, 6000, 8000, 10_000]);
    expect(accepted.pings).toEqual([]);
  });

  test('go out from the other too when it has nothing to answer, so that who sends a long message hears that it lives', () => {
    const { clock, heartbeat, newPulse } = setUp();
    const accepted = newPulse();
    heartbeat.watch(accepted, false);
    live(clock, accepted, 20_000, 250);
    const gaps = accepted.pings.map((at, i) => at - (accepted.pings[i - 1] ?? 0));
    expect(gaps.length).toBeGreaterThanOrEqual(6);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(3000);
  });

  test('never come more than 2 s apart although timers are always a little late', () => {
    const { clock, heartbeat, newPulse } = setUp();
    const pulse = newPulse();
    heartbeat.watch(pulse, true);
    for (let look = 0; look < 200; look += 1) {
      clock.stall((clock.nextIn ?? 0) + 7);
      pulse.received += 1;
    }
    const gaps = pulse.pings.map((at, index) => at - (pulse.pings[index - 1] ?? 0));
    expect(gaps.length).toBeGreaterThan(20);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(2000);
  });

  test('are left out while messages go both ways, but for one every 10 s', () => {
    const { clock, heartbeat, newPulse } = setUp();
    const pulse = newPulse();
    heartbeat.watch(pulse, true);
    for (let ms = 0; ms < 30_000; ms += 1000) {
      clock.advance(1000);
      pulse.received += 1;
      pulse.sent += 1;
    }
    expect(pulse.pings).toEqual([10_000, 20_000, 30_000]);
  });

  test('go out while only one side says anything', () => {
    const { clock, heartbeat, newPulse } = setUp();
    const [talker, listener] = [newPulse(), newPulse()];
    heartbeat.watch(talker, true);
    heartbeat.watch(listener, true);
    for (let ms = 0; ms < 4000; ms += 500) {
      clock.advance(500);
      talker.sent += 1;
      listener.received += 1;
    }
    expect(talker.pings).toEqual([2000, 4000]);
    expect(listener.pings).toEqual([2000, 4000]);
  });

  test('keep the time between two messages of a side below 2 s, whenever a busy session falls silent', () => {
    for (let busy = 0; busy < 3000; busy += 90) {
      const { clock, elapsed, heartbeat, newPulse } = setUp();
      const pulse = newPulse();
      heartbeat.watch(pulse, true);
      clock.advance(busy);
      pulse.sent += 1;
      pulse.received += 1;
      const last = Math.max(elapsed(), ...pulse.pings);
      const before = pulse.pings.length;
      while (pulse.pings.length === before) clock.advance(1);
      expect(pulse.pings[before]).toBeLessThanOrEqual(last + 2000);
    }
  });
});

describe('silence', () => {
  test('is noticed after 4.25 s at the earliest and within 5 s, wherever in the cadence it begins', () => {
    for (let offset = 0; offset < 500; offset += 10) {
      const { clock, elapsed, heartbeat, newPulse } = setUp();
      const pulse = newPulse();
      heartbeat.watch(pulse, false);
      clock.advance(3000 + offset);
      pulse.received += 1;
      const lastByte = elapsed();
      while (pulse.silences.length === 0 && elapsed() < 60_000) clock.advance(1);
      const [{ at, ms }] = pulse.silences as [{ at: number; ms: number }];
      expect(at - lastByte).toBeGreaterThanOrEqual(4250);
      expect(at - lastByte).toBeLessThan(5000);
      expect(ms).toBeGreaterThanOrEqual(4250);
      heartbeat.unwatch(pulse);
    }
  });

  test('is noticed in a peer that never said a word', () => {
    const { clock, heartbeat, newPulse } = setUp();
    const pulse = newPulse();
    heartbeat.watch(pulse, true);
    clock.advance(4249);
    expect(pulse.silences).toEqual([]);
    clock.advance(1);
    expect(pulse.silences).toEqual([{ at: 4250, ms: 4250 }]);
  });

  test('ends with any byte, also one of a message that is not complete', async () => {
    const { dialled, master, pair, clock } = connectedSessions('agent', {
      dialled: { handlers: { 'blob.missing': () => ({ missing: [] }) } },
    });
    const heartbeat = new Heartbeat(clock);
    watchSession(heartbeat, dialled, false);
    pair.rightToLeft.hold();
    const blobs = Array.from({ length: 1000 }, () => ({ digest: 'a'.repeat(64), size: 1 }));
    const calling = master.call('blob.missing', { blobs });
    for (let n = 0; n < 10; n += 1) {
      pair.rightToLeft.pass(1);
      await clock.pass(4000);
    }
    expect(dialled.closed).toBeUndefined();
    pair.rightToLeft.release();
    expect(await calling).toEqual({ missing: [] });
    pair.rightToLeft.hold();
    await clock.pass(5000);
    expect(dialled.closed).toMatchObject({ code: 'NOT_CONNECTED' });
  });

  test('of one peer is nothing to the others', () => {
    const { clock, heartbeat, newPulse } = setUp();
    const [dead, alive] = [newPulse(), newPulse()];
    heartbeat.watch(dead, false);
    heartbeat.watch(alive, false);
    live(clock, alive, 20_000);
    expect(dead.silences.length).toBeGreaterThan(0);
    expect(alive.silences).toEqual([]);
  });
});

describe('a pause of this process', () => {
  test('is not held against its peers, who have their full time after it', () => {
    const { clock, elapsed, heartbeat, newPulse } = setUp();
    const pulse = newPulse();
    heartbeat.watch(pulse, false);
    clock.advance(1000);
    clock.stall(60_000);
    expect(pulse.silences).toEqual([]);
    const back = elapsed();
    while (pulse.silences.length === 0 && elapsed() < 120_000) clock.advance(1);
    // One second of silence came before the pause.
    expect(pulse.silences[0]?.at).toBeGreaterThanOrEqual(back + 3000);
    expect(pulse.silences[0]?.at).toBeLessThan(back + 5000);
  });

  test('gives nobody credit who was not being watched during it', () => {
    const { clock, elapsed, heartbeat, newPulse } = setUp();
    const [first, late] = [newPulse(), newPulse()];
    heartbeat.watch(first, false);
    // The process stands still, and the first thing it does afterwards is to let somebody in.
    let watched = 0;
    clock.after(100, () => {
      watched += 1;
      heartbeat.watch(late, false);
    });
    clock.stall(60_000);
    const back = elapsed();
    while (late.silences.length === 0 && elapsed() < 200_000) {
      clock.advance(250);
      first.received += 1;
    }
    expect(late.silences[0]?.at).toBeLessThan(back + 5000);
    expect(watched).toBe(1);
  });
});

describe('who is watched', () => {
  test('can be taken back, and the last one takes the timer along', () => {
    const { clock, heartbeat, newPulse } = setUp();
    const [one, two] = [newPulse(), newPulse()];
    heartbeat.watch(one, true);
    heartbeat.watch(two, true);
    expect([heartbeat.size, clock.timers]).toEqual([2, 1]);
    heartbeat.unwatch(one);
    clock.advance(4000);
    expect(one.pings).toEqual([]);
    expect(two.pings).toEqual([2000, 4000]);
    heartbeat.unwatch(two);
    heartbeat.unwatch(two);
    expect([heartbeat.size, clock.timers]).toEqual([0, 0]);
  });

  test('can begin again after everybody has left', () => {
    const { clock, heartbeat, newPulse } = setUp();
    const first = newPulse();
    heartbeat.watch(first, true);
    heartbeat.unwatch(first);
    clock.advance(100_000);
    const pulse = newPulse();
    heartbeat.watch(pulse, true);
    clock.advance(2000);
    expect(pulse.pings).toEqual([102_000]);
    expect(pulse.silences).toEqual([]);
  });

  test('may change while a silence is being told, without a second timer', () => {
    const { clock, heartbeat, newPulse } = setUp();
    const next = newPulse();
    const dying = newPulse();
    heartbeat.watch(dying, true);
    dying.silent = () => {
      heartbeat.unwatch(dying);
      heartbeat.watch(next, true);
    };
    clock.advance(4250);
    expect([heartbeat.size, clock.timers]).toEqual([1, 1]);
    clock.advance(4000);
    expect(next.pings).toEqual([6250, 8250]);
    expect(clock.timers).toBe(1);
  });
});

describe('between two sessions', () => {
  function watched() {
    const ends = connectedSessions('agent');
    const { dialled, master, clock } = ends;
    const heartbeats = { dialled: new Heartbeat(clock), master: new Heartbeat(clock) };
    watchSession(heartbeats.dialled, dialled, true);
    watchSession(heartbeats.master, master, false);
    return { ...ends, heartbeats };
  }

  test('an idle connection lives on', async () => {
    const { dialled, master, clock } = watched();
    await clock.pass(60_000);
    expect([dialled.closed, master.closed]).toEqual([undefined, undefined]);
  });

  test('a pulled cable is noticed at both ends within 5 s, and leaves no timer behind', async () => {
    const { dialled, master, clock, pair, heartbeats } = watched();
    await clock.pass(10_000);
    pair.lose();
    await clock.pass(5000);
    expect(dialled.closed).toMatchObject({ code: 'NOT_CONNECTED' });
    expect(dialled.closed?.message).toMatch(/^the peer of left was silent for 4\.\d s$/);
    expect(master.closed).toMatchObject({ code: 'NOT_CONNECTED' });
    expect([heartbeats.dialled.size, heartbeats.master.size]).toEqual([0, 0]);
    // What is left is the second that each goodbye may take.
    await clock.pass(1000);
    expect(clock.timers).toBe(0);
  });

  test('a cable of which one direction is dead is noticed at both ends', async () => {
    const { dialled, master, clock, pair } = watched();
    await clock.pass(10_000);
    pair.leftToRight.lose();
    await clock.pass(5000);
    await settled();
    expect(master.closed).toMatchObject({ code: 'NOT_CONNECTED' });
    expect(dialled.closed).toMatchObject({ code: 'NOT_CONNECTED' });
  });
});
