import { afterEach, describe, expect, test, vi } from 'vitest';
import { onInterrupt } from '../../src/run/interrupt.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

afterEach(() => {
  vi.restoreAllMocks();
});

/** As the system delivers it: to the listeners, with its name. */
const deliver = (signal: NodeJS.Signals) => process.emit(signal, signal);

function interrupted() {
  const told: string[] = [];
  const exit = vi.spyOn(process, 'exit').mockImplementation((() => {}) as never);
  const interrupt = onInterrupt((signal) => told.push(signal));
  return { told, exit, interrupt };
}

describe.each(SIGNALS)('%s', (signal) => {
  test('the first time asks for an orderly end, and says what for', () => {
    const { told, exit, interrupt } = interrupted();
    deliver(signal);
    expect(told).toEqual([signal]);
    expect(interrupt.signal.reason).toMatchObject({ code: 'CANCELLED', message: `cancelled by ${signal}` });
    expect(exit).not.toHaveBeenCalled();
    interrupt.stop();
  });

  test('the second time does not wait for it, whichever came first', () => {
    const { told, exit, interrupt } = interrupted();
    deliver('SIGINT');
    deliver(signal);
    expect(exit).toHaveBeenCalledWith(130);
    expect(told[0]).toBe('SIGINT');
    interrupt.stop();
  });
});

test('stopped, it leaves signals to whoever was there before', () => {
  const before = SIGNALS.map((signal) => process.listenerCount(signal));
  const { interrupt } = interrupted();
  expect(SIGNALS.map((signal) => process.listenerCount(signal))).toEqual(before.map((count) => count + 1));
  interrupt.stop();
  expect(SIGNALS.map((signal) => process.listenerCount(signal))).toEqual(before);
  expect(interrupt.signal.aborted).toBe(false);
});
