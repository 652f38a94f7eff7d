/**
 * A folder as a list of what is in it: files, directories and in-tree links, less what its ignore rules name.
 *
 * Guarantees paths that are valid in a manifest, and an end: a walk that finds more than may be staged stops
 * there. Sockets, FIFOs, devices and names that are not UTF-8 are left out with a warning.
 */
import { isUtf8 } from 'node:buffer';
import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Found } from './found.ts';
import { ignoreRules } from './ignore-rules.ts';
import { look } from './look.ts';
import { refuseTooMany } from './size-bound.ts';
import { cannotRead } from './unreadable.ts';

export interface Tree {
  readonly found: Found[];
  readonly warnings: string[];
}

/** `top` is relative to `root`, '' for the root itself; it is not itself part of the result. `all`: whatever ignore rules say. */
export async function walk(root: string, top: string, { all = false } = {}): Promise<Tree> {
  const ignored = all ? () => false : await ignoreRules(join(root, top));
  const tree: Tree = { found: [], warnings: [] };
  const open = [top];
  for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
    const paths: string[] = [];
    for (const entry of await entriesOf(root, folder)) {
      const path = below(folder, entry.name.toString());
      if (ignored(top === '' ? path : path.slice(top.length + 1), entry.isDirectory())) continue;
      if (isUtf8(entry.name)) paths.push(path);
      else tree.warnings.push(`${path} is left out: its name is not UTF-8`);
    }
    refuseTooMany(tree.found, paths);
    for (const entry of await Promise.all(paths.map((path) => look(root, path)))) {
      if (entry.kind === 'other') tree.warnings.push(`${entry.path} is left out: it is ${entry.what}`);
      else tree.found.push(entry);
      if (entry.kind === 'dir') open.push(entry.path);
    }
  }
  return tree;
}

function below(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`;
}

async function entriesOf(root: string, folder: string): Promise<Dirent<Buffer>[]> {
  try {
    return await readdir(join(root, folder), { encoding: 'buffer', withFileTypes: true });
  } catch (cause) {
    throw cannotRead(folder || root, cause);
  }
}
