/**
 * What a member left in `$TUTTI_OUT`: regular files and links that stay inside; everything else is listed as skipped.
 * Looked at once, after the member has ended and nothing writes there any more.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { linkStaysBelow } from '@tutti/protocol';

export interface Artifacts {
  files: { path: string; size: number; mode: number }[];
  links: { path: string; target: string }[];
  skipped: { path: string; why: string }[];
}

/** `TreePath` allows no more. */
const LONGEST_PATH = 4096;

export async function findArtifacts(out: string): Promise<Artifacts> {
  const found: Artifacts = { files: [], links: [], skipped: [] };
  await walk(out, '', found);
  return found;
}

export async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const bytes of createReadStream(path)) hash.update(bytes as Buffer);
  return hash.digest('hex');
}

async function walk(root: string, below: string, found: Artifacts): Promise<void> {
  // Names that are not UTF-8 would come back changed; as bytes they can at least be told apart.
  const names = await readdir(join(root, below), { encoding: 'buffer' });
  for (const bytes of names) {
    const name = bytes.toString('utf8');
    const path = below === '' ? name : `${below}/${name}`;
    if (!Buffer.from(name).equals(bytes)) found.skipped.push({ path, why: 'its name is not UTF-8' });
    else if (path.length > LONGEST_PATH)
      found.skipped.push({ path: path.slice(0, 200), why: 'its path is too long' });
    else await look(root, path, found);
  }
}

async function look(root: string, path: string, found: Artifacts): Promise<void> {
  const at = join(root, path);
  try {
    const stats = await lstat(at);
    if (stats.isDirectory()) await walk(root, path, found);
    else if (stats.isFile()) found.files.push({ path, size: stats.size, mode: stats.mode & 0o777 });
    else if (stats.isSymbolicLink()) {
      const target = await readlink(at);
      if (linkStaysBelow(path, target)) found.links.push({ path, target });
      else found.skipped.push({ path, why: `a link that leads out of $TUTTI_OUT, to ${target}` });
    } else found.skipped.push({ path, why: 'neither a file nor a directory nor a link' });
  } catch (error) {
    found.skipped.push({ path, why: (error as Error).message });
  }
}
