/** The exit status that commands on machines mean. Pure. */
import { constants } from 'node:os';
import { EXIT } from '@tutti/protocol';

/** How a command on one machine came out. */
export interface Outcome {
  readonly exit?: number | undefined;
  readonly signal?: string | undefined;
  readonly stopped?: string | undefined;
  /** It could not be started, or it is not known how it ended. */
  readonly failed?: boolean | undefined;
}

/** As shells say it: the command's own, 128 and its number after a signal. */
export function exitStatusOf({ exit, signal, stopped, failed }: Outcome): number {
  if (failed === true) return EXIT.error;
  if (stopped === 'timeout') return EXIT.timedOut;
  if (stopped === 'cancelled') return EXIT.interrupted;
  if (stopped !== undefined) return EXIT.error;
  if (exit !== undefined) return exit;
  if (signal === undefined) return 128 + constants.signals.SIGKILL;
  return 128 + (constants.signals[signal as NodeJS.Signals] ?? 0);
}

/**
 * Of several: 130 when they were interrupted, else 2 when one of them could not be reached, else 124 when one was stopped at
 * its time limit, else the highest.
 */
export function worstStatus(outcomes: readonly Outcome[]): number {
  const statuses = outcomes.map(exitStatusOf);
  if (outcomes.some(({ failed, stopped }) => failed !== true && stopped === 'cancelled'))
    return EXIT.interrupted;
  if (outcomes.some(({ failed }) => failed)) return EXIT.error;
  if (outcomes.some(({ stopped }) => stopped === 'timeout')) return EXIT.timedOut;
  return Math.max(0, ...statuses);
}
