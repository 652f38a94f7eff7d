/**
 * Brings the machine down, by a command that is a setting. It runs in a session of its own, because what it does ends this
 * process too, and writes what it says to a file, because nobody may be left to read a pipe.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { TuttiError } from '@tutti/protocol';
import { lastLine } from './last-line.ts';
import { SYSTEM_PATH } from './machine-environment.ts';

/** Tried one after the other until one succeeds. */
export const REBOOT_COMMANDS: readonly string[] = ['systemctl reboot', 'reboot'];

/** Resolves when a command has ended well: from then on the machine should be going down. Throws `CANNOT_REBOOT`. */
export async function reboot(commands: readonly string[], stateDir: string): Promise<void> {
  if (commands.length === 0) throw new TuttiError('CANNOT_REBOOT', 'this agent has no reboot command');
  const failures: string[] = [];
  for (const command of commands) {
    const failure = await attempt(command, join(stateDir, 'reboot.log'));
    if (failure === undefined) return;
    failures.push(failure);
  }
  throw new TuttiError('CANNOT_REBOOT', failures.join('; '));
}

/** Undefined, or how it failed. */
async function attempt(command: string, log: string): Promise<string | undefined> {
  let output: number | 'ignore' = 'ignore';
  try {
    output = openSync(log, 'w', 0o600);
  } catch {
    // On a full disk the machine goes down without notes.
  }
  try {
    const child = spawn('/bin/sh', ['-c', command], {
      cwd: '/',
      env: { PATH: SYSTEM_PATH },
      stdio: ['ignore', output, output],
      detached: true,
    });
    child.unref();
    const [status, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    if (status === 0) return undefined;
    const how = status === null ? `was ended by ${signal}` : `exited with status ${status}`;
    const said = await lastLine([log]);
    return `the reboot command "${command}" ${how}${said === '' ? '' : ` (last line: ${JSON.stringify(said)})`}`;
  } catch (thrown) {
    return `the reboot command "${command}" could not be started: ${(thrown as Error).message}`;
  } finally {
    if (output !== 'ignore') closeSync(output);
  }
}
