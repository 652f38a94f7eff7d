/**
 * All that the master keeps in its database, as one object.
 *
 * Guarantees: what a promise of the store was awaited for survives a kill of the master at any moment; checkpoints of
 * the write-ahead log run beside the event loop.
 */
import type { Clock, Logger } from '@tutti/link';
import { Checkpointer } from './checkpointer.ts';
import { openDatabase } from './database.ts';
import { Decisions } from './decisions.ts';
import { History } from './history.ts';
import { Journal } from './journal.ts';
import { NodeRows } from './node-rows.ts';
import { NotificationRows } from './notification-rows.ts';
import { RunList } from './run-list.ts';
import { RunRows } from './run-rows.ts';
import { Settings } from './settings.ts';

export interface StoreOptions {
  /** `:memory:` for a master whose runs end with it. */
  path: string;
  clock: Clock;
  log: Logger;
  onStep?: ((step: string) => void) | undefined;
}

export class Store {
  readonly settings: Settings;
  readonly nodes: NodeRows;
  readonly runs: RunRows;
  readonly runList: RunList;
  readonly history: History;
  readonly decisions: Decisions;
  readonly notifications: NotificationRows;
  readonly #journal: Journal;
  readonly #close: () => Promise<void>;

  private constructor(
    journal: Journal,
    parts: Pick<Store, 'notifications' | 'settings' | 'nodes' | 'runs' | 'runList' | 'history' | 'decisions'>,
    close: () => Promise<void>,
  ) {
    this.#journal = journal;
    this.#close = close;
    this.settings = parts.settings;
    this.nodes = parts.nodes;
    this.runs = parts.runs;
    this.runList = parts.runList;
    this.history = parts.history;
    this.decisions = parts.decisions;
    this.notifications = parts.notifications;
  }

  /** Throws `STATE_TOO_NEW`, `STATE_NOT_WRITABLE`. */
  static open({ path, clock, log, onStep }: StoreOptions): Store {
    const { database, setAside, backup } = openDatabase(path);
    if (setAside !== undefined)
      log.error(
        { file: setAside.path },
        `the database ${path} is damaged (${setAside.why}); it was set aside as ${setAside.path}, and the master goes on without it: runs that were under way end as ERROR`,
      );
    if (backup !== undefined)
      log.info({ file: backup }, `the database ${path} was migrated; ${backup} is as it was`);
    const journal = new Journal({
      database,
      clock,
      onTrouble: (error) =>
        error === undefined
          ? log.info(`${path} can be written again`)
          : log.error(
              { err: error },
              `${path} cannot be written (${error.message}); what depends on it waits`,
            ),
      ...(onStep === undefined ? {} : { onStep }),
    });
    const checkpointer =
      path === ':memory:' ? undefined : new Checkpointer(database, path, clock, () => journal.commits);
    const parts = {
      settings: new Settings(database, journal),
      nodes: new NodeRows(database, journal),
      runs: new RunRows(database, journal),
      runList: new RunList(database),
      history: new History(database),
      decisions: new Decisions(database, journal),
      notifications: new NotificationRows(database, journal),
    };
    return new Store(journal, parts, async () => {
      journal.close();
      await checkpointer?.close();
      database.close();
    });
  }

  /** Resolves when all that was written so far is durable. */
  committed(): Promise<void> {
    return this.#journal.committed();
  }

  /** Nothing can be written at present. */
  get stuck(): boolean {
    return this.#journal.stuck;
  }

  close(): Promise<void> {
    return this.#close();
  }
}
