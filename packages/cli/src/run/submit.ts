/** `tutti submit` and `tutti rerun`: a run that nobody has to wait for. Its number is all there is on stdout. */
import { type MasterClient, rerunRun, runNumber, submitRun } from '@tutti/client';
import { EXIT, TuttiError } from '@tutti/protocol';
import type { RerunFlags } from '../commands/rerun.ts';
import type { SubmitFlags } from '../commands/submit.ts';
import { note, withMaster } from '../connect.ts';
import { loadChosen } from './load.ts';
import { awaitRuns, describeEnd } from './wait.ts';

export async function submit(suitePath: string | undefined, flags: SubmitFlags): Promise<number> {
  const priority = priorityOf(flags.priority);
  const { spec, sources, warnings } = await loadChosen(suitePath, flags);
  for (const warning of warnings) note(`warning: ${warning}`);
  const { waitForNodes } = flags;
  return queue(flags, (client) => submitRun(client, { spec, sources, priority, waitForNodes }));
}

export async function rerun(words: string, flags: RerunFlags): Promise<number> {
  const priority = priorityOf(flags.priority);
  const { failed } = flags;
  return queue(flags, async (client) => {
    return rerunRun(client, await runNumber(client, words), { failed, priority });
  });
}

async function queue(
  flags: SubmitFlags | RerunFlags,
  work: (client: MasterClient) => Promise<number>,
): Promise<number> {
  return withMaster(
    flags,
    async (client) => {
      const run = await work(client);
      process.stdout.write(`${run}\n`);
      if (!flags.wait) return EXIT.ok;
      const { views, exit } = await awaitRuns(client, [run]);
      for (const view of views) note(describeEnd(view));
      return exit;
    },
    note,
  );
}

function priorityOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const priority = Number(text);
  if (/^-?\d+$/.test(text) && Math.abs(priority) <= 1000) return priority;
  throw new TuttiError('USAGE', `--priority takes a whole number from -1000 to 1000, not "${text}"`);
}
