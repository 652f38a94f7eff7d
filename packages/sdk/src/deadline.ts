/**
 * How much time the test has left, as far as this script knows: what its agent told it at its start, and what its own `extend`
 * was given since. Time that another member was given it does not see.
 */

/** Seconds of this process's clock at which the test's time is over. */
let deadline: number | undefined;

const secondsSinceStart = (): number => performance.now() / 1000;

export function noteTimeLeft(seconds: number): void {
  deadline = secondsSinceStart() + seconds;
}

/** Undefined outside a Tutti run. */
function timeLeft(): number | undefined {
  if (deadline === undefined) {
    const told = Number(process.env['TUTTI_DEADLINE'] ?? Number.NaN);
    if (!Number.isFinite(told)) return undefined;
    deadline = told; // counted from the start of this process
  }
  return deadline - secondsSinceStart();
}

/** What a wait has that says nothing else: the time left less 2 s, so that its failure can still be told. As at a barrier. */
export function defaultTimeout(): number | undefined {
  const left = timeLeft();
  return left === undefined ? undefined : Math.max(left - 2, left / 2, 0.001);
}
