/** Barriers: members wait for each other, and may hand each other data while they meet. */
import { type Duration, inSeconds } from './duration.ts';
import type { Json } from './json.ts';
import { localCall } from './local-call.ts';
import type { Shared } from './scope.ts';

export interface BarrierOptions extends Shared {
  /** Any so many distinct members. Without `count`, `roles` and `members`: all members of the test. In run scope required. */
  count?: number | undefined;
  /** All members of these roles. */
  roles?: readonly string[] | undefined;
  /** Just these: `client.0`, or `client` where the role has one member. */
  members?: readonly string[] | undefined;
  /** Default: the test's remaining time less 2 s. */
  timeout?: Duration | undefined;
  /** Given to all participants when they are released; at most 16 KiB as JSON. */
  data?: Json | undefined;
  /** Aborting it withdraws the arrival. */
  signal?: AbortSignal | undefined;
}

export interface Released {
  /** How often the barrier was released before. */
  generation: number;
  /** Order of arrival, 0-based: exactly one participant has rank 0. */
  rank: number;
  /** How many took part. */
  size: number;
  /** By member (in run scope `test/client.0`) in order of arrival, null for who gave none; empty when nobody gave any. */
  data: Record<string, Json>;
}

/**
 * Waits until all participants have arrived.
 *
 * @throws TuttiError BARRIER_BROKEN (somebody can no longer come; the message says who and why), BARRIER_ABORTED,
 *   BARRIER_DISAGREEMENT, BAD_PARTICIPANTS, ALREADY_ARRIVED, TIMED_OUT, CANCELLED
 */
export async function barrier(name: string, options: BarrierOptions = {}): Promise<Released> {
  const { scope, count, roles, members, data, signal } = options;
  const timeout = options.timeout === undefined ? undefined : inSeconds(options.timeout);
  const args = { name, scope, count, roles, members, timeout, data };
  return (await localCall('barrier', args, { signal, timeout })) as Released;
}

/** Fails everybody who waits at the barrier, and everybody who comes later, with the reason. */
export async function abort(
  name: string,
  reason: string,
  options: Shared & { signal?: AbortSignal | undefined } = {},
): Promise<void> {
  const { scope, signal } = options;
  await localCall('abort', { name, scope, reason }, { signal });
}
