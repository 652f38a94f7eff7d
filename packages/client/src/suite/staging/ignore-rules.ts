/**
 * What of a folder is not staged: `.git`, `node_modules`, `tutti-results` anywhere in it, and what its
 * `.tuttiignore` names, with the rules of `.gitignore` (a later `!node_modules` takes a name back in).
 * Only the file at the top of the folder counts.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import ignore from 'ignore';
import { cannotRead } from './unreadable.ts';

const NEVER_NEEDED = ['.git', 'node_modules', 'tutti-results'];
const FILE = '.tuttiignore';

/** `path` is relative to the folder. */
export type Ignored = (path: string, isDirectory: boolean) => boolean;

export async function ignoreRules(folder: string): Promise<Ignored> {
  const rules = ignore({ ignorecase: false })
    .add(NEVER_NEEDED)
    .add(await readRules(folder));
  return (path, isDirectory) => rules.ignores(isDirectory ? `${path}/` : path);
}

async function readRules(folder: string): Promise<string> {
  try {
    return await readFile(join(folder, FILE), 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw cannotRead(FILE, cause);
  }
}
