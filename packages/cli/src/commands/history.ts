import { summariseHistory, testHistory } from '@tutti/client';
import type { Command } from 'commander';
import { addMasterOptions, type MasterFlags, withMaster } from '../connect.ts';
import { historyTable } from '../history-table.ts';
import { wholeNumber } from '../options.ts';
import { paletteFor } from '../progress/palette.ts';

interface Flags extends MasterFlags {
  number: string;
  suite?: string;
  json?: boolean;
}

const EXAMPLES = `
Examples:
  tutti history throughput
  tutti history 'throughput[streams=4]' --suite 'net*' -n 200
`;

export function addHistory(program: Command): void {
  const command = program
    .command('history')
    .argument('<test>', 'its name')
    .description('show the last results of a test, how often it passes, and on which machines it does not')
    .option('-n, --number <n>', 'at most so many', '20')
    .option('--suite <glob>', 'only those in suites whose name matches');
  addMasterOptions(command).option('--json', 'as JSON').addHelpText('after', EXAMPLES).action(history);
}

async function history(test: string, { number, suite, json, ...flags }: Flags): Promise<void> {
  const most = wholeNumber(number, '--number');
  const filter = { test, ...(suite === undefined ? {} : { suite }) };
  const results = await withMaster(flags, (client) => testHistory(client, filter, most));
  const { stdout, env } = process;
  const palette = paletteFor(stdout.isTTY, env);
  if (json) stdout.write(`${JSON.stringify({ results, summary: summariseHistory(results) }, null, 2)}\n`);
  else stdout.write(historyTable(results, palette));
}
