/**
 * What sync spaces have decided: kept in order until their attempts end, and read again when the master starts.
 *
 * They survive the end of the process; a crash of the master's machine may lose the last of them (docs/guarantees.md).
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { DecisionLog } from '../sync/broker.ts';
import type { Effect } from '../sync/effects.ts';
import type { Journal } from './journal.ts';

export class Decisions implements DecisionLog {
  readonly #database: DatabaseSync;
  readonly #journal: Journal;
  readonly #insert: StatementSync;

  constructor(database: DatabaseSync, journal: Journal) {
    this.#database = database;
    this.#journal = journal;
    this.#insert = database.prepare(
      'INSERT INTO decision (attempt, seq, effects) SELECT :attempt, coalesce(max(seq), 0) + 1, :effects FROM decision WHERE attempt = :attempt',
    );
  }

  append(attempt: string, effects: readonly Effect[]): Promise<void> {
    const text = JSON.stringify(effects);
    return this.#journal.write('decision', 'normal', () => {
      this.#insert.run({ attempt, effects: text });
    });
  }

  of(attempt: string): Effect[] {
    const rows = this.#database
      .prepare('SELECT effects FROM decision WHERE attempt = ? ORDER BY seq')
      .all(attempt) as { effects: string }[];
    return rows.flatMap(({ effects }) => JSON.parse(effects) as Effect[]);
  }
}
