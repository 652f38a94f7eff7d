import type { Command } from 'commander';
import { addMasterOptions, type MasterFlags } from '../connect.ts';

export interface RerunFlags extends MasterFlags {
  failed?: boolean;
  priority?: string;
  wait?: boolean;
}

export function addRerun(program: Command): void {
  const command = program
    .command('rerun')
    .argument('<run>', 'its number, or "last"')
    .description('queue a run once more, as it was submitted, and print the number of the new one')
    .option('--failed', 'only the tests that were not ok')
    .option('--priority <n>', 'from -1000 to 1000: the higher the sooner (default: as before)')
    .option('--wait', 'wait for the verdict, as tutti wait does');
  addMasterOptions(command).action(async (run: string, flags: RerunFlags) => {
    const { rerun } = await import('../run/submit.ts');
    process.exitCode = await rerun(run, flags);
  });
}
