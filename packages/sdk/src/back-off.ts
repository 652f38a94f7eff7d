/** How long to wait before the next attempt to reach the agent, which is being restarted. */
const FIRST_MS = 50;
const LONGEST_MS = 1000;

/** Between half and all of 50 ms · 2ⁿ, at most 1 s: scripts of one machine do not all come at once. */
export function backOffMs(attempt: number, random: () => number = Math.random): number {
  return Math.min(LONGEST_MS, FIRST_MS * 2 ** attempt) * (0.5 + random() / 2);
}
