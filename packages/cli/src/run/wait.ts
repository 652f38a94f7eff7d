/** `tutti wait`: runs followed to their ends without owning them. */
import { type MasterClient, runNumber, watchRun } from '@tutti/client';
import { EXIT, type RunView, STATUSES } from '@tutti/protocol';
import { type MasterFlags, note, withMaster } from '../connect.ts';
import { oneLine } from '../progress/columns.ts';
import { makeProgress } from '../progress/make-progress.ts';
import { PlainProgress } from '../progress/plain.ts';
import type { Progress } from '../progress/progress.ts';

export async function wait(
  words: readonly string[],
  flags: MasterFlags & { json?: boolean },
): Promise<number> {
  return withMaster(
    flags,
    async (client) => {
      const runs: number[] = [];
      for (const word of words) runs.push(await runNumber(client, word));
      const { views, exit } = await awaitRuns(client, [...new Set(runs)]);
      if (flags.json) process.stdout.write(`${JSON.stringify(views, null, 2)}\n`);
      else for (const view of views) process.stdout.write(`${describeEnd(view)}\n`);
      return exit;
    },
    note,
  );
}

/** The final views, in the order of the runs, and the exit status of the worst. */
export async function awaitRuns(
  client: MasterClient,
  runs: readonly number[],
): Promise<{ views: RunView[]; exit: number }> {
  const views = await Promise.all(runs.map((run) => awaitRun(client, run, runs.length === 1)));
  return { views, exit: worstExit(views) };
}

async function awaitRun(client: MasterClient, run: number, alone: boolean): Promise<RunView> {
  // Several lines that are redrawn would be in each other's way.
  const progress: Progress = alone
    ? makeProgress(process.stderr, process.env)
    : new PlainProgress(process.stderr);
  try {
    let begun = false;
    return await watchRun(client, run, (view) => {
      // Of what was over before, nobody needs to hear the course.
      if (!begun && view.phase === 'finished') return;
      begun = true;
      progress.show(view);
    });
  } finally {
    progress.end();
  }
}

export function describeEnd({ run, suite, status, duration, cause }: RunView): string {
  const took = duration === undefined ? '' : ` in ${duration.toFixed(1)} s`;
  const why = cause === undefined ? '' : `: ${cause}`;
  return oneLine(`run ${run} ${suite}: ${status ?? 'ERROR'}${took}${why}`);
}

/** Skipped tests beside others that are ok are ok. */
export function worstExit(views: readonly Pick<RunView, 'status' | 'exit'>[]): number {
  const rank = ({ status, exit = EXIT.error }: Pick<RunView, 'status' | 'exit'>) =>
    exit === EXIT.ok ? -1 : exit === EXIT.allSkipped ? -2 : STATUSES.indexOf(status ?? 'ERROR');
  const worst = views.toSorted((a, b) => rank(b) - rank(a))[0];
  return worst?.exit ?? EXIT.error;
}
