import type { Command } from 'commander';
import { addMasterOptions } from '../connect.ts';
import type { ExecFlags } from '../on-node/exec.ts';
import { collect } from '../options.ts';
import { addMemberOptions } from './member-options.ts';

const MORE = `
One word is a line for sh, several are a program and its arguments. Output comes as it is written; of several machines
line by line, each with its machine before it. What is piped in goes to all of them; a keyboard is not passed on, which is
what tutti shell is for. What the command started ends with it.

Examples:
  tutti exec n1 -- uname -a
  tutti exec 'web[1-8],db1' -- 'df -h / | tail -1'
  tutti exec -w '"gpu" in labels' -- nvidia-smi -L
  tutti exec 12/failover/db.0 -- ls -l          in the directory of a member of a test under way
  tar c conf | tutti exec n1 -- tar x -C /etc/app

Exit status: the command's own (128 and its number after a signal), 124 stopped at --timeout, 2 when the machine cannot be
reached, 64 usage, 130 interrupted. Of several: 130, 2 or 124 if that is so of one of them, in this order, else the highest.
`;

export function addExec(program: Command): void {
  const command = program
    .command('exec')
    .argument('<words...>', 'the machine or a set such as web[1-8],db1, then -- and the command')
    .description('run a command on machines now, and show what it writes')
    .option('-w, --where <selector>', 'instead of names: all that it fits')
    .option('--timeout <time>', 'stop it then: 30s, 5m (default: never)')
    .option('--env <name=value>', 'a variable for it (repeatable)', collect)
    .option('--cwd <dir>', "where it starts (default: the home directory there, or the member's work/)")
    .option('-n, --no-input', 'nothing of what is piped in');
  addMemberOptions(command);
  addMasterOptions(command)
    .option('--json', 'when all have ended, how, and the end of what each wrote')
    .addHelpText('after', MORE)
    .action(async (words: string[], flags: ExecFlags) => {
      const { exec } = await import('../on-node/exec.ts');
      process.exitCode = await exec(words, flags);
    });
}
