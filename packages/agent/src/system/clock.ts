/** The machine's own time: what agents stamp observations with, because nobody can step it. */
import { readFileSync } from 'node:fs';

export interface Clock {
  /** Milliseconds of CLOCK_MONOTONIC; comparable only within one boot. */
  monotonicMs(): number;
}

export const machineClock: Clock = {
  monotonicMs: () => Number(process.hrtime.bigint() / 1000n) / 1000,
};

/** Random per boot of the machine: two stamps are comparable only when their boot ids are equal. */
export function readBootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

/** Seconds since boot, by the clock that /proc and the wrapper use. */
export function machineUptime(): number {
  return Number.parseFloat(readFileSync('/proc/uptime', 'utf8'));
}
