/** A timer for any length: Node's own fires at once when asked for more than 24.8 days. */
export interface Timer {
  clear(): void;
}

const LONGEST_MS = 2 ** 31 - 1;

/** Calls back once, in the next turn at the earliest. */
export function timer(ms: number, callback: () => void): Timer {
  let left = Math.max(1, ms);
  let handle = setTimeout(fire, Math.min(left, LONGEST_MS));
  function fire(): void {
    left -= LONGEST_MS;
    if (left <= 0) callback();
    else handle = setTimeout(fire, Math.min(left, LONGEST_MS));
  }
  return { clear: () => clearTimeout(handle) };
}
