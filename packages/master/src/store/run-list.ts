/**
 * The runs of this master and of those before it, as rows of a list: the newest first, a page at a time.
 *
 * What a page costs depends on its length, not on how many runs there are, as long as most match: their specs are not
 * looked at, and tests are only counted.
 */
import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import { isOk, type RunPhase, type RunStage, STATUSES, type Status } from '@tutti/protocol';

export interface RunQuery {
  /** Goes on below this number. */
  readonly before?: number | undefined;
  /** At one of these, or with one of these verdicts; both absent: all. */
  readonly stages?: readonly RunStage[] | undefined;
  readonly statuses?: readonly Status[] | undefined;
  /** A glob. */
  readonly suite?: string | undefined;
}

export interface ListedRun {
  readonly number: number;
  readonly id: string;
  readonly suite: string;
  readonly dir: string;
  readonly phase: RunPhase;
  readonly started: number;
  readonly priority: number;
  readonly status?: Status;
  readonly cause?: string;
  readonly exit?: number;
  readonly duration?: number;
  readonly size: number;
  readonly done: number;
  readonly notOk: number;
}

const STAGES: Record<RunStage, string> = {
  queued: "phase = 'queued'",
  running: "phase NOT IN ('queued', 'finished')",
  finished: "phase = 'finished'",
};

const BAD = STATUSES.filter((status) => !isOk(status));

/** Counted in the table's own order of rows: that of its key, `run` first. */
const COUNTS = `SELECT count(*) AS size, count(status) AS done, count(CASE WHEN status IN (${marks(BAD)}) THEN 1 END) AS notOk
  FROM test WHERE run = ?`;

export class RunList {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  page({ before, stages = [], statuses = [], suite }: RunQuery, length: number): ListedRun[] {
    const conditions: string[] = [];
    const values: (string | number)[] = [];
    if (before !== undefined) {
      conditions.push('number < ?');
      values.push(before);
    }
    if (stages.length + statuses.length > 0) {
      conditions.push(
        `(${[...stages.map((stage) => STAGES[stage]), `status IN (${marks(statuses)})`].join(' OR ')})`,
      );
      values.push(...statuses);
    }
    if (suite !== undefined) {
      conditions.push('suite GLOB ?');
      // SQLite's globs know brackets too, ours do not: names contain them.
      values.push(suite.replaceAll('[', '[[]'));
    }
    const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
    const rows = this.#database
      .prepare(
        `SELECT number, id, suite, dir, phase, started, priority, status, cause, exit, duration
           FROM run ${where} ORDER BY number DESC LIMIT ?`,
      )
      .all(...values, length);
    const counts = this.#database.prepare(COUNTS);
    return rows.map((row) => listed({ ...row, ...counts.get(...BAD, Number(row['number'])) }));
  }
}

function listed(row: Record<string, SQLOutputValue>): ListedRun {
  return Object.fromEntries(
    Object.entries(row).filter(([, value]) => value !== null),
  ) as unknown as ListedRun;
}

function marks(values: readonly unknown[]): string {
  return values.map(() => '?').join(', ');
}
