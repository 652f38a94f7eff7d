/** A test's verdict as a person reads it, once it has one: the same while the run goes on and in its summary. */
import { isOk, type Status } from '@tutti/protocol';
import { oneLine } from './columns.ts';
import type { Palette } from './palette.ts';

export interface Verdict {
  readonly name: string;
  readonly status: Status | 'RUNNING';
  /** Seconds. */
  readonly duration?: number | undefined;
  readonly cause?: string | undefined;
  /** How many it took. */
  readonly attempts?: number | undefined;
}

/** What belongs to a verdict stands below it, this far in. */
export const INDENT = ' '.repeat(12);

export function verdictLines(
  { name, status, duration, cause, attempts = 1 }: Verdict,
  palette: Palette,
): string[] {
  const took = duration === undefined ? '' : palette.dim(`  ${duration.toFixed(1)} s`);
  const tried = triesInWords(status, attempts);
  const head = `${palette.status(status.padEnd(11))} ${oneLine(name)}${tried === '' ? '' : `  ${tried}`}${took}`;
  const why = whyInWords(status, cause);
  return why === undefined ? [head] : [head, `${INDENT}${oneLine(why)}`];
}

/** `(flaky: 2 attempts)`; nothing where one attempt was enough. */
export function triesInWords(status: Status | 'RUNNING', attempts: number): string {
  if (attempts < 2) return '';
  return status !== 'RUNNING' && isOk(status) ? `(flaky: ${attempts} attempts)` : `(${attempts} attempts)`;
}

/** A test that passed against expectation says of itself nothing. */
export function whyInWords(status: Status | 'RUNNING', cause: string | undefined): string | undefined {
  return status === 'XPASS' ? (cause ?? 'it was expected to fail') : cause;
}

/** `attempt 1: FAIL: client.0 on n2 exited with status 1` */
export function attemptInWords(
  n: number,
  { status, cause }: { status: string; cause?: string | undefined },
): string {
  return oneLine(`attempt ${n}: ${status}${cause === undefined ? '' : `: ${cause}`}`);
}
