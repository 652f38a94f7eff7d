/** Redrawn on a terminal, one plain line per change elsewhere. */
import { LiveProgress } from './live.ts';
import { paletteFor } from './palette.ts';
import { PlainProgress } from './plain.ts';
import type { Progress, Terminal } from './progress.ts';

export function makeProgress(out: Terminal, env: Record<string, string | undefined>): Progress {
  const palette = paletteFor(out.isTTY === true, env);
  return out.isTTY && env['TERM'] !== 'dumb' ? new LiveProgress(out, palette) : new PlainProgress(out);
}
