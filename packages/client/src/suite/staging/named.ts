/**
 * Files and folders that were named one by one, `--role a=./x.sh` and `--file PATH`, with the directories
 * above them and, for links, what they point to. A named path is staged whatever ignore rules say; what lies in
 * a named folder is subject to that folder's own.
 */
import { lstat } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { TuttiError } from '@tutti/protocol';
import type { Found } from './found.ts';
import { look } from './look.ts';
import { refuseTooMany } from './size-bound.ts';
import { type Tree, walk } from './walk.ts';

/** Paths are relative to `root`, normalised, and exist; '' is the root itself. */
export async function namedFiles(root: string, paths: readonly string[]): Promise<Tree> {
  const entries = new Map<string, Found>();
  const warnings: string[] = [];
  const queue = [...paths];
  const seen = new Set<string>();
  for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
    if (seen.has(path)) continue;
    seen.add(path);
    for (const parent of parentsOf(path)) {
      const entry = await look(root, parent);
      if (entry.kind !== 'dir') throw throughLink(path, parent);
      entries.set(parent, entry);
    }
    const entry = path === '' ? undefined : await look(root, path);
    if (entry?.kind === 'other') {
      warnings.push(`${path} is left out: it is ${entry.what}`);
      continue;
    }
    if (entry) entries.set(path, entry);
    if (entry?.kind === 'link') queue.push(...(await targetOf(root, path, entry.target)));
    if (entry && entry.kind !== 'dir') continue;
    const inside = await walk(root, path);
    warnings.push(...inside.warnings);
    for (const found of inside.found) entries.set(found.path, found);
  }
  const found = [...entries.values()];
  refuseTooMany(found, []);
  return { found, warnings: [...new Set(warnings)] };
}

function parentsOf(path: string): string[] {
  const parents: string[] = [];
  for (let cut = path.indexOf('/'); cut > 0; cut = path.indexOf('/', cut + 1)) {
    parents.push(path.slice(0, cut));
  }
  return parents;
}

/** A link to nothing is staged as it is. */
async function targetOf(root: string, path: string, target: string): Promise<string[]> {
  const there = posix.join(posix.dirname(path), target).replace(/^\.$|\/$/, '');
  return (await lstat(join(root, there)).catch(() => undefined)) ? [there] : [];
}

function throughLink(path: string, link: string): TuttiError {
  return new TuttiError('PATH_ESCAPES', `${path} leads through the link ${link}: name it by its real path`);
}
