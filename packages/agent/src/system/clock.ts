/** The machine's own time: what agents stamp observations with, because nobody can step it. */
import { readFileSync } from 'node:fs';

export interface Clock {
  /** Milliseconds of CLOCK_MONOTONIC; comparable only within one boot. */
  monotonicMs(): number;
}

export const machineClock: Clock = {
  monotonicMs: () => Number(process.hrtime.bigint() / 1000n) / 1000,
};

/** Seconds since boot, by the clock that /proc and the wrapper use. */
export function machineUptime(): number {
  return Number.parseFloat(readFileSync('/proc/uptime', 'utf8'));
}
