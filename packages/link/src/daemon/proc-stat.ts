/**
 * A process as /proc/PID/stat shows it (format: proc_pid_stat(5)).
 *
 * A process id alone proves nothing, because the kernel reuses it: a process is named by its id and its start
 * time together, and beyond one boot by the boot id too.
 */
import { readFileSync } from 'node:fs';

export interface ProcessId {
  readonly pid: number;
  /** Clock ticks since boot: field 22. */
  readonly start: number;
}

export interface ProcessStat extends ProcessId {
  readonly parent: number;
  readonly session: number;
  /** Ended, and only not yet waited for by its parent. */
  readonly zombie: boolean;
  /** Waits for something that is not a disk. */
  readonly sleeping: boolean;
}

/** Undefined for what is not a stat line. The command may hold spaces and parentheses: fields count from the last `)`. */
export function parseStat(text: string): ProcessStat | undefined {
  const close = text.lastIndexOf(')');
  const pid = Number.parseInt(text, 10);
  const fields = text.slice(close + 2).split(' ');
  const [state, parent, , session] = fields;
  const start = Number(fields[19]);
  if (close < 0 || !Number.isInteger(pid) || !Number.isInteger(start) || fields.length < 20) return undefined;
  return {
    pid,
    start,
    parent: Number(parent),
    session: Number(session),
    zombie: state === 'Z' || state === 'X',
    sleeping: state === 'S',
  };
}

/** Undefined when there is no such process. */
export function readStat(pid: number): ProcessStat | undefined {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return undefined;
  }
}

export function isAlive(id: ProcessId): boolean {
  const stat = readStat(id.pid);
  return stat !== undefined && stat.start === id.start && !stat.zombie;
}
