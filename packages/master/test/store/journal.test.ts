import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { FakeClock, settled } from '@tutti/testkit';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Journal } from '../../src/store/journal.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

async function setUp() {
  const path = join(await temporaryDirectory(), 'journal.db');
  const database = new DatabaseSync(path);
  database.exec('PRAGMA journal_mode = WAL; CREATE TABLE entry (text TEXT NOT NULL UNIQUE)');
  /** Sees only what is committed. */
  const reader = new DatabaseSync(path);
  onTestFinished(() => {
    reader.close();
    if (database.isOpen) database.close();
  });
  const clock = new FakeClock();
  const trouble: (string | undefined)[] = [];
  const steps: string[] = [];
  const journal = new Journal({
    database,
    clock,
    onTrouble: (error) => trouble.push(error?.message),
    onStep: (step) => steps.push(step),
  });
  const insert = database.prepare('INSERT INTO entry VALUES (?)');
  const put = (text: string) => journal.write(text, 'normal', () => void insert.run(text));
  const entries = () =>
    reader
      .prepare('SELECT text FROM entry ORDER BY rowid')
      .all()
      .map(({ text }) => text);
  return { database, clock, trouble, steps, journal, put, entries };
}

describe('writes of one turn', () => {
  test('are one transaction, in their order, and told after it', async () => {
    const { journal, put, entries, steps } = await setUp();
    const told: string[] = [];
    const writes = ['a', 'b', 'c'].map((text) => put(text).then(() => told.push(text)));
    expect([entries(), told]).toEqual([[], []]);
    await Promise.all(writes);
    expect([entries(), told, journal.commits]).toEqual([['a', 'b', 'c'], ['a', 'b', 'c'], 1]);
    await put('d');
    expect([entries(), journal.commits]).toEqual([['a', 'b', 'c', 'd'], 2]);
    expect(steps).toEqual(['a', 'b', 'c', 'd']);
  });

  test('are there when `committed` resolves, whoever asked for them', async () => {
    const { journal, put, entries } = await setUp();
    await journal.committed();
    void put('a');
    void put('b');
    await journal.committed();
    expect(entries()).toEqual(['a', 'b']);
  });

  test('do not suffer from one that fails by itself', async () => {
    const { put, entries, steps } = await setUp();
    const results = await Promise.allSettled([put('a'), put('a'), put('b')]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect([entries(), steps]).toEqual([
      ['a', 'b'],
      ['a', 'b'],
    ]);
  });
});

describe('a disk without room', () => {
  test('loses nothing and promises nothing: all waits until there is room', async () => {
    const { database, clock, put, entries, trouble, journal } = await setUp();
    await put('first');
    const { page_count: pages } = database.prepare('PRAGMA page_count').get() as { page_count: number };
    database.exec(`PRAGMA max_page_count = ${pages}`);
    const done: string[] = [];
    const large = 'x'.repeat(100_000);
    for (const text of [large, 'small']) void put(text).then(() => done.push(text.slice(0, 5)));
    await settled();
    expect([done, entries(), journal.stuck]).toEqual([[], ['first'], true]);
    void put('later').then(() => done.push('later'));
    await clock.pass(5000);
    expect([done, trouble.length]).toEqual([[], 1]);
    database.exec('PRAGMA max_page_count = 1000000');
    await clock.pass(1000);
    await settled();
    expect(done).toEqual(['xxxxx', 'small', 'later']);
    expect(entries()).toEqual(['first', large, 'small', 'later']);
    expect([trouble, journal.stuck, clock.timers]).toEqual([[expect.any(String), undefined], false, 0]);
  });
});

describe('a journal that is closed', () => {
  test('has committed what was asked for, and promises nothing more', async () => {
    const { journal, put, entries } = await setUp();
    let told = false;
    void put('a');
    journal.close();
    void put('b').finally(() => {
      told = true;
    });
    await settled();
    expect([entries(), told]).toEqual([['a'], false]);
  });
});
