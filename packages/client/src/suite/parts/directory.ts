/**
 * A directory without a suite file: every executable `NAME.test.EXT` in it is a test called by its path, `net/tcp` for
 * `net/tcp.test.sh`. Its header says what it needs; without one it is a test of one role. A role with nothing to run runs
 * the file itself.
 */
import { open, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { TuttiError } from '@tutti/protocol';
import type { Problem } from '../problem.ts';
import { SuiteSource } from '../source.ts';
import type { Found } from '../staging/found.ts';
import { cannotRead } from '../staging/unreadable.ts';
import { headerOf } from './header.ts';
import { type Part, shownPath } from './part.ts';
import { validated } from './validated.ts';

/** One ending: `tcp.test.sh~` and `tcp.test.sh.orig` are what editors leave. */
const TEST_FILE = /[^/]\.test\.[A-Za-z0-9]+$/;
const ENDING = /\.test\.[^/.]+$/;
/** More than any header needs. */
const HEAD_BYTES = 16 * 1024;
const ONLY_ROLE = 'test';

export interface Directory {
  readonly parts: Part[];
  readonly problems: Problem[];
  readonly warnings: string[];
}

/** `found` is what of the directory is staged. Throws `USAGE` when there is no test in it. */
export async function directoryParts(root: string, cwd: string, found: readonly Found[]): Promise<Directory> {
  const directory: Directory = { parts: [], problems: [], warnings: [] };
  const candidates = found
    .filter(({ kind, path }) => kind !== 'dir' && TEST_FILE.test(path))
    .toSorted((a, b) => (a.path < b.path ? -1 : 1));
  let tests = 0;
  for (const { path, absolute } of candidates) {
    const stats = await stat(absolute).catch(() => undefined);
    if (!stats?.isFile()) continue;
    if ((stats.mode & 0o111) === 0) {
      directory.warnings.push(`${path} is no test: it is not executable; chmod +x ${path}`);
      continue;
    }
    tests += 1;
    const part = await scriptPart(root, cwd, path, directory.problems);
    if (part) directory.parts.push(part);
  }
  if (tests > 0) return directory;
  const hint = directory.warnings.length > 0 ? `; ${directory.warnings.join('; ')}` : '';
  throw new TuttiError(
    'USAGE',
    `${shownPath(root, cwd) || '.'} is no suite: it holds neither suite.yaml nor an executable *.test.* file${hint}`,
  );
}

async function scriptPart(
  root: string,
  cwd: string,
  path: string,
  problems: Problem[],
): Promise<Part | undefined> {
  const absolute = join(root, path);
  const name = path.replace(ENDING, '');
  const { text, shown } = headerOf(await headOf(absolute, path));
  let header: unknown;
  const whole = (value: unknown): unknown => {
    header = value;
    return { tests: [{ roles: { [ONLY_ROLE]: null }, ...(isMapping(value) ? value : {}), name }] };
  };
  const source = new SuiteSource(shownPath(absolute, cwd), text, { shown, within: ['tests', 0], whole });
  if (isMapping(header) && Object.hasOwn(header, 'name')) {
    const hint = 'take it out; the name is the path of the file, without its ending';
    problems.push(
      source.problem(['tests', 0, 'name'], 'a test of a directory has no "name"', { key: true, hint }),
    );
  }
  if (!isMapping(header) && header !== null && header !== undefined) {
    const hint = 'write it like this: tutti: {timeout: 1m, roles: {server: , client: {count: 2}}}';
    problems.push(source.problem(['tests', 0], 'what a test needs is a mapping', { hint }));
  }
  const fields = validated(source, problems);
  if (!fields) return undefined;
  const folder = dirname(path) === '.' ? '' : dirname(path);
  return { source, fields, folder, prefix: '', ownScript: `./${basename(path)}` };
}

function isMapping(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

async function headOf(absolute: string, shown: string): Promise<string> {
  try {
    await using file = await open(absolute);
    const { buffer, bytesRead } = await file.read({ buffer: new Uint8Array(HEAD_BYTES) });
    return new TextDecoder().decode(buffer.subarray(0, bytesRead));
  } catch (cause) {
    throw cannotRead(shown, cause);
  }
}
