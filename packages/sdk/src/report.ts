/** Subtests and marks, which go into the run's report. */
import { type Duration, inSeconds } from './duration.ts';
import { localCall } from './local-call.ts';

export type SubtestStatus = 'pass' | 'warn' | 'fail' | 'skip' | 'error';

export interface ResultOptions {
  /** A number worth keeping: what was measured. */
  measure?: number | undefined;
  /** What the measure counts: `Mbit/s`. */
  unit?: string | undefined;
  /** One sentence for who reads the report. */
  message?: string | undefined;
  /** How long it took. */
  duration?: Duration | undefined;
  signal?: AbortSignal | undefined;
}

/** Reports a subtest. When it returns, the report cannot lose it any more. */
export async function result(
  name: string,
  status: SubtestStatus,
  options: ResultOptions = {},
): Promise<void> {
  const { measure, unit, message, signal } = options;
  const duration = options.duration === undefined ? undefined : inSeconds(options.duration);
  // A result belongs to the report, also when its test is being ended.
  const bounds = { signal, outlivesTest: true };
  await localCall('result', { name, status, measure, unit, message, duration }, bounds);
}

/**
 * Notes that something has happened, at this time. When it returns, the report cannot lose it any more. Roles with
 * `start: after ROLE` begin when all members of that role have said `mark('started')`.
 */
export async function mark(name: string, options: { signal?: AbortSignal | undefined } = {}): Promise<void> {
  await localCall('mark', { name }, options);
}
