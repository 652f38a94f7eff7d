import type { Command } from 'commander';
import { addMasterOptions, type MasterFlags } from '../connect.ts';
import type { ChosenFlags } from '../run/flags.ts';
import { addRunOptions, SUITE_ARGUMENT } from './suite-options.ts';

export interface SubmitFlags extends ChosenFlags, MasterFlags {
  priority?: string;
  wait?: boolean;
}

const EXAMPLES = `
Examples:
  run=$(tutti submit suite.yaml --priority 10)
  tutti wait $run && tutti report $run --format junit >junit.xml
  tutti submit suite.yaml --wait
`;

export function addSubmit(program: Command): void {
  const command = program
    .command('submit')
    .argument('[suite]', `${SUITE_ARGUMENT}; without one, say what to run with --role`)
    .description('queue tests on a master, print the number of the run, and leave it alone');
  addRunOptions(command)
    .option('--priority <n>', 'from -1000 to 1000: the higher the sooner (default: 0)')
    .option(
      '--wait-for-nodes',
      'wait for machines that the master does not know yet, instead of being refused',
    )
    .option('--wait', 'wait for the verdict, as tutti wait does');
  addMasterOptions(command)
    .addHelpText('after', EXAMPLES)
    .action(async (suite: string | undefined, flags: SubmitFlags) => {
      const { submit } = await import('../run/submit.ts');
      process.exitCode = await submit(suite, flags);
    });
}
