/** A test's verdict as a person reads it, once it has one: the same while the run goes on and in its summary. */
import { oneLine } from './columns.ts';
import type { Palette } from './palette.ts';

export interface Verdict {
  readonly name: string;
  readonly status: string;
  /** Seconds. */
  readonly duration?: number | undefined;
  readonly cause?: string | undefined;
}

/** What belongs to a verdict stands below it, this far in. */
export const INDENT = ' '.repeat(12);

export function verdictLines({ name, status, duration, cause }: Verdict, palette: Palette): string[] {
  const took = duration === undefined ? '' : palette.dim(`  ${duration.toFixed(1)} s`);
  const head = `${palette.status(status.padEnd(11))} ${oneLine(name)}${took}`;
  return cause === undefined ? [head] : [head, `${INDENT}${oneLine(cause)}`];
}
