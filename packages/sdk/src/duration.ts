/**
 * The one grammar for a time span, the same in shell, Python and TypeScript: a number with `ms`, `s`, `m` or `h`
 * behind it; a bare number means seconds. Never negative.
 */
import { TuttiError } from './errors.ts';

/** Seconds as a number, or text such as `'30s'`, `'1.5m'`, `'200ms'`. */
export type Duration = number | string;

const GRAMMAR = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/;

/** @throws TuttiError BAD_PARAMS when it is not a time span */
export function inSeconds(duration: Duration): number {
  if (typeof duration === 'number' && Number.isFinite(duration) && duration >= 0) return duration;
  const [, digits, unit] = (typeof duration === 'string' && GRAMMAR.exec(duration)) || [];
  if (digits === undefined) {
    throw new TuttiError(
      'BAD_PARAMS',
      `${JSON.stringify(duration)} is not a time span: write 30s, 500ms, 2m, 1h, or seconds`,
    );
  }
  const number = Number(digits);
  if (unit === 'ms') return number / 1000; // divided, so that 300ms is 0.3 and not 0.30000000000000004
  return number * (unit === 'h' ? 3600 : unit === 'm' ? 60 : 1);
}
