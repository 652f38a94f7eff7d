import type { Command } from 'commander';
import { addMasterOptions, type MasterFlags } from '../connect.ts';
import { collect } from '../options.ts';

export interface LogsFlags extends MasterFlags {
  follow?: boolean;
  source: string[];
  since?: string;
  prefix: boolean;
  json?: boolean;
}

const EXAMPLES = `
Lines come in the order in which they were complete, each with its member before it.

Examples:
  tutti logs last -f
  tutti logs 12 throughput client --source stderr
  tutti logs 12 --since 10m
  tutti logs 12 throughput client.0 --source stdout --no-prefix >client.log
`;

export function addLogs(program: Command): void {
  const command = program
    .command('logs')
    .argument('<run>', 'its number, or "last"')
    .argument('[test]', 'a test, or a glob (default: all)')
    .argument('[member]', 'a member such as client.0, a role, or a glob (default: all)')
    .description('show what the members of a run have written, in the order of time')
    .option('-f, --follow', 'go on until the run has ended')
    .option('--source <source>', 'only stdout, or only stderr', collect, [])
    .option('--since <time>', 'only from then: 10m, 1h30m ago, or a time such as 2026-05-04T12:30')
    .option('--no-prefix', 'without the member before each line');
  addMasterOptions(command)
    .option('--json', 'each line as a line of JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (run: string, test: string | undefined, member: string | undefined, flags: LogsFlags) => {
      const { logs } = await import('../logs/logs.ts');
      process.exitCode = await logs(run, test, member, flags);
    });
}
