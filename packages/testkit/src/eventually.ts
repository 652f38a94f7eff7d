/** For what only the real world can make true: another process, a socket, a file. */
import { setTimeout as delay } from 'node:timers/promises';

/**
 * Looks again and again until `check` neither throws nor yields false, and returns what it yields.
 * Rejects after `timeout` ms (of real time) with what was wrong the last time.
 */
export async function eventually<T>(
  check: () => T | Promise<T>,
  { timeout = 8000, every = 5 }: { timeout?: number; every?: number } = {},
): Promise<T> {
  const deadline = performance.now() + timeout;
  for (;;) {
    let problem: unknown = new Error('it is still false');
    try {
      const value = await check();
      if (value !== false) return value;
    } catch (error) {
      problem = error;
    }
    if (performance.now() >= deadline) {
      const message = problem instanceof Error ? problem.message : String(problem);
      throw new Error(`not within ${timeout} ms: ${message}`, { cause: problem });
    }
    await delay(every);
  }
}
