/** What an operator decides about a test that is paused at a failure, and does meanwhile. */
import type { CallParams } from '@tutti/protocol';
import { pausedNamed, pauseOf } from '../runs/pause.ts';
import type { Runs } from '../runs/runs.ts';

/** Resolves when it is durable. Throws `NOT_PAUSED`. */
export async function resumeRun(
  { run: number, test: name, how, by, request }: CallParams<'run.resume'>,
  runs: Pick<Runs, 'get' | 'cancel'>,
): Promise<Record<string, never>> {
  const run = runs.get(number);
  const test = pausedNamed(run.model, name, request);
  // It has decided already.
  if (test === undefined) return {};
  const cause = pauseOf(test)?.cause;
  const decided = run.attempt(test.spec.name).pausing.decide({ how, by, request });
  // In the same turn, so that both are durable or none is.
  if (how === 'abort')
    runs.cancel(
      run,
      `aborted by ${by ?? 'an operator'} at the pause of test ${test.spec.name}, which had failed: ${cause}`,
    );
  await decided;
  return {};
}

/** Resolves when its agent says so. Throws `NOT_PAUSED`, `NO_SUCH_MEMBER`, `NOT_CONNECTED`. */
export async function freezeMember(
  { run: number, test: name, member, frozen }: CallParams<'run.freeze'>,
  runs: Pick<Runs, 'get'>,
  signal: AbortSignal,
): Promise<Record<string, never>> {
  const run = runs.get(number);
  const test = pausedNamed(run.model, name);
  if (test !== undefined) await run.attempt(test.spec.name).pausing.freeze(member, frozen, signal);
  return {};
}
