/** A process that cannot be confused with a later one of the same number, not even after a reboot. */
import { readFileSync } from 'node:fs';
import { isAlive, type ProcessId, readStat } from './proc-stat.ts';

export interface ProcessIdentity extends ProcessId {
  readonly boot: string;
}

/** Random per boot of the machine. */
export function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

export function thisProcess(): ProcessIdentity {
  return { pid: process.pid, start: readStat(process.pid)?.start ?? 0, boot: bootId() };
}

/** Whether that very process still lives. */
export function isProcess(identity: ProcessIdentity): boolean {
  return identity.boot === bootId() && isAlive(identity);
}
