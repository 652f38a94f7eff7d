/** The runs of a master, the newest first, and which of them is meant by a word. */
import { type RunRow, TuttiError } from '@tutti/protocol';
import type { MasterClient } from './master-client.ts';
import type { RunFilter } from './run-types.ts';

/** At most `most`. */
export async function listRuns(
  client: MasterClient,
  filter: RunFilter = {},
  most = Number.POSITIVE_INFINITY,
): Promise<RunRow[]> {
  const all: RunRow[] = [];
  while (all.length < most) {
    const before = all.at(-1)?.run;
    const page = await client.call('runs.list', { ...filter, ...(before === undefined ? {} : { before }) });
    all.push(...page.runs.map((row) => ({ ...row, started: Math.round(row.started) })));
    if (!page.more || page.runs.length === 0) break;
  }
  return all.slice(0, most);
}

/** A number of a run as people write it: `12`, or `last`. Throws `USAGE`, `NO_SUCH_RUN`. */
export async function runNumber(client: MasterClient, words: string): Promise<number> {
  if (words === 'last' || words === 'latest') {
    const [newest] = await listRuns(client, {}, 1);
    if (newest !== undefined) return newest.run;
    throw new TuttiError('NO_SUCH_RUN', 'the master has had no run yet');
  }
  if (!/^[1-9]\d{0,14}$/.test(words))
    throw new TuttiError('USAGE', `"${words}" is no number of a run, such as 12, nor "last"`);
  return Number(words);
}
