/**
 * Processes as /proc shows them (format: proc_pid_stat(5)).
 *
 * A process id alone proves nothing, because the kernel reuses it: what is to be signalled is named by process id, start
 * time and boot id together, and looked at once more just before the signal.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { errnoOf } from './errno.ts';

export interface ProcessId {
  readonly pid: number;
  /** Clock ticks since boot: field 22 of /proc/PID/stat. */
  readonly start: number;
}

export interface ProcessStat extends ProcessId {
  readonly parent: number;
  readonly session: number;
  /** Ended, and only not yet waited for by its parent. */
  readonly zombie: boolean;
}

/** Clock ticks a second, as Linux shows them to programs on every architecture that Node runs on. */
export const TICKS_PER_SECOND = 100;

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
  };
}

export function readStat(pid: number): ProcessStat | undefined {
  const text = readProc(pid, 'stat');
  return text === undefined ? undefined : parseStat(text);
}

export function isAlive(id: ProcessId): boolean {
  const stat = readStat(id.pid);
  return stat !== undefined && stat.start === id.start && !stat.zombie;
}

/** Every process that has not ended. */
export function listProcesses(): ProcessStat[] {
  const found: ProcessStat[] = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = readStat(Number(name));
    if (stat !== undefined && !stat.zombie) found.push(stat);
  }
  return found;
}

/** The environment a process was started with holds this text. False for processes that may not be looked into. */
export function environmentHolds(pid: number, text: string): boolean {
  return readProc(pid, 'environ')?.includes(text) ?? false;
}

/** What a descriptor of a process stands for, as a path; undefined where it is closed or may not be seen. */
export function descriptor(pid: number, fd: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/fd/${fd}`);
  } catch {
    return undefined;
  }
}

/** False when the process is gone, is another one by now, or belongs to another user. */
export function signal(id: ProcessId, name: NodeJS.Signals): boolean {
  if (!isAlive(id)) return false;
  try {
    process.kill(id.pid, name);
    return true;
  } catch (thrown) {
    if (errnoOf(thrown) === 'ESRCH' || errnoOf(thrown) === 'EPERM') return false;
    throw thrown;
  }
}

function readProc(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    // It ended meanwhile, or belongs to another user.
    return undefined;
  }
}
