/** What every wait of a driver takes, and how it ends: by a deadline, by a signal, or by what it waits for. */
import { defaultTimeout } from '../deadline.ts';
import { type Duration, inSeconds } from '../duration.ts';
import { TuttiError } from '../errors.ts';
import { signalOfTest } from '../test-signal.ts';

export interface WaitOptions {
  /** At most so long. Default: the test's remaining time less 2 s. */
  timeout?: Duration | undefined;
  /** Aborting it ends the wait. */
  signal?: AbortSignal | undefined;
}

/** A longer timer would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** @throws TuttiError BAD_PARAMS when it is not a time span, or none at all */
export function secondsFor(timeout: Duration | undefined): number | undefined {
  if (timeout === undefined) return defaultTimeout();
  const seconds = inSeconds(timeout);
  if (seconds > 0) return seconds;
  throw new TuttiError('BAD_PARAMS', 'a timeout of 0 s: leave it out to wait as long as the test lasts');
}

/**
 * Runs `work` with a signal that aborts with the caller's, with the test's, and when the time is over. Rejects then, whether or
 * not `work` cares.
 */
export async function within<T>(
  seconds: number | undefined,
  signal: AbortSignal | undefined,
  late: () => TuttiError,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const time = new AbortController();
  const limitMs = seconds === undefined ? Number.POSITIVE_INFINITY : seconds * 1000;
  const timer = limitMs <= LONGEST_TIMER_MS ? setTimeout(() => time.abort(), limitMs) : undefined;
  const all = anyOf(time.signal, signal, signalOfTest());
  const { promise: ended, reject } = Promise.withResolvers<never>();
  const end = (): void => reject(time.signal.aborted ? late() : withdrawn(all.reason));
  all.addEventListener('abort', end);
  ended.catch(() => {});
  try {
    if (all.aborted) end();
    const working = work(all);
    working.catch(() => {}); // what comes of it when nobody waits any more
    return await Promise.race([working, ended]);
  } finally {
    clearTimeout(timer);
    all.removeEventListener('abort', end);
  }
}

function withdrawn(reason: unknown): TuttiError {
  if (reason instanceof TuttiError) return reason;
  return new TuttiError('CANCELLED', 'withdrawn by its signal', { cause: reason });
}

function anyOf(...signals: (AbortSignal | undefined)[]): AbortSignal {
  return AbortSignal.any(signals.filter((signal) => signal !== undefined));
}

/** Resolves after so long, or when the signal aborts. */
export function pause(seconds: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, Math.min(seconds * 1000, LONGEST_TIMER_MS));
    signal.addEventListener('abort', end);
  });
}

/** "1.2 s", for messages. */
export function inWords(seconds: number): string {
  return `${Number(seconds.toFixed(seconds < 10 ? 1 : 0))} s`;
}
