/**
 * Runs, tests, attempts and members as rows, and back.
 *
 * Whoever changes a model says which: each `save` writes one row as the model stands when the transaction is made.
 * What lives longer than a run (its directory with logs and reports) is not here.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Facts, MemberEnd, RunPhase, RunSpec, TestView } from '@tutti/protocol';
import type { AttemptRun, MemberRun, Run, TestRun, Trouble, Verdict } from '../runs/model.ts';
import { planTests } from '../runs/plan.ts';
import type { Journal } from './journal.ts';

/** Columns that hold JSON. */
interface Documents {
  spec: RunSpec;
  cast: Run['cast'];
  agents: Record<string, string>;
  facts: Record<string, Facts>;
  barriers: AttemptRun['barriers'];
  waits: NonNullable<AttemptRun['waits']>;
  boots: NonNullable<MemberRun['boots']>;
  extensions: AttemptRun['extensions'];
  reboots: AttemptRun['reboots'];
  trouble: Trouble;
  rebooting: NonNullable<MemberRun['rebooting']>;
  end: MemberEnd;
  skipped: MemberRun['skipped'];
  subtests: MemberRun['subtests'];
  marks: MemberRun['marks'];
  omitted: MemberRun['omitted'] & NonNullable<AttemptRun['omitted']>;
  verdict: Verdict;
}

/** The tables are strict: what comes out of a column is what went in. */
type Row = Record<string, string | number | null>;

/** `once`: written when the row is made; `again`: whenever it is saved. */
const COLUMNS = {
  run: {
    once: ['number', 'id', 'dir', 'spec', 'started', 'priority', 'suite'],
    again: [
      'owned',
      'phase',
      'cast',
      'agents',
      'facts',
      'allocated',
      'cancelled',
      'overdue',
      'status',
      'cause',
      'exit',
      'duration',
    ],
    key: ['number'],
  },
  test: {
    once: ['run', 'idx', 'name'],
    again: ['state', 'started', 'status', 'cause', 'duration'],
    key: ['run', 'idx'],
  },
  attempt: {
    once: ['id', 'run', 'test', 'n'],
    again: [
      'opened',
      'lingers',
      'extensions',
      'reboots',
      'over',
      'trouble',
      'status',
      'cause',
      'barriers',
      'waits',
      'omitted',
      'ended',
    ],
    key: ['id'],
  },
  member: {
    once: ['id', 'attempt', 'place', 'name', 'role', 'idx', 'node', 'essential', 'dir'],
    again: [
      'state',
      'end',
      'end_order',
      'lost',
      'incarnation',
      'rebooting',
      'collected',
      'skipped',
      'subtests',
      'marks',
      'omitted',
      'verdict',
      'started',
      'ended',
      'boots',
    ],
    key: ['id'],
  },
} as const;

type Table = keyof typeof COLUMNS;

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
    };
  }

  /** Told within the transaction that keeps what has become of a run or of one of its tests. */
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
    return this.#journal.write(`attempt ${step}`, 'full', () =>
      this.#put('attempt', attemptRow(run, test, attempt)),
    );
  }

  saveMember(step: string, attempt: AttemptRun, member: MemberRun): Promise<void> {
    return this.#journal.write(`member ${step}`, 'full', () =>
      this.#put('member', memberRow(attempt, member)),
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
    const spec = json(row, 'spec');
    const run: Run = {
      number: Number(row['number']),
      id: String(row['id']),
      spec,
      dir: String(row['dir']),
      owned: row['owned'] === 1,
      priority: Number(row['priority']),
      tests: planTests(spec),
      phase: String(row['phase']) as RunPhase,
      started: Number(row['started']),
      cast: json(row, 'cast'),
      agents: new Map(Object.entries(json(row, 'agents'))),
      facts: new Map(Object.entries(json(row, 'facts'))),
      ...given(row, 'allocated', 'cancelled', 'status', 'cause', 'exit', 'duration'),
      ...(row['overdue'] === 1 ? { overdue: true } : {}),
    };
    const tests = this.#database.prepare('SELECT * FROM test WHERE run = ?').all(run.number) as Row[];
    for (const each of tests) {
      const test = run.tests[Number(each['idx'])];
      if (test === undefined) continue;
      test.state = String(each['state']) as TestView['state'];
      Object.assign(test, given(each, 'started', 'status', 'cause', 'duration'));
      test.attempts = this.#attempts(run, test);
    }
    return run;
  }

  #attempts(run: Run, test: TestRun): AttemptRun[] {
    const rows = this.#database
      .prepare('SELECT * FROM attempt WHERE run = ? AND test = ? ORDER BY n')
      .all(run.number, test.index) as Row[];
    return rows.map((row) => ({
      id: String(row['id']),
      n: Number(row['n']),
      members: this.#members(String(row['id'])),
      barriers: json(row, 'barriers'),
      extensions: json(row, 'extensions'),
      reboots: json(row, 'reboots'),
      ...given(row, 'opened', 'lingers', 'over', 'status', 'cause', 'ended'),
      ...(row['trouble'] === null ? {} : { trouble: json(row, 'trouble') }),
      ...(row['waits'] === null ? {} : { waits: json(row, 'waits') }),
      ...(row['omitted'] === null ? {} : { omitted: json(row, 'omitted') }),
    }));
  }

  #members(attempt: string): MemberRun[] {
    const rows = this.#database
      .prepare('SELECT * FROM member WHERE attempt = ? ORDER BY place')
      .all(attempt) as Row[];
    return rows.map((row) => {
      const member: MemberRun = {
        id: String(row['id']),
        name: String(row['name']),
        role: String(row['role']),
        index: Number(row['idx']),
        node: String(row['node']),
        essential: row['essential'] === 1,
        dir: String(row['dir']),
        state: String(row['state']) as MemberRun['state'],
        incarnation: Number(row['incarnation']),
        collected: row['collected'] === 1,
        skipped: json(row, 'skipped'),
        subtests: json(row, 'subtests'),
        marks: json(row, 'marks'),
        omitted: json(row, 'omitted'),
        ...given(row, 'lost', 'started', 'ended'),
      };
      if (row['rebooting'] !== null) member.rebooting = json(row, 'rebooting');
      if (row['end'] !== null) member.end = json(row, 'end');
      if (row['end_order'] !== null) member.endOrder = Number(row['end_order']);
      if (row['boots'] !== null) member.boots = json(row, 'boots');
      if (row['verdict'] !== null) member.verdict = json(row, 'verdict');
      return member;
    });
  }
}

