/** Reboots: of the own machine, after which the same script runs again, or of another member's. */
import { type Duration, inSeconds } from './duration.ts';
import { localCall } from './local-call.ts';

export interface RebootOptions {
  /** Whose machine: `client.0`, or `client` where the role has one member. Default: this one. */
  member?: string | undefined;
  /** At most so long until the machine is back. Default: 10 minutes. */
  timeout?: Duration | undefined;
  /** Only announces it: this script brings its machine down itself, by kexec, a panic, a power switch. */
  byScript?: boolean | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Reboots a machine. Of this one it never returns, except with `byScript`: all that the script started is ended, the
 * machine reboots, and the script runs again from its beginning, with `me.rebootCount` one higher, in the same directory.
 * Of another member's it returns when that machine is about to go down.
 *
 * @throws TuttiError CANNOT_REBOOT (the machine may not be rebooted; the message says why), BAD_PARAMS
 */
export async function reboot(options: RebootOptions = {}): Promise<void> {
  const { member, byScript, signal } = options;
  const timeout = options.timeout === undefined ? undefined : inSeconds(options.timeout);
  // Not the call's own limit: the machine goes down much earlier.
  await localCall('reboot', { member, timeout, byScript: byScript || undefined }, { signal });
}
