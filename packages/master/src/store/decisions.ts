/**
 * What sync spaces have decided: kept in order until their attempts or runs end, and read again when the master starts.
 *
 * They survive the end of the process; a crash of the master's machine may lose the last of them (docs/guarantees.md).
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Effect } from '../sync/effects.ts';
import type { DecisionLog } from '../sync/live-space.ts';
import { effectsOf, effectsText } from './effects-text.ts';
import type { Journal } from './journal.ts';

export class Decisions implements DecisionLog {
  readonly #database: DatabaseSync;
  readonly #journal: Journal;
  readonly #insert: StatementSync;

  constructor(database: DatabaseSync, journal: Journal) {
    this.#database = database;
    this.#journal = journal;
    this.#insert = database.prepare(
      'INSERT INTO decision (space, seq, effects) VALUES (:space, (SELECT coalesce(max(seq), 0) + 1 FROM decision WHERE space = :space), :effects)',
    );
  }

  append(space: string, effects: readonly Effect[]): Promise<void> {
    const text = effectsText(effects);
    return this.#journal.write('decision', 'normal', () => {
      this.#insert.run({ space, effects: text });
    });
  }

  /** `space`: the id of its attempt or run. */
  of(space: string): Effect[] {
    const rows = this.#database
      .prepare('SELECT effects FROM decision WHERE space = ? ORDER BY seq')
      .all(space) as { effects: string }[];
    return rows.flatMap(({ effects }) => effectsOf(effects));
  }
}
