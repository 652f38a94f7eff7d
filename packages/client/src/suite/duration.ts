/**
 * Time spans as people write them: a number is seconds; text is `500ms`, `30s`, `2m`, `1h`, `1m30s`.
 *
 * Guarantees a finite number of seconds between 0 and `LONGEST_SECONDS`, or a `TuttiError` that shows
 * how to write it.
 */
import { TuttiError } from '@tutti/protocol';

/** 24 days: what a timer of the runtime can still hold (2³¹ ms). */
export const LONGEST_SECONDS = 24 * 86_400;

/** Units from the largest to the smallest, each at most once; or a bare number, which is seconds. */
export const DURATION_PATTERN =
  /^(?=\d)(?:\d+(?:\.\d+)?|(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?)$/;

export const DURATION_FORM = 'seconds, or 500ms, 30s, 2m, 1h, 1m30s';

const UNIT_SECONDS = [3600, 60, 1, 0.001];

export function durationSeconds(value: string | number): number {
  const seconds = parseDuration(value);
  if (seconds === undefined) {
    throw new TuttiError('USAGE', `"${value}" is not a duration: write ${DURATION_FORM}`);
  }
  if (seconds > LONGEST_SECONDS) {
    throw new TuttiError('USAGE', `"${value}" is too long: a duration is at most 24 days`);
  }
  return seconds;
}

/** The seconds, however many; undefined when it is not a duration. */
export function parseDuration(value: string | number): number | undefined {
  const seconds = typeof value === 'number' ? value : parseText(value.trim());
  return seconds !== undefined && Number.isFinite(seconds) && seconds >= 0 ? seconds : undefined;
}

function parseText(text: string): number | undefined {
  const match = DURATION_PATTERN.exec(text);
  if (!match) return undefined;
  const amounts = match.slice(1, 5);
  if (amounts.every((amount) => amount === undefined)) return Number(text);
  const sum = amounts.reduce((total, amount, at) => total + Number(amount ?? 0) * (UNIT_SECONDS[at] ?? 0), 0);
  // Microseconds are finer than anybody times out; without rounding, binary dust shows in reports.
  return Math.round(sum * 1e6) / 1e6;
}
