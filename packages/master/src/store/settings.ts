/** What holds for the whole database, by name. */
import type { DatabaseSync } from 'node:sqlite';
import type { Journal } from './journal.ts';

export class Settings {
  readonly #database: DatabaseSync;
  readonly #journal: Journal;

  constructor(database: DatabaseSync, journal: Journal) {
    this.#database = database;
    this.#journal = journal;
  }

  get(name: string): string | undefined {
    const row = this.#database.prepare('SELECT value FROM setting WHERE name = ?').get(name);
    return row === undefined ? undefined : String(row['value']);
  }

  set(name: string, value: string): Promise<void> {
    return this.#journal.write(`setting ${name}`, 'full', () => {
      this.#database
        .prepare(
          'INSERT INTO setting (name, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value',
        )
        .run(name, value);
    });
  }
}
