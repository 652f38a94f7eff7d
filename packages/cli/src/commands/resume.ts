import { DECISIONS, type Decision, resumeRun, runNumber } from '@tutti/client';
import { nearest, TuttiError } from '@tutti/protocol';
import type { Command } from 'commander';
import { addMasterOptions, type MasterFlags, note, withMaster } from '../connect.ts';

interface Flags extends MasterFlags {
  test?: string;
}

const EXAMPLES = `
  continue  as if there had been no pause
  retry     this attempt ends as it is, and another one follows, beyond those of "retries"
  abort     the run ends as INTERRUPTED; what there is so far is collected and reported

Examples:
  tutti run suite.yaml --pause-on-failure
  tutti resume last retry
  tutti resume 7 abort --test failover
`;

export function addResume(program: Command): void {
  const command = program
    .command('resume')
    .argument('<run>', 'its number, or "last"')
    .argument('<how>', DECISIONS.join(', '))
    .description('decide how a test goes on that is paused at a failure')
    .option('--test <name>', 'which, where several are paused');
  addMasterOptions(command).addHelpText('after', EXAMPLES).action(resume);
}

const DONE: Record<Decision, string> = {
  continue: 'goes on',
  retry: 'is tried again',
  abort: 'is aborted; "tutti wait RUN" waits until it has ended',
};

async function resume(words: string, how: string, { test, ...flags }: Flags): Promise<void> {
  const decision = decisionOf(how);
  await withMaster(flags, async (client) => {
    const run = await runNumber(client, words);
    await resumeRun(client, run, decision, { test });
    const what = test === undefined || decision === 'abort' ? `run ${run}` : `test ${test} of run ${run}`;
    note(`${what} ${DONE[decision].replace('RUN', String(run))}`);
  });
}

function decisionOf(word: string): Decision {
  const found = DECISIONS.find((decision) => decision === word);
  if (found !== undefined) return found;
  const meant = nearest(word, DECISIONS);
  const hint = meant === undefined ? '' : `; did you mean ${meant}?`;
  throw new TuttiError('USAGE', `a paused test goes on by ${DECISIONS.join(', ')}, not by "${word}"${hint}`);
}
