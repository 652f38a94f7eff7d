/**
 * The signal of the test that is under way in this process (see drive/test.ts), if any: calls made meanwhile are withdrawn
 * when it aborts. One at a time: tests of one file follow each other.
 */
let current: AbortSignal | undefined;

export function signalOfTest(): AbortSignal | undefined {
  return current;
}

export function setSignalOfTest(signal: AbortSignal | undefined): void {
  current = signal;
}
