/** What a run looks like while it goes on: redrawn on a terminal, one plain line per change elsewhere. */
import type { RunView } from '@tutti/protocol';
import { LiveProgress } from './live.ts';
import { paletteFor } from './palette.ts';
import { PlainProgress } from './plain.ts';

export interface Progress {
  /** A line that stays. */
  note(line: string): void;
  /** What is going on before there is a run to show. */
  busy(what: string): void;
  show(view: RunView): void;
  /** Nothing more will come; leaves no half-drawn line. */
  end(): void;
}

export interface Terminal {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
}

export function makeProgress(out: Terminal, env: Record<string, string | undefined>): Progress {
  const palette = paletteFor(out.isTTY === true, env);
  return out.isTTY && env['TERM'] !== 'dumb' ? new LiveProgress(out, palette) : new PlainProgress(out);
}
