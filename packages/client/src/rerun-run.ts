/** A run once more, from what the master has kept of it. */
import { randomBytes } from 'node:crypto';
import type { MasterClient } from './master-client.ts';
import type { RerunOptions } from './run-types.ts';

/** The number of the new run. Throws `NO_SUCH_RUN`, `NOTHING_TO_RERUN`, `FILES_GONE`. */
export async function rerunRun(
  client: MasterClient,
  run: number,
  { failed = false, priority }: RerunOptions = {},
): Promise<number> {
  const id = randomBytes(16).toString('hex');
  const more = priority === undefined ? {} : { priority };
  return (await client.call('run.rerun', { id, run, failed, ...more })).run;
}
