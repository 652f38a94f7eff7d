import { listRuns } from '@tutti/client';
import type { Command } from 'commander';
import { addMasterOptions, type MasterFlags, withMaster } from '../connect.ts';
import { collect, wholeNumber } from '../options.ts';
import { runsTable, statusFilter } from '../runs-table.ts';

interface Flags extends MasterFlags {
  number: string;
  status: string[];
  suite?: string;
  json?: boolean;
}

const EXAMPLES = `
Examples:
  tutti runs --status queued
  tutti runs --status fail,error --suite 'net*' -n 100
`;

export function addRuns(program: Command): void {
  const command = program
    .command('runs')
    .description('list the runs of a master, the newest first, also those of before it was restarted')
    .option('-n, --number <n>', 'at most so many', '20')
    .option(
      '--status <status>',
      'only those: queued, running, finished, pass, fail, error …; commas, or repeated',
      collect,
      [],
    )
    .option('--suite <glob>', 'only those of suites whose name matches');
  addMasterOptions(command).option('--json', 'as JSON').addHelpText('after', EXAMPLES).action(runs);
}

async function runs({ number, status, suite, json, ...flags }: Flags): Promise<void> {
  const filter = { ...statusFilter(status), ...(suite === undefined ? {} : { suite }) };
  const most = wholeNumber(number, '--number');
  const rows = await withMaster(flags, (client) => listRuns(client, filter, most));
  const { stdout, env } = process;
  process.stdout.write(json ? `${JSON.stringify(rows, null, 2)}\n` : runsTable(rows, stdout, env));
}
