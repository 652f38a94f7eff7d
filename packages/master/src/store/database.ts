/**
 * The master's database file: opened, proven whole, and of the format this version writes.
 *
 * Guarantees: a file of a newer format is refused and left as it is; one of an older format is migrated in one
 * transaction, after a copy of it was put beside it; a damaged one is set aside under a name that says so, and an
 * empty one takes its place: what stands in other files is not lost with it.
 *
 * The format is `PRAGMA user_version`: how many of the numbered files in migrations/ have been applied.
 */
import { existsSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { TuttiError } from '@tutti/protocol';

/** In the source tree beside this file; in dist/ the build puts them beside the bundle. */
const MIGRATIONS = join(import.meta.dirname, 'migrations');

/** https://www.sqlite.org/rescode.html */
const CORRUPT = 11;
const NOT_A_DATABASE = 26;
const ERROR_CLASS = 0xff;

export interface Opened {
  readonly database: DatabaseSync;
  /** Where a damaged file was put, and what was wrong with it. */
  readonly setAside?: { readonly path: string; readonly why: string };
  /** Where the copy from before a migration is. */
  readonly backup?: string;
}

/** `path` may be `:memory:`. Throws `STATE_TOO_NEW`, `DISK_FULL`, `STATE_NOT_WRITABLE`. */
export function openDatabase(path: string, migrations: readonly string[] = readMigrations()): Opened {
  try {
    return prepared(path, migrations);
  } catch (error) {
    if (!isDamage(error)) throw asStateError(path, error);
    const aside = setAside(path);
    return { ...prepared(path, migrations), setAside: { path: aside, why: (error as Error).message } };
  }
}

/** The SQL of every migration, the first one first. */
export function readMigrations(directory: string = MIGRATIONS): string[] {
  const files = readdirSync(directory)
    .filter((name) => /^\d{3}-[\w-]+\.sql$/.test(name))
    .toSorted();
  files.forEach((name, index) => {
    if (Number(name.slice(0, 3)) !== index + 1)
      throw new Error(`migration ${name} is not number ${index + 1}`);
  });
  return files.map((name) => readFileSync(join(directory, name), 'utf8'));
}

function prepared(path: string, migrations: readonly string[]): Opened {
  const database = new DatabaseSync(path, { enableForeignKeyConstraints: true });
  try {
    database.exec('PRAGMA journal_mode = WAL; PRAGMA busy_timeout = 5000;');
    requireWhole(database);
    const { user_version: format } = database.prepare('PRAGMA user_version').get() as {
      user_version: number;
    };
    if (format > migrations.length) {
      throw new TuttiError(
        'STATE_TOO_NEW',
        `${path} was written by a newer version of Tutti (format ${format}, this one knows up to ${migrations.length})`,
      );
    }
    if (format === migrations.length) return { database };
    const backup = format === 0 ? undefined : copy(database, path, format);
    migrate(database, migrations, format);
    return { database, ...(backup === undefined ? {} : { backup }) };
  } catch (error) {
    database.close();
    throw error;
  }
}

function requireWhole(database: DatabaseSync): void {
  const problems = database.prepare('PRAGMA quick_check(1)').all() as { quick_check: string }[];
  const first = problems[0]?.quick_check;
  if (first !== 'ok') throw new Damage(first ?? 'the check said nothing');
}

function migrate(database: DatabaseSync, migrations: readonly string[], format: number): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    for (const sql of migrations.slice(format)) database.exec(sql);
    database.exec(`PRAGMA user_version = ${migrations.length}`);
    database.exec('COMMIT');
  } catch (error) {
    database.exec('ROLLBACK');
    throw error;
  }
}

/** Everything that was committed, the part in the write-ahead log too. */
function copy(database: DatabaseSync, path: string, format: number): string {
  const to = free(`${path}.format-${format}`);
  database.prepare('VACUUM INTO ?').run(to);
  return to;
}

/** The file and what belongs to it get another name: nobody but a person decides that they can go. */
function setAside(path: string): string {
  const to = free(`${path}.damaged`);
  for (const suffix of ['-wal', '-shm', '']) {
    if (existsSync(path + suffix)) renameSync(path + suffix, to + suffix);
  }
  return to;
}

function free(wanted: string): string {
  if (!existsSync(wanted)) return wanted;
  for (let n = 2; ; n += 1) if (!existsSync(`${wanted}-${n}`)) return `${wanted}-${n}`;
}

class Damage extends Error {}

function isDamage(error: unknown): boolean {
  return error instanceof Damage || [CORRUPT, NOT_A_DATABASE].includes(sqliteCode(error));
}

/** SQLite's primary result code; 0 when it is not an error of SQLite's. */
export function sqliteCode(error: unknown): number {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return 0;
  return error.errcode & ERROR_CLASS;
}

function asStateError(path: string, error: unknown): TuttiError {
  if (error instanceof TuttiError) return error;
  return new TuttiError(
    'STATE_NOT_WRITABLE',
    `the master's database ${path} cannot be used: ${(error as Error).message}`,
    { cause: error },
  );
}
