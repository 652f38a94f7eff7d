/** Keys: small JSON values that all members of an attempt share, or of a run. */
import { type Duration, inSeconds } from './duration.ts';
import { TuttiError } from './errors.ts';
import type { Json } from './json.ts';
import { localCall } from './local-call.ts';
import type { Shared } from './scope.ts';

interface Withdrawable extends Shared {
  /** Aborting it withdraws the call. */
  signal?: AbortSignal | undefined;
}

export interface GetOptions extends Withdrawable {
  /** Wait until the key is set. */
  wait?: boolean | undefined;
  /** Only with `wait`. Default: the test's remaining time less 2 s. */
  timeout?: Duration | undefined;
}

/** Sets a key, and wakes who waits for it. At most 256 KiB as JSON. */
export async function set(key: string, value: Json, options: Withdrawable = {}): Promise<void> {
  if (value === undefined)
    throw new TuttiError('BAD_PARAMS', `set ${JSON.stringify(key)}: undefined is not a JSON value`);
  await localCall('set', { key, scope: options.scope, value }, { signal: options.signal });
}

/**
 * A key's value, undefined if it is not set; with `wait`, as soon as it is set.
 *
 * @throws TuttiError TIMED_OUT, WAIT_BROKEN (nobody is left who could set it), CANCELLED
 */
export function get<T extends Json = Json>(key: string, options: GetOptions & { wait: true }): Promise<T>;
export function get<T extends Json = Json>(key: string, options?: GetOptions): Promise<T | undefined>;
export async function get(key: string, options: GetOptions = {}): Promise<Json | undefined> {
  const { scope, wait, signal } = options;
  if (options.timeout !== undefined && wait !== true)
    throw new TuttiError('BAD_PARAMS', 'get: a timeout needs wait');
  const timeout = options.timeout === undefined ? undefined : inSeconds(options.timeout);
  const args = { key, scope, wait: wait || undefined, timeout };
  const answer = await localCall('get', args, { signal, timeout });
  const { found, value } = answer as { found: boolean; value: Json };
  return found ? value : undefined;
}

/** Adds to a whole number in one step and returns the new value; a key that is not set counts as 0. */
export async function incr(key: string, by?: number, options: Withdrawable = {}): Promise<number> {
  const { scope, signal } = options;
  const answer = await localCall('incr', { key, scope, by }, { signal });
  return (answer as { value: number }).value;
}

/** The names of the keys that are set, sorted; those that begin with `prefix`, if given. */
export async function keys(prefix?: string, options: Withdrawable = {}): Promise<string[]> {
  const { scope, signal } = options;
  const answer = await localCall('keys', { prefix, scope }, { signal });
  return (answer as { keys: string[] }).keys;
}
