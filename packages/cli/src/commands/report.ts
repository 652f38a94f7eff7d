import type { Command } from 'commander';
import { addMasterOptions, type MasterFlags } from '../connect.ts';

const EXAMPLES = `
Examples:
  tutti report last
  tutti report 12 --format junit >junit.xml
  tutti report 12 --format json | jq '.tests[] | select(.status != "PASS") | .name'
`;

export function addReport(program: Command): void {
  const command = program
    .command('report')
    .argument('<run>', 'its number, or "last"')
    .description('show the report of a run, as it is now')
    .option('--format <format>', 'text, yaml, json, junit, maloo or html', 'text');
  addMasterOptions(command)
    .addHelpText('after', EXAMPLES)
    .action(async (run: string, flags: MasterFlags & { format: string }) => {
      const { report } = await import('../run/report.ts');
      await report(run, flags);
    });
}
