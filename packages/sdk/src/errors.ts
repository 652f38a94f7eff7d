/** The one error that the SDK throws. */
export class TuttiError extends Error {
  /**
   * What kind of failure: a code of `docs/errors.md`. Those worth telling apart in a script: `TIMED_OUT`,
   * `BARRIER_BROKEN`, `BARRIER_ABORTED`, `WAIT_BROKEN`; `CANCELLED` when your own signal withdrew the wait.
   */
  readonly code: string;

  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'TuttiError';
    this.code = code;
  }
}
