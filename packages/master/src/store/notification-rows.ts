/** What webhooks are to be told of runs, until they have been: each event of a run once for each receiver. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { NotificationEvent } from '@tutti/protocol';
import type { Journal } from './journal.ts';

export interface NotificationRow {
  /** Grows. */
  readonly seq: number;
  /** Of the delivery, stable over tries. */
  readonly id: string;
  readonly run: number;
  readonly event: NotificationEvent;
  readonly url: string;
  /** Unix ms, master time; so is `next`. */
  readonly created: number;
  /** Those that failed. */
  tries: number;
  next: number;
}

export class NotificationRows {
  readonly #database: DatabaseSync;
  readonly #journal: Journal;
  readonly #insert: StatementSync;

  constructor(database: DatabaseSync, journal: Journal) {
    this.#database = database;
    this.#journal = journal;
    this.#insert = database.prepare(
      `INSERT INTO notification (id, run, event, url, body, created, tries, next)
         VALUES (:id, :run, :event, :url, :body, :created, 0, :created) ON CONFLICT DO NOTHING`,
    );
  }

  /** Only within a transaction of the journal. What was noted before stays as it is. */
  insert(row: Omit<NotificationRow, 'seq' | 'tries' | 'next'> & { readonly body: string }): void {
    const { id, run, event, url, body, created } = row;
    this.#insert.run({ id, run, event, url, body, created });
  }

  /** Resolves when what was inserted so far is durable. */
  committed(): Promise<void> {
    return this.#journal.committed();
  }

  /** Those that are still owed, behind this one, in order. */
  owedBeyond(seq: number): NotificationRow[] {
    return this.#database
      .prepare(
        'SELECT seq, id, run, event, url, created, tries, next FROM notification WHERE body IS NOT NULL AND seq > ? ORDER BY seq',
      )
      .all(seq) as unknown as NotificationRow[];
  }

  bodyOf(seq: number): string | undefined {
    const row = this.#database.prepare('SELECT body FROM notification WHERE seq = ?').get(seq);
    return row?.['body'] === null || row === undefined ? undefined : String(row['body']);
  }

  /** It is not owed any more; that it was stays known, so that it is not noted again. */
  settle(seq: number): Promise<void> {
    return this.#journal.write('notification settled', 'normal', () => {
      this.#database.prepare('UPDATE notification SET body = NULL WHERE seq = ?').run(seq);
    });
  }

  postpone({ seq, tries, next }: NotificationRow): Promise<void> {
    return this.#journal.write('notification postponed', 'normal', () => {
      this.#database
        .prepare('UPDATE notification SET tries = ?, next = ? WHERE seq = ?')
        .run(tries, next, seq);
    });
  }
}
