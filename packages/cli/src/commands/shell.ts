import type { Command } from 'commander';
import { addMasterOptions } from '../connect.ts';
import type { ShellFlags } from '../on-node/shell.ts';
import { addMemberOptions } from './member-options.ts';

const MORE = `
All keys go to the machine, Ctrl-C too. ~. at the beginning of a line leaves, also while the connection is lost; it is
waited for until then. The shell ends with this terminal, with all that was started in it: at once when it is left, 30 s
after it was lost.

Examples:
  tutti shell n1
  tutti shell n1 -- top
  tutti shell 12/failover/db.0            in the directory and with the environment of a member of a test under way
  tutti shell --run last --member db.0

Exit status: that of the shell, 2 when the machine cannot be reached or the shell is lost, 64 usage, 130 left by ~.
`;

export function addShell(program: Command): void {
  const command = program
    .command('shell')
    .argument('[words...]', 'the machine; then, after --, a command instead of a shell')
    .description('a shell on a machine, with this terminal')
    .option('--cwd <dir>', "where it starts (default: the home directory there, or the member's work/)");
  addMemberOptions(command);
  addMasterOptions(command)
    .addHelpText('after', MORE)
    .action(async (words: string[], flags: ShellFlags) => {
      const { shell } = await import('../on-node/shell.ts');
      process.exitCode = await shell(words, flags);
    });
}
