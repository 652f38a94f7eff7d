/** What a script that has ended leaves running, until nothing is left. */
import { timer } from '../system/timer.ts';
import type { MemberProcesses } from './member-processes.ts';

const MOMENT_MS = 50;

/** Resolves when no process lives; rejects only when `signal` aborts. `onLeft`: some do that do not go by themselves. */
export async function watchTree(
  processes: Pick<MemberProcesses, 'gone' | 'count'>,
  signal: AbortSignal,
  onLeft: () => void,
): Promise<void> {
  const gone = processes.gone(signal);
  gone.catch(() => undefined);
  const left = (await processes.count()) > 0 || !(await soon(gone));
  if (left) onLeft();
  await gone;
}

/** A moment for processes that are just ending: nothing is signalled that goes by itself. */
async function soon(gone: Promise<void>): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const patience = timer(MOMENT_MS, () => resolve(false));
  const came = await Promise.race([promise, gone.then(() => true)]);
  patience.clear();
  return came;
}
