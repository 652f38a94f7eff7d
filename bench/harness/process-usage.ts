/** What another process uses, from its /proc: see proc_pid_status(5) and proc_pid_stat(5). */
import { readFileSync } from 'node:fs';

export interface ProcessUsage {
  /** Bytes of memory, now and at most. */
  rss: number;
  peakRss: number;
  /** Milliseconds of processor time, since its start. */
  cpu: number;
}

/** Linux counts processor time for user space in hundredths of a second. */
const MS_PER_TICK = 10;

export function processUsage(pid: number): ProcessUsage {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kilobytes = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]);
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // Behind the name, which may hold blanks: fields 14 and 15 counted from the pid.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return {
    rss: kilobytes('VmRSS') * 1024,
    peakRss: kilobytes('VmHWM') * 1024,
    cpu: (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK,
  };
}
