/** When a notification that could not be delivered is tried again. Pure. */

const FIRST_MS = 1000;
const LONGEST_MS = 300_000;
/** A receiver that is gone for longer is not told any more. */
const PATIENCE_MS = 3_600_000;

/**
 * ms until the next try: from half to all of 1 s · 2ⁿ, at most 5 minutes; undefined: it is given up. `tries`: those that failed;
 * `age`: since it happened, ms; `random` gives 0 … 1.
 */
export function nextTry(tries: number, age: number, random: () => number): number | undefined {
  if (age >= PATIENCE_MS) return undefined;
  const longest = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(tries - 1, 30));
  return longest * (0.5 + random() / 2);
}
