/** A run whose tests stand still at a failure, and what is decided about them. */
import { randomBytes } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import { type CallParams, LIMITS, TuttiError } from '@tutti/protocol';
import type { MasterClient } from './master-client.ts';
import { durationSeconds } from './suite/duration.ts';

const DEFAULT_SECONDS = 15 * 60;

export type Decision = CallParams<'run.resume'>['how'];

export const DECISIONS = ['continue', 'retry', 'abort'] as const satisfies readonly Decision[];

export interface ResumeOptions {
  /** Default: the one that is paused. */
  readonly test?: string | undefined;
  /** Who decides, for the report; default: the user of this program. */
  readonly by?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Seconds, of `true`, `10m` or 600; undefined: tests do not pause. Throws `USAGE`. */
export function pauseSeconds(wanted: string | number | boolean | undefined): number | undefined {
  if (wanted === undefined || wanted === false) return undefined;
  const seconds = wanted === true ? DEFAULT_SECONDS : durationSeconds(wanted);
  const most = LIMITS.pauseSeconds.value;
  if (seconds > 0 && seconds <= most) return seconds;
  throw new TuttiError('USAGE', `a pause at a failure is longer than 0 and at most ${most / 3600} h`);
}

/** @internal The first decision stands. Throws `NOT_PAUSED`, `NO_SUCH_RUN`. */
export async function resumeRun(
  client: MasterClient,
  run: number,
  how: Decision,
  { test, by = whoAmI(), signal }: ResumeOptions = {},
): Promise<void> {
  const request = randomBytes(16).toString('hex');
  const more = { ...(test === undefined ? {} : { test }), ...(by === undefined ? {} : { by }) };
  await client.call('run.resume', { run, how, request, ...more }, signal);
}

/** `ann@desk`, as far as it is known. */
function whoAmI(): string | undefined {
  try {
    return `${userInfo().username}@${hostname()}`.slice(0, LIMITS.name.value);
  } catch {
    // A user without a name.
    return undefined;
  }
}
