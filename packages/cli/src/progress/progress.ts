/** What a run looks like while it goes on. */
import type { RunView } from '@tutti/protocol';

export interface Progress {
  /** A line that stays. */
  note(line: string): void;
  /** What is going on before there is a run to show. */
  busy(what: string): void;
  show(view: RunView): void;
  /** The master cannot be reached, from now until `back`; the run may go on there. */
  away(master: string): void;
  back(): void;
  /** The tests, by their position without setup and teardown, whose verdict has been said. */
  readonly told: ReadonlySet<number>;
  /** Nothing more will come; leaves no half-drawn line. */
  end(): void;
}

export interface Terminal {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
}
