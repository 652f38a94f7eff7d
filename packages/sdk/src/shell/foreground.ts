/**
 * Runs a command in place of this one: same terminal, same streams; signals are passed on, and its exit status is ours
 * (128 + n for signal n, as shells say it; 127 if there is no such command).
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { Outcome } from './verb.ts';

const PASSED_ON = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

export function runInForeground([command = '', ...args]: readonly string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    const pass = (signal: NodeJS.Signals): void => {
      child.kill(signal);
    };
    // Before the command is there, which may send us one at once; handlers run after this turn, when it is.
    for (const signal of PASSED_ON) process.on(signal, pass);
    const child = spawn(command, args, { stdio: 'inherit' });
    const end = (outcome: Outcome): void => {
      for (const signal of PASSED_ON) process.removeListener(signal, pass);
      resolve(outcome);
    };
    child.on('error', (error) => end({ status: 127, stderr: `tutti: ${command}: ${error.message}` }));
    child.on('exit', (status, signal) =>
      end({ status: signal === null ? (status ?? 1) : 128 + constants.signals[signal] }),
    );
  });
}
