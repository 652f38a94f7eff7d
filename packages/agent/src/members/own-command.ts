/**
 * A command of whoever started this agent: its members run that, where and with what it was given, instead of what their
 * master says. All else is as for any member: the wrapper, its logs, its socket, its end.
 */
import { type MemberEnd, type MemberSpec, TuttiError } from '@tutti/protocol';
import type { Layout } from './layout.ts';

export interface OwnCommand {
  readonly argv: readonly string[];
  readonly cwd: string;
  /** All of its environment, but for what every member has. */
  readonly env: Readonly<Record<string, string>>;
  /** An open descriptor that becomes its stdin; without one there is nothing to read. */
  readonly stdin?: number | undefined;
  /** A member is about to start. `stdout`, `stderr`: files, which are there until the master has them forgotten. */
  onStart(member: MemberSpec, logs: { stdout: string; stderr: string }): void;
  onEnd(member: string, end: MemberEnd): void;
  /** The master has all of it. */
  onShipped(member: string): void;
}

const IN_DIRECTORY = 'cd -- "$1" && shift && exec "$@"';

export function commandLine({ argv, cwd }: Pick<OwnCommand, 'argv' | 'cwd'>): string[] {
  return ['/bin/sh', '-c', IN_DIRECTORY, 'tutti join', cwd, ...argv];
}

/** Throws `CANNOT_REBOOT`. `name`: of the member that wants it. */
export function refuseReboot(name: string): never {
  throw new TuttiError(
    'CANNOT_REBOOT',
    `${name} cannot reboot its machine: it was started by tutti join, and nothing would start it again`,
  );
}

export function logsOf(layout: Layout): { stdout: string; stderr: string } {
  return { stdout: layout.log('stdout'), stderr: layout.log('stderr') };
}
