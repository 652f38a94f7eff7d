/** `shell()` of a machine at the prompt: the terminal of the prompt becomes that of the machine, until its shell ends. */
import type { Machine, ShellOptions, Terminal, TerminalExit } from '@tutti/client/objects';
import { attach } from '../on-node/attach.ts';
import type { Screen } from './screen.ts';

/** Without a keyboard there is nothing to lend: the terminal is an object then, as in a program. */
export function shellHere(
  machine: Machine,
  { keyboard, out, signal }: Screen,
): (options?: ShellOptions) => Promise<Terminal | TerminalExit | undefined> {
  return async (options = {}) => {
    if (keyboard === undefined) return machine.shell(options);
    const screen = out as NodeJS.WriteStream;
    const { columns, rows } = screen;
    const terminal = await machine.shell({ columns, rows, term: process.env.TERM, ...options });
    return attach(terminal, { keyboard: keyboard(), screen, signal: signal() });
  };
}
