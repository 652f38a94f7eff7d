import type { Command } from 'commander';
import { addMasterOptions, type MasterFlags } from '../connect.ts';

export function addWait(program: Command): void {
  const command = program
    .command('wait')
    .argument('<run...>', 'their numbers, or "last"')
    .description('wait until runs have ended; the exit status is that of the worst');
  addMasterOptions(command)
    .option('--json', 'as JSON')
    .addHelpText('after', '\nCtrl-C ends the waiting, not the run. Exit status: as that of tutti run.\n')
    .action(async (runs: string[], flags: MasterFlags & { json?: boolean }) => {
      const { wait } = await import('../run/wait.ts');
      process.exitCode = await wait(runs, flags);
    });
}
