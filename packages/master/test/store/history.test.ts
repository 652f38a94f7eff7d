import { join } from 'node:path';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import { openDatabase, readMigrations } from '../../src/store/database.ts';
import { History } from '../../src/store/history.ts';
import { id } from '../lab.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

function empty(): DatabaseSync {
  const { database } = openDatabase(':memory:');
  onTestFinished(() => database.close());
  return database;
}

interface Member {
  node: string;
  status?: string;
  becauseOf?: string;
  lost?: string;
  at?: number;
}

interface Ran {
  name?: string;
  suite?: string;
  /** null: it goes on. */
  status?: string | null;
  /** The members of each attempt. */
  attempts?: Member[][];
}

/** A run of one test. */
function addRun(
  database: DatabaseSync,
  number: number,
  { name = 'throughput', suite = 'net', status = 'PASS', attempts = [[{ node: 'n1' }]] }: Ran = {},
): void {
  database
    .prepare(
      `INSERT INTO run (number, id, dir, spec, owned, started, phase, "cast", facts, suite) VALUES (?, ?, '', '{}', 0, 0, 'finished', '[]', '{}', ?)`,
    )
    .run(number, `run ${number}`, suite);
  database
    .prepare(
      `INSERT INTO test (run, idx, name, state, status, started, duration) VALUES (?, 0, ?, 'ended', ?, ?, 2)`,
    )
    .run(number, name, status, number * 1000);
  for (const [n, members] of attempts.entries()) {
    const attempt = `attempt ${number} ${n}`;
    database
      .prepare(
        `INSERT INTO attempt (id, run, test, n, extensions, barriers, status) VALUES (?, ?, 0, ?, '{}', '[]', ?)`,
      )
      .run(attempt, number, n + 1, status);
    for (const [place, { node, at = number * 1000, lost = null, ...verdict }] of members.entries()) {
      database
        .prepare(
          `INSERT INTO member (id, attempt, place, name, role, idx, node, essential, dir, state, incarnation, collected, skipped, subtests, verdict, lost, ended)
             VALUES (?, ?, ?, ?, 'a', ?, ?, 1, '', 'ended', 0, 1, '[]', '[]', ?, ?, ?)`,
        )
        .run(
          `${attempt} ${place}`,
          attempt,
          place,
          `a.${place}`,
          place,
          node,
          JSON.stringify({ status: 'PASS', ...verdict }),
          lost,
          at,
        );
    }
  }
}

test('a test has its results, the newest first, by pages, of one suite or of all', () => {
  const database = empty();
  for (const number of [1, 2, 3, 4]) addRun(database, number, { suite: number === 2 ? 'disk' : 'net' });
  addRun(database, 5, { name: 'another' });
  addRun(database, 6, { status: null });
  const history = new History(database);
  const runs = (query: object) => history.of({ test: 'throughput', ...query }, 10).map(({ run }) => run);
  expect(runs({})).toEqual([4, 3, 2, 1]);
  expect(runs({ before: { run: 3, index: 0 } })).toEqual([2, 1]);
  expect(runs({ suite: 'n?t' })).toEqual([4, 3, 1]);
  expect(runs({ suite: '[n]et' })).toEqual([]);
  expect(history.of({ test: 'throughput' }, 2)).toHaveLength(2);
  expect(history.testNames().toSorted()).toEqual(['another', 'throughput']);
});

test('a result has the machines of all its attempts; who failed because of another is not held against its own', () => {
  const database = empty();
  addRun(database, 1, {
    attempts: [
      [
        { node: 'n1', status: 'FAIL' },
        { node: 'n2', status: 'FAIL', becauseOf: 'a.0' },
      ],
      [{ node: 'n3' }, { node: 'n2' }],
    ],
  });
  expect(new History(database).of({ test: 'throughput' }, 1)).toEqual([
    {
      ...{ run: 1, index: 0, suite: 'net', status: 'PASS', attempts: 2, started: 1000, duration: 2 },
      nodes: [
        { node: 'n1', members: 1, notOk: 1 },
        { node: 'n2', members: 2, notOk: 0 },
        { node: 'n3', members: 1, notOk: 0 },
      ],
    },
  ]);
});

