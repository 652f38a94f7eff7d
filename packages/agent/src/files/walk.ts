/**
 * What is in a directory: regular files, directories and links that stay inside; everything else is listed as skipped, with
 * the reason. Parents come before what they hold.
 */
import { isUtf8 } from 'node:buffer';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { linkStaysBelow } from '@tutti/protocol';

export interface Walked {
  dirs: { path: string; mode: number }[];
  files: { path: string; size: number; mode: number }[];
  links: { path: string; target: string }[];
  skipped: { path: string; why: string }[];
}

export interface WalkOptions {
  /** What the directory is called in reasons. */
  readonly name: string;
  /** Told before each entry is looked at; what it throws ends the walk. */
  readonly onEntry?: (path: string) => void;
}

/** Rejects when the directory itself cannot be read. */
export async function walk(root: string, options: WalkOptions): Promise<Walked> {
  const found: Walked = { dirs: [], files: [], links: [], skipped: [] };
  await walkBelow(root, '', options, found);
  return found;
}

async function walkBelow(root: string, below: string, options: WalkOptions, found: Walked): Promise<void> {
  // Names that are not UTF-8 would come back changed; as bytes they can at least be told apart.
  const names = await readdir(join(root, below), { encoding: 'buffer' });
  for (const bytes of names) {
    const name = bytes.toString('utf8');
    const path = below === '' ? name : `${below}/${name}`;
    options.onEntry?.(path);
    if (!isUtf8(bytes)) found.skipped.push({ path, why: 'its name is not UTF-8' });
    else if (await look(root, path, options, found)) await enter(root, path, options, found);
  }
}

/** True for a directory. */
async function look(root: string, path: string, { name }: WalkOptions, found: Walked): Promise<boolean> {
  const at = join(root, path);
  try {
    const stats = await lstat(at);
    const mode = stats.mode & 0o777;
    if (stats.isDirectory()) {
      found.dirs.push({ path, mode });
      return true;
    }
    if (stats.isFile()) found.files.push({ path, size: stats.size, mode });
    else if (stats.isSymbolicLink())
      lookAtLink(path, await readlink(at, { encoding: 'buffer' }), name, found);
    else found.skipped.push({ path, why: 'neither a file nor a directory nor a link' });
  } catch (error) {
    found.skipped.push({ path, why: (error as Error).message });
  }
  return false;
}

async function enter(root: string, path: string, options: WalkOptions, found: Walked): Promise<void> {
  try {
    await walkBelow(root, path, options, found);
  } catch (error) {
    // Without an errno it is no failure of this directory, but an end of the walk.
    if (!(error instanceof Error && 'errno' in error)) throw error;
    found.skipped.push({ path, why: error.message });
  }
}

function lookAtLink(path: string, bytes: Buffer, name: string, { links, skipped }: Walked): void {
  const target = bytes.toString('utf8');
  if (!isUtf8(bytes)) skipped.push({ path, why: 'a link whose target is not UTF-8' });
  else if (linkStaysBelow(path, target)) links.push({ path, target });
  else skipped.push({ path, why: `a link that leads out of ${name}, to ${target}` });
}
