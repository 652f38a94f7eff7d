/** A process that cannot be confused with a later one of the same number: pid, start time and boot. (proc(5)) */
import { readFile } from 'node:fs/promises';

export interface ProcessIdentity {
  pid: number;
  /** Clock ticks after boot, field 22 of /proc/PID/stat. */
  start: string;
  boot: string;
}

export async function bootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
}

/** Undefined when there is no such process, or only its zombie. */
export async function startTime(pid: number): Promise<string | undefined> {
  let stat: string;
  try {
    stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // The command name, field 2, is in parentheses and may itself hold spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' ? undefined : fields[19];
}

export async function thisProcess(): Promise<ProcessIdentity> {
  return { pid: process.pid, start: (await startTime(process.pid)) ?? '', boot: await bootId() };
}

/** Whether that very process still lives. */
export async function isProcess({ pid, start, boot }: ProcessIdentity): Promise<boolean> {
  return boot === (await bootId()) && start !== '' && (await startTime(pid)) === start;
}
