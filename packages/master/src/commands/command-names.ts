/** What commands are called. Pure. */
import { createHash } from 'node:crypto';
import type { Command, NodeArgs } from '@tutti/protocol';
import { masked } from './masked.ts';

/** In messages and lists; all of it is in the report. */
const SHOWN = 60;
/** Characters of a command line. */
const LINE = 1000;

/** The id of the command that this request means, whoever asks again and whichever master is asked. */
export function commandId(scope: string, by: string, request: string): string {
  return createHash('sha256')
    .update(JSON.stringify([scope, by, request]))
    .digest('hex')
    .slice(0, 32);
}

/** The name it was given, else the beginning of its first line. */
export function titleOf(
  { name, command }: Pick<NodeArgs<'start'>, 'name' | 'command'>,
  secrets: readonly string[],
): string {
  if (name !== undefined) return masked(name, secrets);
  const [first = '', ...more] = masked(commandLine(command), secrets).trim().split('\n');
  return more.length > 0 || first.length > SHOWN ? `${first.slice(0, SHOWN)}…` : first;
}

/** What is kept of a command line for people. */
export function lineOf({ command }: Pick<NodeArgs<'start'>, 'command'>, secrets: readonly string[]): string {
  return masked(commandLine(command), secrets).slice(0, LINE);
}

/** As a person would type it. */
function commandLine(command: Command): string {
  if (typeof command === 'string') return command;
  return command
    .map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`))
    .join(' ');
}
