/** `tutti shell`: this terminal on a machine. */
import { machineAt } from '@tutti/client/objects';
import { EXIT, TuttiError } from '@tutti/protocol';
import { type MasterFlags, withMaster } from '../connect.ts';
import { onInterrupt } from '../run/interrupt.ts';
import { attach } from './attach.ts';
import { exitStatusOf } from './exit-status.ts';
import { saidByFlags, type TargetFlags, targetOf } from './targets.ts';

export interface ShellFlags extends MasterFlags, TargetFlags {
  readonly cwd?: string;
}

/** Resolves with the exit status. */
export async function shell(words: readonly string[], flags: ShellFlags): Promise<number> {
  const { stdin, stdout, stderr } = process;
  if (!stdin.isTTY || !stdout.isTTY)
    throw new TuttiError('USAGE', 'tutti shell needs a terminal here; tutti exec works without one');
  const named = saidByFlags(flags) ? undefined : words[0];
  if (named === undefined && !saidByFlags(flags))
    throw new TuttiError('USAGE', 'say which machine: tutti shell n1');
  const more = named === undefined ? words : words.slice(1);
  // The terminal may be raw: a line there begins where the last one ended.
  const told = (line: string) => stderr.write(`\r\n[${line}; ~. at the beginning of a line leaves]\r\n`);
  const interrupt = onInterrupt(() => {});
  try {
    return await withMaster(
      flags,
      async (client) => {
        const { at, title } = await targetOf(client, named, flags);
        const terminal = await machineAt(client, at, title).shell({
          ...(more.length === 0 ? {} : { command: more.length === 1 ? more[0] : [...more] }),
          ...{ columns: stdout.columns, rows: stdout.rows, term: process.env.TERM, cwd: flags.cwd },
        });
        const exit = await attach(terminal, { keyboard: stdin, screen: stdout, signal: interrupt.signal });
        if (exit !== undefined) {
          if (exit.stopped !== undefined)
            stderr.write(`tutti: the shell on ${title} was ended: ${exit.stopped.replaceAll('-', ' ')}\n`);
          return exitStatusOf(exit);
        }
        stderr.write(`tutti: left ${title}; the shell there has been ended\n`);
        return EXIT.interrupted;
      },
      told,
    );
  } finally {
    interrupt.stop();
    // A keyboard that is listened to keeps the process.
    stdin.unref();
  }
}
