/** Whose fault a failure is: that of what is tested, or of the lab. The two have different exit statuses and verdicts. */

/** Codes that say nothing about what is tested: a machine is gone, a disk is full, Tutti itself does not work. */
const LAB_CODES = new Set([
  'BAD_FRAME',
  'BAD_RESULT',
  'DIGEST_MISMATCH',
  'DISK_FULL',
  'FRAME_TOO_LARGE',
  'INTERNAL',
  'LAB_FAILED',
  'MASTER_STOPPING',
  'NODE_LOST',
  'NOT_CONNECTED',
  'NO_MASTER',
  'SLOW_PEER',
  'STATE_NOT_WRITABLE',
  'TOO_MANY_CALLS',
  'UNKNOWN_CALL',
  'ENOSPC', // of the driver's own files
]);

/** Thrown by `skip`. */
export class Skipped extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'Skipped';
  }
}

export type Outcome = 'pass' | 'skip' | 'fail' | 'error';

export function isOfLab(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.some(isOfLab);
  if (!(error instanceof Error)) return false;
  return LAB_CODES.has((error as { code?: unknown }).code as string);
}

export function outcomeOf(error: unknown): Outcome {
  if (error instanceof Skipped) return 'skip';
  return isOfLab(error) ? 'error' : 'fail';
}

/** Of what a driver's tests came to, as the agent understands it. */
export function exitStatus(outcomes: readonly Outcome[]): number {
  if (outcomes.includes('error')) return 99;
  if (outcomes.includes('fail')) return 1;
  return outcomes.length > 0 && outcomes.every((outcome) => outcome === 'skip') ? 77 : 0;
}