test('of very many machines those are named that did not do well', () => {
  const database = empty();
  const members = Array.from({ length: 40 }, (_, n) => ({
    node: `n${n}`,
    ...(n === 39 ? { status: 'ERROR' } : {}),
  }));
  addRun(database, 1, { attempts: [members] });
  const [result] = new History(database).of({ test: 'throughput' }, 1);
  expect(result?.nodes).toHaveLength(32);
  expect(result?.nodes[0]).toEqual({ node: 'n39', members: 1, notOk: 1 });
  expect(result?.moreNodes).toBe(8);
});

test('a machine is judged by its last hundred members, and its last trouble is told', () => {
  const database = empty();
  addRun(database, 1, { attempts: [[{ node: 'n1', status: 'FAIL' }]] });
  for (let number = 2; number <= 101; number += 1) addRun(database, number);
  const history = new History(database);
  expect(history.health('n1')).toEqual({
    ...{ node: 'n1', members: 100, since: 2000, fail: 0, error: 0, lost: 0 },
  });
  addRun(database, 102, { attempts: [[{ node: 'n1', lost: 'was lost: away', status: 'ERROR' }]] });
  addRun(database, 103, { attempts: [[{ node: 'n1', status: 'ERROR' }]] });
  addRun(database, 104, { attempts: [[{ node: 'n1', status: 'FAIL' }]] });
  addRun(database, 105, { attempts: [[{ node: 'n1', status: 'FAIL', becauseOf: 'a.1' }]] });
  expect(history.health('n1')).toMatchObject({
    ...{ members: 100, fail: 1, error: 1, lost: 1 },
    trouble: { run: 104, test: 'throughput', member: 'a.0', status: 'FAIL', at: 104_000 },
  });
  expect(history.health('n2')).toEqual({ node: 'n2', members: 0, fail: 0, error: 0, lost: 0 });
});

test('nothing is found by looking at all rows of a table', () => {
  const database = empty();
  addRun(database, 1, { attempts: [[{ node: 'n1', status: 'FAIL' }]] });
  const plans: string[] = [];
  const explaining = {
    prepare: (sql: string) => {
      const statement = database.prepare(sql);
      const explained = (run: 'all' | 'get') =>
        ((...values: never[]) => {
          const plan = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...values);
          plans.push(...plan.map((step) => String(step['detail'])));
          return statement[run](...values);
        }) as StatementSync['all'];
      return { all: explained('all'), get: explained('get') };
    },
  } as unknown as DatabaseSync;
  const history = new History(explaining);
  history.of({ test: 'throughput', suite: 'n*', before: { run: 9, index: 0 } }, 10);
  history.health('n1');
  expect(plans.filter((step) => /^SCAN (test|member|run|attempt)\b/.test(step))).toEqual([]);
  expect(plans.join('\n')).toMatch(/SEARCH test USING (COVERING )?INDEX test_name/);
  expect(plans.join('\n')).toMatch(/SEARCH member USING (COVERING )?INDEX member_node/);
});

test('tests of before are known by their names too, set up or not', async () => {
  const path = join(await temporaryDirectory(), 'master.db');
  const migrations = readMigrations();
  const old = openDatabase(path, migrations.slice(0, 8)).database;
  const tests = [{ name: 'first' }, { name: 'second' }];
  for (const [number, spec] of [
    [1, { tests }],
    [2, { tests, setup: { name: 'setup' }, teardown: { name: 'teardown' } }],
  ] as const) {
    old
      .prepare(
        `INSERT INTO run (number, id, dir, spec, owned, started, phase, "cast", facts) VALUES (?, ?, '', ?, 0, 0, 'finished', '[]', '{}')`,
      )
      .run(number, id(String(number)), JSON.stringify(spec));
    for (let index = 0; index < (number === 1 ? 2 : 4); index += 1)
      old.prepare(`INSERT INTO test (run, idx, state) VALUES (?, ?, 'ended')`).run(number, index);
  }
  old.close();
  const { database } = openDatabase(path, migrations);
  const names = database.prepare('SELECT run, name FROM test ORDER BY run, idx').all();
  expect(names.map(({ run, name }) => [run, name])).toEqual([
    [1, 'first'],
    [1, 'second'],
    [2, null],
    [2, 'first'],
    [2, 'second'],
    [2, null],
  ]);
  database.close();
});
