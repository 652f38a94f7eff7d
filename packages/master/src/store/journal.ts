/**
 * Group commit: all that is written in one turn of the event loop is one transaction.
 *
 * Guarantees: writes take effect in the order they were asked for; the promise of a write resolves after its
 * transaction was committed, so what waits for it promises nothing that a kill could undo. Verdicts and transitions of
 * runs (`full`) are on the disk then; the rest (`normal`) survives the end of the process, but perhaps not of the machine.
 *
 * Without room on the disk nothing is lost and nothing is promised: the transaction is tried again until there is, and
 * all that waits for it waits. A write that fails by itself rejects alone; the others of its turn are committed
 * without it.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Clock } from '@tutti/link';
import { sqliteCode } from './database.ts';

/** https://www.sqlite.org/rescode.html: what passes when a disk gets room or mends. */
const IOERR = 10;
const FULL = 13;
const TRY_AGAIN_MS = 1000;

/** FULL costs an fsync; https://www.sqlite.org/pragma.html#pragma_synchronous */
export type Strength = 'normal' | 'full';

interface Write {
  readonly step: string;
  readonly write: () => void;
  readonly strength: Strength;
  readonly committed: () => void;
  readonly failed: (error: unknown) => void;
}

export interface JournalOptions {
  readonly database: DatabaseSync;
  readonly clock: Clock;
  /** Told once when the disk takes no more, and once when it does again. */
  readonly onTrouble?: (error: Error | undefined) => void;
  /** Told of every durable step after its commit: where tests kill the process. */
  readonly onStep?: (step: string) => void;
}

export class Journal {
  readonly #options: JournalOptions;
  readonly #begin: StatementSync;
  readonly #end: StatementSync;
  #writes: Write[] = [];
  #committing: NodeJS.Immediate | undefined;
  /** Set while the disk takes nothing. */
  #cancelRetry: (() => void) | undefined;
  #strength: Strength | undefined;
  #last: Promise<void> = Promise.resolve();
  #commits = 0;
  #closed = false;

  constructor(options: JournalOptions) {
    this.#options = options;
    this.#begin = options.database.prepare('BEGIN IMMEDIATE');
    this.#end = options.database.prepare('COMMIT');
  }

  /** `step` names what becomes durable. Rejects with what `write` throws. */
  write(step: string, strength: Strength, write: () => void): Promise<void> {
    // The process is going: nobody is promised anything any more.
    if (this.#closed) return new Promise(() => {});
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#writes.push({ step, write, strength, committed: resolve, failed: reject });
    if (!this.stuck) this.#committing ??= setImmediate(() => this.#commit());
    // Not everybody waits for every write; who does hears of a failure.
    this.#last = promise.catch(() => {});
    return promise;
  }

  /** Resolves when all that was written so far is committed, or has failed by itself. */
  async committed(): Promise<void> {
    await this.#last;
  }

  /** Transactions so far. */
  get commits(): number {
    return this.#commits;
  }

  /** The disk has taken nothing for a while. */
  get stuck(): boolean {
    return this.#cancelRetry !== undefined;
  }

  /** Commits what is left, as far as the disk takes it. */
  close(): void {
    this.#closed = true;
    if (this.#writes.length > 0) this.#commit();
    this.#cancelRetry?.();
  }

  #commit(): void {
    clearImmediate(this.#committing);
    this.#committing = undefined;
    const writes = this.#writes;
    this.#writes = [];
    let failed: ReadonlyMap<Write, unknown>;
    try {
      failed = this.#transact(writes);
    } catch (error) {
      if (isDiskTrouble(error)) this.#later(writes, error as Error);
      else for (const write of writes) write.failed(error);
      return;
    }
    this.#commits += 1;
    if (this.stuck) this.#options.onTrouble?.(undefined);
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    for (const write of writes) {
      if (failed.has(write)) write.failed(failed.get(write));
      else write.committed();
    }
    for (const write of writes) if (!failed.has(write)) this.#options.onStep?.(write.step);
  }

  #later(writes: Write[], error: Error): void {
    this.#writes = writes;
    if (!this.stuck) this.#options.onTrouble?.(error);
    this.#cancelRetry?.();
    this.#cancelRetry = this.#options.clock.after(TRY_AGAIN_MS, () => this.#commit());
  }

  /** Returns the writes that failed by themselves, with why. Throws when the disk takes nothing. */
  #transact(writes: readonly Write[]): ReadonlyMap<Write, unknown> {
    const { database } = this.#options;
    this.#setStrength(writes.some(({ strength }) => strength === 'full') ? 'full' : 'normal');
    const failed = new Map<Write, unknown>();
    this.#begin.run();
    try {
      for (const write of writes) {
        database.exec('SAVEPOINT one');
        try {
          write.write();
          database.exec('RELEASE one');
        } catch (error) {
          if (isDiskTrouble(error)) throw error;
          database.exec('ROLLBACK TO one; RELEASE one');
          failed.set(write, error);
        }
      }
      this.#end.run();
    } catch (error) {
      // SQLite has rolled back by itself after some errors: then there is nothing to roll back.
      if (database.isTransaction) database.exec('ROLLBACK');
      throw error;
    }
    return failed;
  }

  /** May only change between transactions. */
  #setStrength(strength: Strength): void {
    if (this.#strength === strength) return;
    this.#options.database.exec(`PRAGMA synchronous = ${strength}`);
    this.#strength = strength;
  }
}

function isDiskTrouble(error: unknown): boolean {
  return [IOERR, FULL].includes(sqliteCode(error));
}