function upsert(table: Table): string {
  const { once, again, key } = COLUMNS[table];
  const columns = [...once, ...again];
  const quoted = columns.map((column) => `"${column}"`).join(', ');
  const changes = again.map((column) => `"${column}" = excluded."${column}"`).join(', ');
  return `INSERT INTO ${table} (${quoted}) VALUES (${columns.map((column) => `:${column}`).join(', ')})
    ON CONFLICT (${key.join(', ')}) DO UPDATE SET ${changes}`;
}

function runRow(run: Run): Row {
  return {
    number: run.number,
    id: run.id,
    dir: run.dir,
    spec: JSON.stringify(run.spec),
    started: run.started,
    priority: run.priority,
    suite: run.spec.suite,
    owned: Number(run.owned),
    phase: run.phase,
    cast: JSON.stringify(run.cast),
    agents: JSON.stringify(Object.fromEntries(run.agents)),
    facts: JSON.stringify(Object.fromEntries(run.facts)),
    allocated: run.allocated ?? null,
    cancelled: run.cancelled ?? null,
    overdue: Number(run.overdue ?? false),
    status: run.status ?? null,
    cause: run.cause ?? null,
    exit: run.exit ?? null,
    duration: run.duration ?? null,
  };
}

function testRow(run: Run, test: TestRun): Row {
  return {
    run: run.number,
    idx: test.index,
    name: test.part === 'test' ? test.spec.name : null,
    state: test.state,
    started: test.started ?? null,
    status: test.status ?? null,
    cause: test.cause ?? null,
    duration: test.duration ?? null,
  };
}

function attemptRow(run: Run, test: TestRun, attempt: AttemptRun): Row {
  return {
    id: attempt.id,
    run: run.number,
    test: test.index,
    n: attempt.n,
    opened: attempt.opened ?? null,
    lingers: attempt.lingers ?? null,
    extensions: JSON.stringify(attempt.extensions),
    reboots: JSON.stringify(attempt.reboots),
    over: attempt.over ?? null,
    trouble: attempt.trouble === undefined ? null : JSON.stringify(attempt.trouble),
    status: attempt.status ?? null,
    cause: attempt.cause ?? null,
    barriers: JSON.stringify(attempt.barriers),
    waits: attempt.waits === undefined ? null : JSON.stringify(attempt.waits),
    omitted: attempt.omitted === undefined ? null : JSON.stringify(attempt.omitted),
    ended: attempt.ended ?? null,
  };
}

function memberRow(attempt: AttemptRun, member: MemberRun): Row {
  return {
    id: member.id,
    attempt: attempt.id,
    place: attempt.members.indexOf(member),
    name: member.name,
    role: member.role,
    idx: member.index,
    node: member.node,
    essential: Number(member.essential),
    dir: member.dir,
    state: member.state,
    end: member.end === undefined ? null : JSON.stringify(member.end),
    end_order: member.endOrder ?? null,
    lost: member.lost ?? null,
    incarnation: member.incarnation,
    rebooting: member.rebooting === undefined ? null : JSON.stringify(member.rebooting),
    collected: Number(member.collected),
    skipped: JSON.stringify(member.skipped),
    subtests: JSON.stringify(member.subtests),
    marks: JSON.stringify(member.marks),
    omitted: JSON.stringify(member.omitted),
    verdict: member.verdict === undefined ? null : JSON.stringify(member.verdict),
    started: member.started ?? null,
    ended: member.ended ?? null,
    boots: member.boots === undefined ? null : JSON.stringify(member.boots),
  };
}

function json<K extends keyof Documents>(row: Row, column: K): Documents[K] {
  return JSON.parse(String(row[column])) as Documents[K];
}

/** The columns that hold something, as they are. */
function given(row: Row, ...columns: string[]): Record<string, never> {
  const kept = columns.filter((column) => row[column] !== null && row[column] !== undefined);
  return Object.fromEntries(kept.map((column) => [column, row[column]])) as Record<string, never>;
}
