import type { Command } from 'commander';
import type { SuiteFlags } from '../run/flags.ts';
import { addSuiteOptions, SUITE_ARGUMENT } from './suite-options.ts';

export function addList(program: Command): void {
  const command = program
    .command('list')
    .argument('<suite>', SUITE_ARGUMENT)
    .description('show what of a suite would run: tests, parameters, roles, time limits');
  addSuiteOptions(command)
    .option('--json', 'as JSON, with everything that a run of it would be given')
    .action(async (suite: string, flags: SuiteFlags & { json?: boolean }) => {
      const [{ planSuite }, { suiteOptions }, { tableOf }] = await Promise.all([
        import('@tutti/client/suite'),
        import('../run/suite-options.ts'),
        import('../suite-table.ts'),
      ]);
      const { run, warnings } = await planSuite(suite, suiteOptions(flags));
      for (const warning of warnings) process.stderr.write(`warning: ${warning}\n`);
      process.stdout.write(flags.json ? `${JSON.stringify(run, null, 2)}\n` : tableOf(run));
    });
}
