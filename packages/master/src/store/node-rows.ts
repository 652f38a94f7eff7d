/** Machines that were let in, so that a restarted master knows which of them are missing. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { NodeIdentity } from '../agents/node.ts';
import type { Journal } from './journal.ts';

export class NodeRows {
  readonly #database: DatabaseSync;
  readonly #journal: Journal;
  readonly #save: StatementSync;
  readonly #delete: StatementSync;

  constructor(database: DatabaseSync, journal: Journal) {
    this.#database = database;
    this.#journal = journal;
    this.#save = database.prepare(
      'INSERT INTO node (agent, name, identity) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET name = excluded.name, identity = excluded.identity',
    );
    this.#delete = database.prepare('DELETE FROM node WHERE name = ? AND agent <> ?');
  }

  all(): NodeIdentity[] {
    const rows = this.#database.prepare('SELECT identity FROM node').all() as { identity: string }[];
    return rows.map(({ identity }) => {
      const { address, ...rest } = JSON.parse(identity) as NodeIdentity;
      return { ...rest, address };
    });
  }

  /** In the place of whoever had the name before. */
  save(identity: NodeIdentity): Promise<void> {
    return this.#journal.write('node', 'normal', () => {
      this.#delete.run(identity.name, identity.agent);
      this.#save.run(identity.agent, identity.name, JSON.stringify(identity));
    });
  }
}
