/**
 * Machines that were let in, so that a restarted master knows which of them are missing; and what was decided about
 * each, which goes with the machine when its agent gets another name, or is set up anew under the same one.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { NodeIdentity } from '../agents/node.ts';
import type { Orders } from '../agents/orders.ts';
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
      'INSERT INTO node (agent, name, identity, orders) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET name = excluded.name, identity = excluded.identity, orders = excluded.orders',
    );
    this.#delete = database.prepare('DELETE FROM node WHERE name = ? AND agent <> ?');
  }

  all(): { identity: NodeIdentity; orders: Orders }[] {
    const rows = this.#database.prepare('SELECT identity, orders FROM node').all() as {
      identity: string;
      orders: string;
    }[];
    return rows.map((row) => {
      const { address, ...rest } = JSON.parse(row.identity) as NodeIdentity;
      return { identity: { ...rest, address }, orders: JSON.parse(row.orders) as Orders };
    });
  }

  /** In the place of whoever had the name before. `ordered`: an operator relies on it. */
  save(node: { identity: NodeIdentity; orders: Orders }, ordered: boolean): Promise<void> {
    const { agent, name } = node.identity;
    const [identity, orders] = [JSON.stringify(node.identity), JSON.stringify(node.orders)];
    return this.#journal.write('node', ordered ? 'full' : 'normal', () => {
      this.#delete.run(name, agent);
      this.#save.run(agent, name, identity, orders);
    });
  }
}
