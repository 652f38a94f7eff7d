import type { Command } from 'commander';
import { addMasterOptions } from '../connect.ts';
import type { ReplFlags } from '../repl/repl.ts';

const EXAMPLES = `
Examples:
  tutti repl
  tutti repl --eval "nodes.n1.run('uname -a')"
  echo 'nodes.list()' | tutti repl
  echo "where('cpus > 4').run('uptime')" | tutti repl --master ws://lab:8282

At the prompt, help says what there is; Tab completes the names of machines, runs, suites and tests.
`;

export function addRepl(program: Command): void {
  const command = program
    .command('repl')
    .description('a prompt with the machines, suites and runs of a master as objects');
  addMasterOptions(command)
    .option('--eval <code>', 'carry this out, show what comes of it, and end')
    .addHelpText('after', EXAMPLES)
    .action(async (flags: ReplFlags) => {
      const { repl } = await import('../repl/repl.ts');
      process.exitCode = await repl(flags);
    });
}
