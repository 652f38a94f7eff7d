import { runNumber } from '@tutti/client';
import type { Command } from 'commander';
import { addMasterOptions, type MasterFlags, withMaster } from '../connect.ts';

interface Flags extends MasterFlags {
  json?: boolean;
}

export function addExplain(program: Command): void {
  const command = program
    .command('explain')
    .argument('<run>', 'its number, or "last"')
    .description('say what a run waits for, who has it, since when, and when it can start at the latest');
  addMasterOptions(command).option('--json', 'as JSON').action(explain);
}

async function explain(word: string, { json, ...flags }: Flags): Promise<void> {
  const explanation = await withMaster(flags, async (client) =>
    client.call('run.explain', { run: await runNumber(client, word) }),
  );
  process.stdout.write(
    json ? `${JSON.stringify(explanation, null, 2)}\n` : `${explanation.lines.join('\n')}\n`,
  );
}
