/** More time for the test. */
import { noteTimeLeft } from './deadline.ts';
import { type Duration, inSeconds } from './duration.ts';
import { localCall } from './local-call.ts';

/**
 * Gives the test so much more time, and returns the seconds that it then has left. The master may give less than was
 * asked for.
 */
export async function extend(
  duration: Duration,
  options: { signal?: AbortSignal | undefined } = {},
): Promise<number> {
  const answer = await localCall('extend', { seconds: inSeconds(duration) }, { signal: options.signal });
  const { remaining } = answer as { remaining: number };
  noteTimeLeft(remaining);
  return remaining;
}
