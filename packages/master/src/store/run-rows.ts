/**
 * Runs, tests, attempts, members and commands in the database.
 *
 * Whoever changes a model says which: each `save` writes one row as the model stands when the transaction is made.
 * What lives longer than a run (its directory with logs and reports) is not here.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { AttemptRun, CommandRun, MemberRun, Run, TestRun } from '../runs/model.ts';
import type { Journal } from './journal.ts';
import {
  attemptOf,
  attemptRow,
  commandOf,
  commandRow,
  fillTest,
  memberOf,
  memberRow,
  type Row,
  runOf,
  runRow,
  type Table,
  testRow,
  upsert,
} from './run-columns.ts';

export class RunRows {
  readonly #database: DatabaseSync;
  readonly #journal: Journal;
  #onSaved: (run: Run) => void = () => {};
  readonly #statements: Record<Table, StatementSync>;

  constructor(database: DatabaseSync, journal: Journal) {
    this.#database = database;
    this.#journal = journal;
    this.#statements = {
      run: database.prepare(upsert('run')),
      test: database.prepare(upsert('test')),
      attempt: database.prepare(upsert('attempt')),
      member: database.prepare(upsert('member')),
      command: database.prepare(upsert('command')),
    };
  }

  /** Told within the transaction that keeps what has become of a run or of one of its tests, or that one is paused. */
  watch(onSaved: (run: Run) => void): void {
    this.#onSaved = onSaved;
  }

  /** A new run, with its tests. */
  create(run: Run): Promise<void> {
    return this.#journal.write('run submitted', 'full', () => {
      this.#put('run', runRow(run));
      for (const test of run.tests) this.#put('test', testRow(run, test));
    });
  }

  saveRun(run: Run): Promise<void> {
    return this.#journal.write(`run ${run.phase}`, 'full', () => {
      this.#put('run', runRow(run));
      this.#onSaved(run);
      // Nobody repeats a request of the space that its tests shared.
      if (run.phase === 'finished') this.#forgetDecisions(run.id);
    });
  }

  saveTest(run: Run, test: TestRun): Promise<void> {
    return this.#journal.write(`test ${test.state}`, 'full', () => {
      this.#put('test', testRow(run, test));
      this.#onSaved(run);
    });
  }

  /** An attempt with all its members. */
  createAttempt(run: Run, test: TestRun, attempt: AttemptRun): Promise<void> {
    return this.#journal.write('attempt planned', 'full', () => {
      this.#put('attempt', attemptRow(run, test, attempt));
      for (const member of attempt.members) this.#put('member', memberRow(attempt, member));
    });
  }

  saveAttempt(step: string, run: Run, test: TestRun, attempt: AttemptRun): Promise<void> {
    return this.#journal.write(`attempt ${step}`, 'full', () => {
      this.#put('attempt', attemptRow(run, test, attempt));
      if (step === 'paused') this.#onSaved(run);
    });
  }

  saveMember(step: string, attempt: AttemptRun, member: MemberRun): Promise<void> {
    return this.#journal.write(`member ${step}`, 'full', () =>
      this.#put('member', memberRow(attempt, member)),
    );
  }

  saveCommand(step: string, attempt: AttemptRun, command: CommandRun): Promise<void> {
    return this.#journal.write(`command ${step}`, 'full', () =>
      this.#put('command', commandRow(attempt, command)),
    );
  }

  /** The attempt has its verdict: nobody repeats a request of its sync space any more. */
  concludeAttempt(run: Run, test: TestRun, attempt: AttemptRun): Promise<void> {
    return this.#journal.write('attempt judged', 'full', () => {
      this.#put('attempt', attemptRow(run, test, attempt));
      for (const member of attempt.members) this.#put('member', memberRow(attempt, member));
      this.#forgetDecisions(attempt.id);
    });
  }

  /** All runs that are not finished, and the newest `finished` that are; the oldest first. */
  load(finished: number): Run[] {
    const rows = this.#database
      .prepare(
        `SELECT * FROM run WHERE phase <> 'finished' OR number IN
           (SELECT number FROM run WHERE phase = 'finished' ORDER BY number DESC LIMIT ?) ORDER BY number`,
      )
      .all(finished);
    return rows.map((row) => this.#run(row as Row));
  }

  /** Any run that was ever submitted, by its number or by its id. */
  find(key: { readonly number: number } | { readonly id: string }): Run | undefined {
    const [column, value] = 'id' in key ? ['id', key.id] : ['number', key.number];
    const row = this.#database.prepare(`SELECT * FROM run WHERE ${column} = ?`).get(value ?? '');
    return row && this.#run(row as Row);
  }

  /** The highest number that was given. */
  newest(): number | undefined {
    const row = this.#database.prepare('SELECT max(number) AS number FROM run').get();
    return row?.['number'] === null ? undefined : Number(row?.['number']);
  }

  /** Of the runs that `load` returns unfinished. */
  unfinishedDirectories(): Set<string> {
    const rows = this.#database.prepare("SELECT dir FROM run WHERE phase <> 'finished'").all();
    return new Set(rows.map((row) => String(row['dir'])));
  }

  #forgetDecisions(space: string): void {
    this.#database.prepare('DELETE FROM decision WHERE space = ?').run(space);
  }

  #put(table: Table, row: Row): void {
    this.#statements[table].run(row);
  }

  #run(row: Row): Run {
    const run = runOf(row);
    const tests = this.#database.prepare('SELECT * FROM test WHERE run = ?').all(run.number) as Row[];
    for (const each of tests) {
      const test = run.tests[Number(each['idx'])];
      if (test === undefined) continue;
      fillTest(test, each);
      test.attempts = this.#attempts(run, test);
    }
    return run;
  }

  #attempts(run: Run, test: TestRun): AttemptRun[] {
    const rows = this.#database
      .prepare('SELECT * FROM attempt WHERE run = ? AND test = ? ORDER BY n')
      .all(run.number, test.index) as Row[];
    return rows.map((row) => {
      const id = String(row['id']);
      const members = this.#parts('member', id).map((member) => memberOf(member, test));
      return attemptOf(row, members, this.#parts('command', id).map(commandOf));
    });
  }

  #parts(table: 'member' | 'command', attempt: string): Row[] {
    return this.#database
      .prepare(`SELECT * FROM ${table} WHERE attempt = ? ORDER BY place`)
      .all(attempt) as Row[];
  }
}
