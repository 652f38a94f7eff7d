/** Programs of the machine, run to their end. */
import { execFile } from 'node:child_process';

/** Resolves with its stdout. Rejects with what it wrote to stderr when it does not end well. */
export function shell(program: string, ...args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { encoding: 'utf8' }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${program} ${args.join(' ')}: ${stderr || error.message}`, { cause: error }));
    });
  });
}
