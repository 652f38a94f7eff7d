/**
 * Several indexed logs as one timeline: whole lines, in the order in which they were complete; of one time those of the log
 * that was added first. Pure but for what the readers read; held is a cursor for each log, and one piece.
 *
 * While logs grow it goes on: what comes late comes last, and nothing comes twice.
 */
import { Heap } from './heap.ts';
import type { LogCursor, LogPiece } from './log-cursor.ts';

interface Entry<L> {
  readonly log: L;
  readonly cursor: LogCursor;
  readonly order: number;
  waits: boolean;
}

export interface MergedPiece<L> extends LogPiece {
  readonly log: L;
}

export class LogMerge<L> {
  readonly #entries = new Map<L, Entry<L>>();
  /** Those that have something. */
  readonly #heap = new Heap<Entry<L>>((a, b) => {
    const [left, right] = [a.cursor.head ?? 0, b.cursor.head ?? 0];
    return left < right || (left === right && a.order < b.order);
  });
  /** Those that have to be looked at. */
  readonly #woken = new Set<Entry<L>>();

  add(log: L, cursor: LogCursor): void {
    const entry = { log, cursor, order: this.#entries.size, waits: true };
    this.#entries.set(log, entry);
    this.#woken.add(entry);
  }

  /** The log has grown. */
  wake(log: L): void {
    const entry = this.#entries.get(log);
    if (entry?.waits) this.#woken.add(entry);
  }

  /** The log does not grow any more. */
  complete(log: L): void {
    this.#entries.get(log)?.cursor.complete();
    this.wake(log);
  }

  /** Undefined: there is nothing at present. Ask again after a `wake`; never twice at once. */
  async next(): Promise<MergedPiece<L> | undefined> {
    for (;;) {
      await this.#look();
      const first = this.#heap.pop();
      if (first === undefined) return undefined;
      // Of what grows meanwhile the cursor hears at its next look, which may be the one in here or not.
      first.waits = true;
      const piece = await first.cursor.take();
      if (first.cursor.head !== undefined) this.#ready(first);
      if (piece !== undefined) return { ...piece, log: first.log };
    }
  }

  async #look(): Promise<void> {
    for (const entry of this.#woken) {
      this.#woken.delete(entry);
      if (!entry.waits) continue;
      await entry.cursor.look();
      if (entry.cursor.head !== undefined) this.#ready(entry);
    }
  }

  #ready(entry: Entry<L>): void {
    entry.waits = false;
    this.#heap.push(entry);
  }
}
