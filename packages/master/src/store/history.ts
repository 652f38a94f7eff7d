/**
 * What became of a test in run after run, and of the members of a machine: the newest first, a page at a time.
 *
 * What a page costs depends on its length, and on how many members the attempts in it had, not on how many runs there are.
 */
import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import type { NodeHealth, ResultPlace, Status, TestResult } from '@tutti/protocol';

export interface HistoryQuery {
  readonly test: string;
  /** A glob. */
  readonly suite?: string | undefined;
  /** Goes on below this one. */
  readonly before?: ResultPlace | undefined;
}

type Row = Record<string, SQLOutputValue>;

/** Of a machine: so many tell how it has fared of late. */
const LAST_MEMBERS = 100;
const NODES_SHOWN = 32;
const LONGEST_CAUSE = 2000;

/** Ended badly, and not only because another member did. */
const NOT_OK = `(lost IS NOT NULL OR (verdict ->> '$.status' IN ('FAIL', 'ERROR', 'INTERRUPTED') AND verdict ->> '$.becauseOf' IS NULL))`;

export class History {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** Results of the tests of that name, at most `length`. */
  of({ test, suite, before }: HistoryQuery, length: number): TestResult[] {
    const conditions = ['test.name = ?', 'test.status IS NOT NULL'];
    const values: (string | number)[] = [test];
    if (before !== undefined) {
      conditions.push('(test.run, test.idx) < (?, ?)');
      values.push(before.run, before.index);
    }
    if (suite !== undefined) {
      conditions.push('run.suite GLOB ?');
      // SQLite's globs know brackets too, ours do not: names contain them.
      values.push(suite.replaceAll('[', '[[]'));
    }
    const rows = this.#database
      .prepare(
        `SELECT test.run AS run, test.idx AS idx, run.suite AS suite, test.status AS status, test.cause AS cause,
            test.started AS started, test.duration AS duration,
            (SELECT count(*) FROM attempt WHERE attempt.run = test.run AND attempt.test = test.idx) AS attempts
          FROM test JOIN run ON run.number = test.run
          WHERE ${conditions.join(' AND ')} ORDER BY test.run DESC, test.idx DESC LIMIT ?`,
      )
      .all(...values, length);
    return rows.map((row) => this.#result(row));
  }

  /** The names of all tests that there have ever been, each once. */
  testNames(): string[] {
    const rows = this.#database.prepare('SELECT DISTINCT name FROM test WHERE name IS NOT NULL').all();
    return rows.map((row) => String(row['name']));
  }

  /** Of the last members that ended on that machine. */
  health(node: string): NodeHealth {
    const last = `SELECT id, attempt, name, lost, verdict, coalesce(ended, started) AS at, ${NOT_OK} AS not_ok
      FROM member WHERE node = :node AND coalesce(ended, started) IS NOT NULL
      ORDER BY coalesce(ended, started) DESC LIMIT :most`;
    const asked = { node, most: LAST_MEMBERS };
    const counts = this.#database
      .prepare(
        `SELECT count(*) AS members, min(at) AS since,
            count(CASE WHEN lost IS NOT NULL THEN 1 END) AS lost,
            count(CASE WHEN not_ok AND lost IS NULL AND verdict ->> '$.status' = 'FAIL' THEN 1 END) AS fail,
            count(CASE WHEN not_ok AND lost IS NULL AND verdict ->> '$.status' = 'ERROR' THEN 1 END) AS error
          FROM (${last})`,
      )
      .get(asked) as unknown as Omit<NodeHealth, 'node'> & { since: number | null };
    const trouble = this.#database
      .prepare(
        `SELECT attempt.run AS run, test.name AS test, attempt.test AS idx, last.name AS member, last.at AS at,
            coalesce(last.verdict ->> '$.status', 'ERROR') AS status,
            coalesce(last.lost, last.verdict ->> '$.cause') AS cause
          FROM (${last}) AS last JOIN attempt ON attempt.id = last.attempt
          JOIN test ON test.run = attempt.run AND test.idx = attempt.test
          WHERE last.not_ok ORDER BY last.at DESC LIMIT 1`,
      )
      .get(asked);
    const { since, ...counted } = counts;
    return {
      node,
      ...counted,
      ...(since === null ? {} : { since }),
      ...(trouble === undefined ? {} : { trouble: troubleOf(trouble) }),
    };
  }

  #result(row: Row): TestResult {
    const nodes = this.#database
      .prepare(
        `SELECT node, count(*) AS members, count(CASE WHEN ${NOT_OK} THEN 1 END) AS notOk
          FROM member WHERE attempt IN (SELECT id FROM attempt WHERE run = ? AND test = ?)
          GROUP BY node ORDER BY notOk DESC, node`,
      )
      .all(Number(row['run']), Number(row['idx'])) as unknown as TestResult['nodes'];
    return {
      run: Number(row['run']),
      index: Number(row['idx']),
      suite: String(row['suite']),
      status: String(row['status']) as Status,
      attempts: Number(row['attempts']),
      nodes: nodes.slice(0, NODES_SHOWN).map(({ node, members, notOk }) => ({ node, members, notOk })),
      ...(nodes.length > NODES_SHOWN ? { moreNodes: nodes.length - NODES_SHOWN } : {}),
      ...(row['cause'] === null ? {} : { cause: String(row['cause']).slice(0, LONGEST_CAUSE) }),
      ...(row['started'] === null ? {} : { started: Number(row['started']) }),
      ...(row['duration'] === null ? {} : { duration: Number(row['duration']) }),
    };
  }
}

function troubleOf(row: Row): NonNullable<NodeHealth['trouble']> {
  return {
    run: Number(row['run']),
    test: row['test'] === null ? '(setup or teardown)' : String(row['test']),
    member: String(row['member']),
    status: String(row['status']) as Status,
    at: Number(row['at']),
    ...(row['cause'] === null ? {} : { cause: String(row['cause']).slice(0, LONGEST_CAUSE) }),
  };
}
