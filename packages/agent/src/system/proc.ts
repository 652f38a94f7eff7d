/**
 * Processes as /proc shows them. What is to be signalled is named by process id, start time and boot id together, and
 * looked at once more just before the signal.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { isAlive, type ProcessId, type ProcessStat, readStat } from '@tutti/link';
import { errnoOf } from './errno.ts';

/** Clock ticks a second, as Linux shows them to programs on every architecture that Node runs on. */
export const TICKS_PER_SECOND = 100;

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
