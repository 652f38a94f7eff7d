import type { TuttiError } from '@tutti/protocol';
import { FakeClock } from '@tutti/testkit';
import { describe, expect, test } from 'vitest';
import { HelloDeadlines } from '../../src/http/hello-deadlines.ts';

function setUp() {
  const clock = new FakeClock();
  const deadlines = new HelloDeadlines(clock, 10_000);
  const start = clock.monotonicMs();
  const guest = () => {
    const one = {
      opened: false,
      shownOut: [] as { at: number; code: string }[],
      close({ code }: TuttiError) {
        one.shownOut.push({ at: clock.monotonicMs() - start, code });
        deadlines.delete(one);
      },
    };
    deadlines.add(one);
    return one;
  };
  return { clock, deadlines, guest };
}

describe('who comes in', () => {
  test('has its own ten seconds to say hello, and is shown out after them', () => {
    const { clock, guest } = setUp();
    const first = guest();
    clock.advance(4000);
    const second = guest();
    clock.advance(20_000);
    expect(first.shownOut).toEqual([{ at: 10_000, code: 'HELLO_FIRST' }]);
    expect(second.shownOut).toEqual([{ at: 14_000, code: 'HELLO_FIRST' }]);
    expect(clock.timers).toBe(0);
  });

  test('stays when it has said hello', () => {
    const { clock, guest } = setUp();
    const [polite, silent] = [guest(), guest()];
    polite.opened = true;
    clock.advance(10_000);
    expect([polite.shownOut, silent.shownOut.length]).toEqual([[], 1]);
    expect(clock.timers).toBe(0);
  });

  test('and leaves before that leaves nothing behind', () => {
    const { clock, deadlines, guest } = setUp();
    const [one, other] = [guest(), guest()];
    expect(clock.timers).toBe(1);
    deadlines.delete(one);
    deadlines.delete(other);
    deadlines.delete(other);
    expect(clock.timers).toBe(0);
    const late = guest();
    clock.advance(10_000);
    expect(late.shownOut).toHaveLength(1);
  });
});
