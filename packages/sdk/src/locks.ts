/** Locks: one member at a time, or so many. */
import { type Duration, inSeconds } from './duration.ts';
import { localCall } from './local-call.ts';
import type { Shared } from './scope.ts';

export interface LockOptions extends Shared {
  /** How many members can hold it at a time; all must say the same. Default: 1. */
  slots?: number | undefined;
  /** At most so long. Default: for as long as the test lasts. */
  timeout?: Duration | undefined;
  /** Aborting it withdraws the wait. */
  signal?: AbortSignal | undefined;
}

/**
 * Waits until the lock is this member's; first come, first served. It is until `unlock`, or until the member ends.
 *
 * @throws TuttiError ALREADY_HELD (by this member, whichever process of it), LOCK_DISAGREEMENT, TIMED_OUT, WAIT_BROKEN
 *   (its holder was lost, and may still be at work), CANCELLED
 */
export async function lock(name: string, options: LockOptions = {}): Promise<void> {
  const { scope, slots, signal } = options;
  const timeout = options.timeout === undefined ? undefined : inSeconds(options.timeout);
  await localCall('lock', { name, scope, slots, timeout }, { signal, timeout });
}

/**
 * Gives up a lock that this member holds.
 *
 * @throws TuttiError NOT_HELD
 */
export async function unlock(
  name: string,
  options: Shared & { signal?: AbortSignal | undefined } = {},
): Promise<void> {
  const { scope, signal } = options;
  await localCall('unlock', { name, scope }, { signal });
}
