/** This cannot be tested here. */
import { Skipped } from './failures/classify.ts';

/** Ends the test as skipped, with the reason. A driver all of whose tests are skipped is SKIP. */
export function skip(reason: string): never {
  throw new Skipped(reason);
}
