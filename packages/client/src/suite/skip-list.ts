/**
 * Skip lists: which tests are in the report as SKIP instead of running, and why. A line is `GLOB  # reason`;
 * empty lines and those that begin with `#` say nothing.
 */
import { globPattern } from './glob.ts';
import { readSuiteText } from './suite-text.ts';

export interface SkipList {
  /** As people know it. */
  readonly file: string;
  readonly entries: readonly SkipEntry[];
}

interface SkipEntry {
  readonly line: number;
  readonly pattern: RegExp;
  readonly reason: string;
}

/** Throws `USAGE`; `shown` is the path as the person gave it. */
export async function readSkipList(absolute: string, shown: string): Promise<SkipList> {
  return parseSkipList(await readSuiteText(absolute, shown, 'skip list'), shown);
}

export function parseSkipList(text: string, file: string): SkipList {
  const entries = text.split('\n').flatMap((typed, index): SkipEntry[] => {
    const line = typed.trim();
    if (line === '' || line.startsWith('#')) return [];
    const comment = line.search(/\s#/);
    const glob = comment < 0 ? line : line.slice(0, comment).trimEnd();
    const reason = comment < 0 ? '' : line.slice(comment + 2).trim();
    const why = reason === '' ? `listed in ${file}:${index + 1}` : reason.slice(0, 4096);
    return [{ line: index + 1, pattern: globPattern(glob), reason: why }];
  });
  return { file, entries };
}

/** The first line that names the test. */
export function skipEntry({ entries }: SkipList, name: string): SkipEntry | undefined {
  return entries.find(({ pattern }) => pattern.test(name));
}

/** A slip of the hand in a list would go unnoticed otherwise: the test would just run. */
export function idleLines({ file, entries }: SkipList, names: readonly string[]): string[] {
  const idle = entries.filter(({ pattern }) => !names.some((name) => pattern.test(name)));
  if (idle.length === 0) return [];
  const lines = idle.slice(0, 10).map(({ line }) => line);
  const more = idle.length > lines.length ? ` and ${idle.length - lines.length} more` : '';
  return [`${file}: no test has a name as in line ${lines.join(', ')}${more}`];
}
