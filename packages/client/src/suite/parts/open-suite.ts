/**
 * A suite by its path, as the parts that its tests come from: a suite file with what it includes, or the scripts of a
 * directory.
 *
 * Guarantees an end: a file that includes itself, by whatever way, is refused with the way.
 */
import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, relative, resolve } from 'node:path';
import { TuttiError } from '@tutti/protocol';
import type { Problem } from '../problem.ts';
import { readSkipList, type SkipList } from '../skip-list.ts';
import { SuiteSource } from '../source.ts';
import { type Tree, walk } from '../staging/walk.ts';
import { readSuiteText } from '../suite-text.ts';
import { directoryParts } from './directory.ts';
import { includedFiles } from './include.ts';
import { type Part, shownPath } from './part.ts';
import { validated } from './validated.ts';

export interface OpenedSuite {
  /** The folder that staged paths are relative to. */
  readonly root: string;
  /** Without what could not be read; then there are problems. */
  readonly parts: Part[];
  /** The file that was named, if there is one and it is in order: it speaks for the run. */
  readonly main: Part | undefined;
  readonly problems: Problem[];
  readonly warnings: string[];
  readonly defaultName: string;
  /** What is in the folder, where it had to be looked at. */
  readonly tree?: Tree;
}

/** Files that include each other in all combinations are soon more than anybody meant. */
const MOST_FILES = 1000;

/** Throws `USAGE` when `path` is no suite. */
export async function openSuite(path: string, cwd: string): Promise<OpenedSuite> {
  const absolute = resolve(cwd, path);
  if (!(await isDirectory(absolute))) return openFile(absolute, path, cwd);
  for (const name of ['suite.yaml', 'suite.yml']) {
    const file = join(absolute, name);
    if (await stat(file).catch(() => undefined)) return openFile(file, join(path, name), cwd);
  }
  const tree = await walk(absolute, '');
  const { parts, problems, warnings } = await directoryParts(absolute, cwd, tree.found);
  return {
    root: absolute,
    parts,
    main: undefined,
    problems,
    warnings,
    defaultName: basename(absolute),
    tree,
  };
}

async function openFile(absolute: string, shown: string, cwd: string): Promise<OpenedSuite> {
  const root = dirname(absolute);
  const reader = new SuiteReader(root, cwd);
  const text = await readSuiteText(absolute, shown);
  const main = await reader.read(absolute, text, '', []);
  const { parts, problems } = reader;
  return { root, parts, main, problems, warnings: [], defaultName: stem(absolute) };
}

/** A file on the way from the one that was named to the one being read. */
interface Link {
  readonly real: string;
  readonly shown: string;
}

class SuiteReader {
  readonly parts: Part[] = [];
  readonly problems: Problem[] = [];
  readonly #root: string;
  readonly #cwd: string;
  #files = 0;

  constructor(root: string, cwd: string) {
    this.#root = root;
    this.#cwd = cwd;
  }

  /** The file's own part, behind those of the files that it includes. */
  async read(
    absolute: string,
    text: string,
    outer: string,
    chain: readonly Link[],
  ): Promise<Part | undefined> {
    this.#files += 1;
    const shown = shownPath(absolute, this.#cwd);
    const source = new SuiteSource(shown, text);
    const fields = validated(source, this.problems);
    if (!fields) return undefined;
    const here = [...chain, { real: await realpath(absolute), shown }];
    const prefix = chain.length === 0 ? '' : `${outer}${fields.suite ?? stem(absolute)}/`;
    const folder = relative(this.#root, dirname(absolute));
    const skipList = await this.#skipList(fields['skip-list'], absolute, source);
    const part: Part = { source, fields, folder, prefix, skipList };
    for (const file of await includedFiles(fields, absolute, this.#root, source, this.problems)) {
      const refusal = await this.#refusal(file.absolute, here);
      if (refusal) this.problems.push(source.problem(file.path, refusal));
      else await this.#include(file.absolute, file.shown, prefix, here, part, file.path);
    }
    this.parts.push(part);
    return part;
  }

  async #include(
    absolute: string,
    shown: string,
    outer: string,
    chain: readonly Link[],
    { source }: Part,
    path: readonly (string | number)[],
  ): Promise<void> {
    const text = await readSuiteText(absolute, shown).catch((error: unknown) =>
      this.#refused(error, source, path),
    );
    const part = text === undefined ? undefined : await this.read(absolute, text, outer, chain);
    for (const key of ['setup', 'teardown'] as const) {
      if (part?.fields[key] === undefined) continue;
      const top = chain[0]?.shown ?? '';
      const hint = `move it to ${top}; there, it can name the roles of all files`;
      const message = `"${key}" of an included suite: a run has one, that of the suite which is run`;
      this.problems.push(part.source.problem([key], message, { key: true, hint }));
    }
  }

  async #refusal(absolute: string, chain: readonly Link[]): Promise<string | undefined> {
    if (this.#files >= MOST_FILES) return `more than ${MOST_FILES} files are included`;
    const real = await realpath(absolute);
    const loop = chain.findIndex((link) => link.real === real);
    if (loop < 0) return undefined;
    const way = [...chain.slice(loop).map((link) => link.shown), shownPath(absolute, this.#cwd)];
    return `a suite cannot include itself: ${way.join(' → ')}`;
  }

  async #skipList(
    path: string | undefined,
    file: string,
    source: SuiteSource,
  ): Promise<SkipList | undefined> {
    if (path === undefined) return undefined;
    const absolute = resolve(dirname(file), path);
    try {
      return await readSkipList(absolute, shownPath(absolute, this.#cwd));
    } catch (error) {
      return this.#refused(error, source, ['skip-list']);
    }
  }

  #refused(error: unknown, source: SuiteSource, path: readonly (string | number)[]): undefined {
    if (!(error instanceof TuttiError)) throw error;
    this.problems.push(source.problem(path, error.message));
  }
}

async function isDirectory(path: string): Promise<boolean> {
  const stats = await stat(path).catch(() => undefined);
  return stats?.isDirectory() === true;
}

function stem(path: string): string {
  return basename(path, extname(path));
}
