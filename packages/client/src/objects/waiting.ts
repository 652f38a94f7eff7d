/** Waits that end when their signal does. */
import { TuttiError } from '@tutti/protocol';

/** Rejects at once when the signal aborts, whatever becomes of the work; `aborted` says what is done about it. */
export async function unlessAborted<T>(
  work: Promise<T>,
  signal: AbortSignal | undefined,
  aborted: () => string,
): Promise<T> {
  if (signal === undefined) return work;
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = () => reject(new TuttiError('CANCELLED', aborted(), { cause: signal.reason }));
  signal.addEventListener('abort', abort, { once: true });
  promise.catch(() => {});
  work.catch(() => {});
  try {
    return await Promise.race([promise, work]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** Resolves after so long; rejects when the signal aborts. */
export function passed(seconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolvePause, reject) => {
    const timer = setTimeout(done, seconds * 1000);
    function done(): void {
      signal?.removeEventListener('abort', withdrawn);
      resolvePause();
    }
    function withdrawn(): void {
      clearTimeout(timer);
      reject(new TuttiError('CANCELLED', 'the wait was withdrawn', { cause: signal?.reason }));
    }
    signal?.addEventListener('abort', withdrawn, { once: true });
    if (signal?.aborted) withdrawn();
  });
}
