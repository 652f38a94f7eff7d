import { runNumber } from '@tutti/client';
import { EXIT } from '@tutti/protocol';
import type { Command } from 'commander';
import { addMasterOptions, type MasterFlags, note, withMaster } from '../connect.ts';
import { showError } from '../show-error.ts';

interface Flags extends MasterFlags {
  reason: string;
}

export function addCancel(program: Command): void {
  const command = program
    .command('cancel')
    .argument('<run...>', 'their numbers, or "last"')
    .description('end runs that wait or are under way; what there is so far is collected and reported')
    .option('--reason <text>', 'what the report says', 'cancelled by an operator');
  addMasterOptions(command).action(async (runs: string[], flags: Flags) => {
    process.exitCode = await cancel(runs, flags);
  });
}

/** One that cannot be cancelled does not save the others. */
async function cancel(words: readonly string[], flags: Flags): Promise<number> {
  return withMaster(flags, async (client) => {
    let exit: number = EXIT.ok;
    for (const word of words) {
      try {
        const run = await runNumber(client, word);
        await client.call('run.cancel', { run, reason: flags.reason });
        note(`run ${run} is cancelled; "tutti wait ${run}" waits until it has ended`);
      } catch (error) {
        exit = Math.max(exit, showError(error, process.stderr));
      }
    }
    return exit;
  });
}
