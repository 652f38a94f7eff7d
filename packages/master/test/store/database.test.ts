import { copyFile, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { openDatabase, readMigrations } from '../../src/store/database.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

const FIRST = 'CREATE TABLE a (x INTEGER) STRICT;';
const SECOND = 'ALTER TABLE a ADD COLUMN y TEXT;';

async function file(): Promise<string> {
  return join(await temporaryDirectory(), 'master.db');
}

function format(database: DatabaseSync): unknown {
  return database.prepare('PRAGMA user_version').get()?.['user_version'];
}

describe('a database', () => {
  test('that is not there is made, with every migration', async () => {
    const path = await file();
    const { database, ...more } = openDatabase(path);
    expect(more).toEqual({});
    expect(format(database)).toBe(readMigrations().length);
    const tables = database
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
      .all();
    expect(tables.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['attempt', 'decision', 'member', 'node', 'run', 'test']),
    );
    database.close();
  });

  test('of an older format is migrated, and a copy of it is kept', async () => {
    const path = await file();
    const old = openDatabase(path, [FIRST]);
    old.database.exec('INSERT INTO a VALUES (1)');
    // Not closed: what stands in the write-ahead log alone belongs to the copy too.
    const { database, backup, setAside } = openDatabase(path, [FIRST, SECOND]);
    expect(setAside).toBeUndefined();
    expect(database.prepare('SELECT x, y FROM a').all()).toEqual([{ x: 1, y: null }]);
    expect(format(database)).toBe(2);
    expect(backup).toBe(`${path}.format-1`);
    const copy = new DatabaseSync(backup ?? '');
    expect([copy.prepare('SELECT * FROM a').all(), format(copy)]).toEqual([[{ x: 1 }], 1]);
    for (const each of [old.database, database, copy]) each.close();
  });

  test('whose migration fails stays as it was', async () => {
    const path = await file();
    openDatabase(path, [FIRST]).database.close();
    expect(() => openDatabase(path, [FIRST, 'CREATE TABLE b (x); CREATE TABLE a (x)'])).toThrow(
      expect.objectContaining({
        code: 'STATE_NOT_WRITABLE',
        message: expect.stringContaining('a already exists'),
      }),
    );
    const { database } = openDatabase(path, [FIRST]);
    expect(database.prepare("SELECT count(*) AS n FROM sqlite_schema WHERE name = 'b'").get()).toEqual({
      n: 0,
    });
    database.close();
  });

  test('of a newer format is refused, naming both, and left alone', async () => {
    const path = await file();
    openDatabase(path, [FIRST, SECOND]).database.close();
    const before = await readFile(path);
    expect(() => openDatabase(path, [FIRST])).toThrow(
      expect.objectContaining({
        code: 'STATE_TOO_NEW',
        message: expect.stringContaining('format 2, this one knows up to 1'),
      }),
    );
    expect(await readFile(path)).toEqual(before);
  });
});

describe('a damaged database', () => {
  /** Overwrites what lies behind the first page, as a failing disk would. */
  async function damage(path: string): Promise<void> {
    const bytes = await readFile(path);
    bytes.fill(0xa5, 4096);
    await writeFile(path, bytes);
  }

  test.for([
    ['that is no database at all', (path: string) => writeFile(path, 'these are not the bytes'.repeat(1000))],
    ['whose pages are overwritten', damage],
  ] as const)('%s is set aside as it is, and an empty one takes its place', async ([, spoil]) => {
    const path = await file();
    const { database } = openDatabase(path);
    database.exec("INSERT INTO setting VALUES ('a', 'b')");
    database.close();
    await spoil(path);
    await copyFile(path, `${path}.expected`);
    const opened = openDatabase(path);
    expect(opened.setAside).toEqual({ path: `${path}.damaged`, why: expect.any(String) });
    expect(opened.database.prepare('SELECT * FROM setting').all()).toEqual([]);
    expect(await readFile(`${path}.damaged`)).toEqual(await readFile(`${path}.expected`));
    opened.database.close();
  });

  test('is set aside again without losing the first one', async () => {
    const path = await file();
    for (let n = 0; n < 2; n += 1) {
      await writeFile(path, 'no database'.repeat(1000));
      openDatabase(path).database.close();
    }
    const names = await readdir(join(path, '..'));
    expect(names.filter((name) => name.includes('damaged')).toSorted()).toEqual([
      'master.db.damaged',
      'master.db.damaged-2',
    ]);
  });
});
