/** Open files: a process that holds N connections needs N descriptors and a few more. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** What Node itself holds, with room to spare. */
const OTHERS = 100;

/**
 * The limit that a process with `connections` needs. Throws an `Error` that says what to do when this machine does
 * not allow it.
 */
export function roomFor(connections: number): number {
  const need = connections + OTHERS;
  const { soft, hard } = limits();
  if (need <= soft || spawnSync('sh', ['-c', `ulimit -n ${need}`]).status === 0) return need;
  throw new Error(
    `${connections} connections need ${need} open files a process, and the limit is ${hard}: ` +
      `as root run \`prlimit --pid $$ --nofile=${need}\` in this shell (or raise nofile in ` +
      '/etc/security/limits.conf and log in again), or ask for fewer with --n',
  );
}

/** The command that runs `command` with that limit. */
export function withDescriptors(need: number, command: readonly string[]): string[] {
  if (need <= limits().soft) return [...command];
  return ['sh', '-c', `ulimit -n ${need}; exec "$0" "$@"`, ...command];
}

/** proc_pid_limits(5): `Max open files  1024  524288  files` */
function limits(): { soft: number; hard: number } {
  const line = /^Max open files\s+(\S+)\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
  const number = (text: string | undefined) =>
    text === 'unlimited' ? Number.POSITIVE_INFINITY : Number(text);
  return { soft: number(line?.[1]), hard: number(line?.[2]) };
}
