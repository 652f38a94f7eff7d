import { describe, expect, test } from 'vitest';
import { systemClock } from '../src/clock.ts';

const fires = (ms: number) => new Promise<void>((resolve) => void systemClock.after(ms, resolve));

describe('the system clock', () => {
  test('never calls back early by its own reading', async () => {
    const early: number[] = [];
    await Promise.all(
      Array.from({ length: 300 }, async (_, n) => {
        const ms = (n % 30) + n / 300;
        const due = systemClock.monotonicMs() + ms;
        await fires(ms);
        if (systemClock.monotonicMs() < due) early.push(ms);
      }),
    );
    expect(early).toEqual([]);
  });

  test('calls back in a later turn even when nothing is to be waited for', async () => {
    let fired = false;
    const cancel = systemClock.after(-5, () => {
      fired = true;
    });
    expect(fired).toBe(false);
    cancel();
    await fires(0);
    expect(fired).toBe(false);
  });

  test('can wait longer than the longest timer of the system', async () => {
    let fired = false;
    const cancel = systemClock.after(2 ** 31, () => {
      fired = true;
    });
    await fires(5);
    expect(fired).toBe(false);
    cancel();
  });
});
