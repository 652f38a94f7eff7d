import type { Command } from 'commander';
import type { SuiteFlags } from '../run/flags.ts';
import { addSuiteOptions, SUITE_ARGUMENT } from './suite-options.ts';

export function addCheck(program: Command): void {
  const command = program
    .command('check')
    .argument('<suite>', SUITE_ARGUMENT)
    .description('say what is wrong with a suite, without running it');
  addSuiteOptions(command).action(async (suite: string, flags: SuiteFlags) => {
    const [{ planSuite }, { suiteOptions }, { summaryOf }] = await Promise.all([
      import('@tutti/client/suite'),
      import('../run/suite-options.ts'),
      import('../suite-table.ts'),
    ]);
    const { run, warnings } = await planSuite(suite, suiteOptions(flags));
    for (const warning of warnings) process.stderr.write(`warning: ${warning}\n`);
    process.stdout.write(`ok: ${summaryOf(run)}\n`);
  });
}
