/**
 * The line that puts a daemon into the sweeper's care: what tells it from any other process, ever.
 */
import { readFileSync, statSync } from 'node:fs';

/** To be called while `pid` is a child that has not been waited for: its pid cannot be anybody else's then. */
export function careLine(pid: number, inNamespace: boolean): string {
  return `${pid} ${startTime(pid)} ${inNamespace ? ownNamespace(pid) : '-'}`;
}

/** In clock ticks since boot: field 22 of `stat`. */
function startTime(pid: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The command's name, in parentheses, may itself contain spaces and parentheses.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

/** Whatever lives in this namespace will be killed: it must never be the machine's. */
function ownNamespace(pid: number): string {
  const inode = statSync(`/proc/${pid}/ns/net`).ino;
  if (inode === statSync('/proc/self/ns/net').ino)
    throw new Error(`process ${pid} has no network namespace of its own`);
  return String(inode);
}
