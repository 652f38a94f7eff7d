/**
 * Moves what is committed from the write-ahead log into the database, in a thread of its own: it waits for the disk, and
 * the event loop must not. (https://www.sqlite.org/wal.html, section 2.3)
 *
 * The thread is made when the log has grown for the first time: most masters of one run never need it.
 */
import { stat } from 'node:fs/promises';
import type { DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import type { Clock } from '@tutti/link';

const LOOK_EVERY_MS = 1000;
/** A log this long is read through at every lookup that misses the cache. */
const LONG_BYTES = 4 * 1024 * 1024;

/** As text: it needs nothing of ours, and a bundle has no file for it. */
const THREAD = `
  const { parentPort, workerData } = require('node:worker_threads');
  const { DatabaseSync } = require('node:sqlite');
  const database = new DatabaseSync(workerData);
  database.exec('PRAGMA busy_timeout = 5000');
  parentPort.on('message', () => {
    try {
      database.exec('PRAGMA wal_checkpoint(PASSIVE)');
      parentPort.postMessage(undefined);
    } catch (error) {
      // A full disk: the log grows on, and the next look tries again.
      parentPort.postMessage(error.message);
    }
  });
`;

export class Checkpointer {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #commits: () => number;
  #thread: Worker | undefined;
  #busy = false;
  #seen = 0;
  #cancel: () => void;

  /** `commits`: how many there have been; the file says how long the log once was, not what is new in it. */
  constructor(database: DatabaseSync, path: string, clock: Clock, commits: () => number) {
    this.#path = path;
    this.#commits = commits;
    this.#clock = clock;
    database.exec('PRAGMA wal_autocheckpoint = 0');
    this.#cancel = clock.after(LOOK_EVERY_MS, () => this.#look());
  }

  async close(): Promise<void> {
    this.#cancel();
    await this.#thread?.terminate();
  }

  #look(): void {
    this.#cancel = this.#clock.after(LOOK_EVERY_MS, () => this.#look());
    if (this.#busy || this.#commits() === this.#seen) return;
    this.#busy = true;
    stat(`${this.#path}-wal`).then(
      ({ size }) => {
        if (size < LONG_BYTES) this.#busy = false;
        else this.#checkpoint();
      },
      () => {
        this.#busy = false;
      },
    );
  }

  #checkpoint(): void {
    if (this.#thread === undefined) {
      this.#thread = new Worker(THREAD, { eval: true, workerData: this.#path });
      this.#thread.unref();
      this.#thread.on('message', () => {
        this.#busy = false;
      });
      this.#thread.on('error', () => {
        this.#thread = undefined;
        this.#busy = false;
      });
    }
    this.#seen = this.#commits();
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    this.#thread.postMessage(undefined);
  }
}
